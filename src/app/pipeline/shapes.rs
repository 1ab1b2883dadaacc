//! Lines that are like one another.
//!
//! In a storm of errors a service writes the same line again and again: only its time, the request id and the number of a
//! thread or a job are others. What was found in such a line holds for all lines of its *shape*, so it is remembered with
//! the shape, and the recognisers are not asked again.
//!
//! A shape is a line with the places in which others may differ: digits of the time at its beginning, the request id,
//! numbers, and hexadecimal names in small letters. A number of three digits is no such place, since it may be a status,
//! and nothing is that is part of a word, which may be a code. For which recognisers this is enough they say themselves:
//! [`by_shape`](crate::recognise::Recogniser::by_shape). `tests/properties/shapes.rs` reads logs with and without it.

mod places;

use places::{Place, places};
use std::ops::Range;

/// Longer lines have no shape, in bytes.
const LONGEST: usize = 512;

/// The shapes are kept in so many sets, by where in the line the first anchor stands.
const SETS: usize = 32;

/// So many shapes are in a set; it is the bound of the memory: a shape takes some two bytes for each of the line.
const WAYS: usize = 32;

/// To make a shape of a line takes so many lines before it: it costs half as much as to read one, and may be of no use.
const PRICE: u32 = 16;

/// So many shapes can be made at once, before any of them has been of use.
const CREDIT: u32 = 64 * PRICE;

/// Bytes that are compared at once.
const BLOCK: usize = 16;

/// What some bytes of a line may be: `low`, or one of the `span` bytes behind that.
#[derive(Debug, Clone, Copy)]
struct Block {
    low: [u8; BLOCK],
    span: [u8; BLOCK],
}

impl Block {
    /// Behind the places may be anything.
    fn new(places: &[Place]) -> Self {
        let mut block = Self { low: [0; BLOCK], span: [u8::MAX; BLOCK] };
        for (at, place) in places.iter().enumerate() {
            let (first, last, _) = place.range();
            (block.low[at], block.span[at]) = (first, last - first);
        }
        block
    }

    /// Adds how far each byte is from what it may be: without a branch, so that compilers do it for all of them at once.
    fn compare(&self, bytes: &[u8; BLOCK], strange: &mut [u8; BLOCK]) {
        for at in 0..BLOCK {
            strange[at] |= bytes[at].wrapping_sub(self.low[at]).saturating_sub(self.span[at]);
        }
    }
}

/// What some bytes of a line may not be, of those between the digits and the letters: so many from the first on.
#[derive(Debug, Clone, Copy)]
struct Gap {
    /// The number of the block.
    block: usize,
    width: [u8; BLOCK],
}

impl Gap {
    /// Nothing if the block has no letters that may be digits.
    fn new(block: usize, places: &[Place]) -> Option<Self> {
        let mut gap = Self { block, width: [0; BLOCK] };
        for (width, place) in gap.width.iter_mut().zip(places) {
            *width = place.range().2;
        }
        gap.width.iter().any(|width| *width > 0).then_some(gap)
    }

    /// Adds how far each byte is inside.
    fn compare(&self, bytes: &[u8; BLOCK], strange: &mut [u8; BLOCK]) {
        for at in 0..BLOCK {
            strange[at] |= self.width[at].saturating_sub(bytes[at].wrapping_sub(b'9' + 1));
        }
    }
}

/// What was found in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told<T> {
    /// Where in it the request id stands.
    pub id: Option<Range<usize>>,
    /// The rest.
    pub what: T,
}

/// Bytes that are compared before all others.
const WORD: usize = size_of::<u64>();

/// Some bytes of a line that tell it from most others.
#[derive(Debug, Clone, Copy)]
struct Sign {
    /// Where the first anchor of the line stands.
    hit: usize,
    /// Where these bytes stand.
    at: usize,
    /// Those of their bits that do not differ.
    mask: u64,
    /// These bits.
    bits: u64,
}

impl Sign {
    fn new(places: &[Place], hit: usize, at: usize) -> Self {
        let at = at.min(places.len().saturating_sub(WORD));
        let (mut mask, mut bits) = ([0; WORD], [0; WORD]);
        for (place, (mask, bits)) in places[at..].iter().zip(mask.iter_mut().zip(&mut bits)) {
            if let Place::Only(byte) = place {
                (*mask, *bits) = (u8::MAX, *byte);
            }
        }
        Self { hit, at, mask: u64::from_le_bytes(mask), bits: u64::from_le_bytes(bits) }
    }

    fn fits(&self, text: &[u8], hit: usize) -> bool {
        let word = text.get(self.at..).and_then(<[u8]>::first_chunk).map(|bytes| u64::from_le_bytes(*bytes));
        word.is_some_and(|word| (word & self.mask == self.bits) & (self.hit == hit))
    }
}

#[derive(Debug)]
struct Shape<T> {
    /// With its line feed.
    length: usize,
    blocks: Vec<Block>,
    gaps: Vec<Gap>,
    told: Told<T>,
    /// Since it was last asked whether it can go.
    used: bool,
}

impl<T> Shape<T> {
    fn fits(&self, text: &[u8]) -> bool {
        let Some(bytes) = text.as_chunks().0.get(..self.blocks.len()) else { return false };
        let mut strange = [0; BLOCK];
        self.blocks.iter().zip(bytes).for_each(|(block, bytes)| block.compare(bytes, &mut strange));
        self.gaps.iter().for_each(|gap| gap.compare(&bytes[gap.block], &mut strange));
        strange == [0; BLOCK]
    }
}

/// Shapes that are looked for together, each with its sign.
#[derive(Debug)]
struct Set<T> {
    signs: Vec<Sign>,
    shapes: Vec<Shape<T>>,
    /// Which one is asked next whether it can go.
    next: usize,
}

impl<T> Default for Set<T> {
    fn default() -> Self {
        Self { signs: Vec::new(), shapes: Vec::new(), next: 0 }
    }
}

impl<T> Set<T> {
    fn find(&mut self, text: &[u8], hit: usize) -> Option<&Shape<T>> {
        let shapes = &mut self.shapes;
        let place = (0..).zip(&self.signs).find(|(at, sign)| sign.fits(text, hit) && shapes[*at].fits(text))?.0;
        shapes[place].used = true;
        Some(&shapes[place])
    }

    /// Takes in a shape, in the place of one that was of no use lately if there is no room.
    fn put(&mut self, sign: Sign, shape: Shape<T>) {
        if self.shapes.len() < WAYS {
            self.signs.push(sign);
            self.shapes.push(shape);
            return;
        }
        while std::mem::take(&mut self.shapes[self.next].used) {
            self.next = (self.next + 1) % WAYS;
        }
        (self.signs[self.next], self.shapes[self.next]) = (sign, shape);
        self.next = (self.next + 1) % WAYS;
    }
}

/// Where in a line some bytes stand that lines of a shape often have in common, and others do not: behind its time, its
/// level, and who wrote it.
const HINT: usize = 56;

/// So many guesses can be remembered: many more than there are, or two that share a place take it from each other.
const GUESSES: usize = 1024;

/// Where the first anchor stood in the last line that was known and had these bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Guess {
    bytes: u64,
    hit: usize,
}

/// The shapes that are known, of which there is a bounded number, with what was found in their lines.
#[derive(Debug)]
pub struct Shapes<T> {
    sets: [Set<T>; SETS],
    guesses: [Guess; GUESSES],
    credit: u32,
}

impl<T> Default for Shapes<T> {
    fn default() -> Self {
        let sets = std::array::from_fn(|_| Set::default());
        Self { sets, guesses: [Guess::default(); GUESSES], credit: CREDIT }
    }
}

/// The bytes of a line that a guess is made by, and which one it is.
fn hint(text: &[u8]) -> Option<(u64, usize)> {
    let bytes = u64::from_le_bytes(*text.get(HINT..)?.first_chunk()?);
    let mixed = bytes.wrapping_mul(0x9E37_79B9_7F4A_7C15); // an odd number without a pattern: the golden ratio
    let [first, second, ..] = mixed.to_be_bytes();
    Some((bytes, usize::from(u16::from_be_bytes([first, second])) % GUESSES))
}

impl<T> Shapes<T> {
    /// The length of the line that `text` begins with, with its line feed, and what is known of it. `hit` is where the
    /// first anchor was found. `text` goes on behind the line.
    pub fn find(&mut self, text: &[u8], hit: usize) -> Option<(usize, &Told<T>)> {
        let shape = self.sets[hit % SETS].find(text, hit)?;
        self.credit = (self.credit + 1).min(CREDIT);
        Some((shape.length, &shape.told))
    }

    /// The line that `text` begins with was [found](Self::find): [guesses](Self::guess) may be made by it.
    pub fn hint(&mut self, text: &[u8], hit: usize) {
        if let Some((bytes, place)) = hint(text) {
            self.guesses[place] = Guess { bytes, hit };
        }
    }

    /// Where the first anchor stands in the line that `text` begins with, if it is like one that was known. To look there
    /// is quicker than to search for it. That is no more than a guess, but a line of which a shape is
    /// [found](Self::find) has its first anchor where others of the shape have theirs: it is in what they have in common.
    pub fn guess(&self, text: &[u8]) -> Option<usize> {
        let (bytes, place) = hint(text)?;
        let guess = self.guesses[place];
        (guess.bytes == bytes && guess.hit > 0).then_some(guess.hit)
    }

    /// Remembers what was found in a line, which ends with its line feed, unless that is of no use. `hit` is where the
    /// first anchor stands, `telling` where something does that tells the line from others.
    pub fn learn(&mut self, line: &[u8], hit: usize, telling: usize, told: Told<T>) {
        self.credit = (self.credit + 1).min(CREDIT);
        if self.credit < PRICE || line.len() > LONGEST {
            return;
        }
        let set = &mut self.sets[hit % SETS];
        if set.find(&[line, &[0; BLOCK]].concat(), hit).is_some() {
            return; // it is known, and was looked at since no date stood behind it
        }
        self.credit -= PRICE;
        let Some(places) = places(line, told.id.clone()) else { return };
        let blocks = || places.chunks(BLOCK);
        let shape = Shape {
            length: line.len(),
            blocks: blocks().map(Block::new).collect(),
            gaps: (0..).zip(blocks()).filter_map(|(number, places)| Gap::new(number, places)).collect(),
            told,
            used: false,
        };
        set.put(Sign::new(&places, hit, telling), shape);
    }

    /// Forgets all shapes: what was found in them is not so any more.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const GO: &str = "2026-11-22T12:47:06.206 ERROR [worker-3] upload of part 12345 failed: obs: service returned error: \
                      Status=503 Service Unavailable, Code=SlowDown, Message=x, RequestId=0000018F9C2E7B5A91D3F0E6A7B8C9D0\n";

    fn id(line: &str) -> Option<Range<usize>> {
        let at = line.find("RequestId=").map(|at| at + 10)?;
        Some(at..at + line[at..].find(|next: char| !next.is_ascii_alphanumeric()).unwrap_or(line.len() - at))
    }

    fn hit(line: &str) -> usize {
        line.find("error: Status=").unwrap_or(0)
    }

    fn learn(shapes: &mut Shapes<u8>, line: &str, what: u8) {
        shapes.learn(line.as_bytes(), hit(line), hit(line), Told { id: id(line), what });
    }

    /// What is known of a line, and the id in it.
    fn find(shapes: &mut Shapes<u8>, line: &str) -> Option<(u8, String)> {
        let text = format!("{line}2026-11-22 12:47:07 the next line of the log\n");
        let (length, told) = shapes.find(text.as_bytes(), hit(line))?;
        assert_eq!(length, line.len());
        Some((told.what, told.id.clone().map(|id| line[id].to_owned()).unwrap_or_default()))
    }

    #[test]
    fn lines_that_differ_in_times_numbers_and_ids_are_alike() {
        let mut shapes = Shapes::default();
        assert_eq!(find(&mut shapes, GO), None);
        learn(&mut shapes, GO, 7);
        let other = GO
            .replace("2026-11-22T12:47:06.206", "2031-02-09T23:00:59.999")
            .replace("worker-3", "worker-0")
            .replace("12345", "90807")
            .replace("0000018F9C2E7B5A91D3F0E6A7B8C9D0", "FFFFFFFF9C2E7B5A91D3F0E6A7B8C901");
        assert_eq!(find(&mut shapes, &other), Some((7, "FFFFFFFF9C2E7B5A91D3F0E6A7B8C901".to_owned())));
    }

    #[test]
    fn where_an_anchor_stands_is_guessed_from_lines_before() {
        let mut shapes = Shapes::default();
        learn(&mut shapes, GO, 7);
        assert_eq!(shapes.guess(GO.as_bytes()), None, "no line was found yet");
        assert!(find(&mut shapes, GO).is_some());
        shapes.hint(GO.as_bytes(), hit(GO));
        let other = GO.replace("12:47:06.206", "23:59:59.999").replace("C9D0", "0000");
        assert_eq!(shapes.guess(other.as_bytes()), Some(hit(GO)));
        assert_eq!(shapes.guess(&other.as_bytes()[1..]), None);
        assert_eq!(shapes.guess(&other.as_bytes()[..HINT]), None);
        shapes.clear();
        assert_eq!(shapes.guess(GO.as_bytes()), None);
    }

    #[test]
    fn what_may_mean_something_else_is_not() {
        let mut shapes = Shapes::default();
        learn(&mut shapes, GO, 7);
        for (from, to) in [
            ("Status=503", "Status=500"),
            ("SlowDown", "SlowTown"),
            ("worker-3", "worker-33"),
            ("worker-3", "worker-x"),
            ("12345", "1234a"),
            ("C9D0\n", "C9d0\n"),
            ("C9D0\n", "C9G0\n"),
            ("C9D0\n", "C9:0\n"),
            ("C9D0\n", "C9@0\n"),
            ("C9D0\n", "C9D01\n"),
            ("C9D0\n", "C9\n\n"),
            ("06.206", "06,206"),
            ("2026-", "20x6-"),
        ] {
            let other = GO.replace(from, to);
            assert_ne!(other, GO, "{from}");
            let text = format!("{other}2026-11-22 12:47:07 the next line of the log\n");
            assert_eq!(shapes.find(text.as_bytes(), hit(&other)), None, "{to}");
        }
        assert_eq!(shapes.find(GO.as_bytes(), hit(GO)), None, "nothing stands behind it");
    }

    #[test]
    fn names_in_hexadecimal_digits_may_differ() {
        let line =
            "2026-11-22 12:47:06 WARN job b51970ad741828d5 of 0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0: error: Status=\n";
        let mut shapes = Shapes::default();
        learn(&mut shapes, line, 1);
        let other = line.replace("b51970ad741828d5", "0000deadbeefcafe").replace("4f50", "beef");
        assert_eq!(find(&mut shapes, &other).map(|found| found.0), Some(1));
        assert_eq!(find(&mut shapes, &line.replace("b51970", "B51970")), None);
        assert_eq!(find(&mut shapes, &line.replace("b51970", "b5197:")), None);
        assert_eq!(find(&mut shapes, &line.replace("b51970", "b5197g")), None);
    }

    #[test]
    fn some_lines_have_no_shape() {
        let mut shapes = Shapes::default();
        for line in [
            GO.replace("2026-11-22T", "22 Nov "),
            GO.replace("Message=x", "Message=\\u0041"),
            GO.replace("Message=x", "Message={\"a\":1}"),
            GO.replace("0000018F9C2E7B5A91D3F0E6A7B8C9D0", "TX000001"), // no id of OBS
            GO.replace("Message=x", &"x".repeat(LONGEST)),
            GO.replace("06.206 ", "061 "),
        ] {
            learn(&mut shapes, &line, 1);
            assert!(shapes.sets.iter().all(|set| set.shapes.is_empty()), "{line}");
        }
    }

    #[test]
    fn shapes_are_bounded_and_those_in_use_stay() {
        let mut shapes = Shapes::default();
        learn(&mut shapes, GO, 7);
        for number in 0..100_000 {
            let line = GO.replace("upload", &format!("upload_{number}").replace(['1', '2'], "x"));
            learn(&mut shapes, &line, 1);
            assert!(find(&mut shapes, GO).is_some(), "{number}");
        }
        let kept: Vec<_> = shapes.sets.iter().map(|set| set.shapes.len()).collect();
        assert!(kept.iter().all(|kept| *kept <= WAYS) && kept.contains(&WAYS), "{kept:?}");
        shapes.clear();
        assert_eq!(find(&mut shapes, GO), None);
    }

    #[test]
    fn what_is_of_no_use_is_not_made_for_each_line() {
        let mut shapes = Shapes::default();
        let line = |number: usize| GO.replace("upload", &format!("{}_{number}", "u".repeat(number % 64)));
        for number in 0..5000 {
            learn(&mut shapes, &line(number), 1);
        }
        assert!(shapes.credit < PRICE, "{}", shapes.credit);
        learn(&mut shapes, &line(0).replace("SlowDown", "NoSuchKey"), 1);
        let known = (0..5000).filter(|number| find(&mut shapes, &line(*number)).is_some()).count();
        assert!(known > 0);
    }
}
