//! A set of request ids.

use foldhash::HashSet;

/// The set is kept in so many parts. A scan may get to know millions of ids: a part is small enough to be near to the
/// processor still when it has to grow, and only a little is copied and given back then.
const PARTS: usize = 1 << u8::BITS;

/// Hashes of request ids, of which there may be very many.
#[derive(Debug)]
pub struct Ids {
    parts: Box<[HashSet<u64>; PARTS]>,
}

impl Default for Ids {
    fn default() -> Self {
        Self { parts: Box::new(std::array::from_fn(|_| HashSet::default())) }
    }
}

impl Ids {
    fn part(hash: u64) -> usize {
        usize::from(hash.to_be_bytes()[0])
    }

    /// Whether an id is in it.
    pub fn contains(&self, hash: u64) -> bool {
        self.parts[Self::part(hash)].contains(&hash)
    }

    /// Adds an id; false if it was there.
    pub fn insert(&mut self, hash: u64) -> bool {
        self.parts[Self::part(hash)].insert(hash)
    }

    /// Takes an id out.
    pub fn remove(&mut self, hash: u64) {
        self.parts[Self::part(hash)].remove(&hash);
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.parts.iter().map(HashSet::len).sum()
    }
}
