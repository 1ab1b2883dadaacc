//! A set of request ids that forgets the oldest.

use foldhash::HashSet;

/// The set is kept in so many parts. A scan may get to know millions of ids: a part is small enough to be near to the
/// processor still when it has to grow, and only a little is copied and given back then.
const PARTS: usize = 1 << u8::BITS;

/// How much larger a part is when it has grown. A set that grows by itself copies everything twice as often.
const GROWTH: usize = 4;

/// Hashes of request ids, of which there may be very many. They are forgotten a generation at a time: each by itself
/// would have to be looked up once more, in much memory.
#[derive(Debug, Default)]
pub struct Ids {
    young: Parts,
    old: Parts,
}

impl Ids {
    /// Whether an id is in it.
    pub fn contains(&self, hash: u64) -> bool {
        self.young.contains(hash) || self.was(hash)
    }

    /// Adds an id; false if it was there.
    pub fn insert(&mut self, hash: u64) -> bool {
        !self.was(hash) && self.young.insert(hash)
    }

    /// Whether it was added before the last turn. If there was none, as most often, nothing is looked at.
    fn was(&self, hash: u64) -> bool {
        self.old.length > 0 && self.old.contains(hash)
    }

    /// How many ids were added since the last [`turn`](Self::turn).
    pub fn added(&self) -> usize {
        self.young.length
    }

    /// Forgets the ids that were added before the last turn, but for these.
    pub fn turn(&mut self, keep: impl Iterator<Item = u64>) {
        std::mem::swap(&mut self.young, &mut self.old);
        self.young.sets.iter_mut().for_each(HashSet::clear);
        self.young.length = 0;
        keep.for_each(|hash| _ = self.young.insert(hash));
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.young.length + self.old.length
    }
}

#[derive(Debug)]
struct Parts {
    sets: Box<[HashSet<u64>; PARTS]>,
    length: usize,
}

impl Default for Parts {
    fn default() -> Self {
        Self { sets: Box::new(std::array::from_fn(|_| HashSet::default())), length: 0 }
    }
}

impl Parts {
    fn contains(&self, hash: u64) -> bool {
        self.sets[part(hash)].contains(&hash)
    }

    fn insert(&mut self, hash: u64) -> bool {
        let set = &mut self.sets[part(hash)];
        if set.len() == set.capacity() {
            set.reserve((GROWTH - 1) * set.len());
        }
        let new = set.insert(hash);
        self.length += usize::from(new);
        new
    }
}

fn part(hash: u64) -> usize {
    usize::from(hash.to_be_bytes()[0])
}
