//! Near matches for a code that was typed wrong.

use super::Entry;

const MOST: usize = 5;
const ALIKE: f64 = 0.8; // Jaro-Winkler; below that the names have little in common

/// The entries whose names come near to `name`, the nearest first.
pub(super) fn near<'c>(entries: &'c [Entry], name: &str) -> Vec<&'c Entry> {
    let wanted = name.trim().to_lowercase();
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut ranked: Vec<_> = entries
        .iter()
        .filter_map(|entry| {
            let code = entry.code.to_lowercase();
            let part = wanted.len() >= 4 && code.contains(&wanted);
            let likeness = strsim::jaro_winkler(&code, &wanted) + if part { 1.0 } else { 0.0 };
            (likeness >= ALIKE).then_some((likeness, entry))
        })
        .collect();
    ranked.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    ranked.into_iter().take(MOST).map(|(_, entry)| entry).collect()
}
