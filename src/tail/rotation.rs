//! Which names are rotated files of which log. A name only nominates: what is accepted is decided by content.

/// How a file is packed, by the end of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// gzip: can be read on.
    Gzip,
    /// Something else, which is never read.
    Other,
}

const PACKED: [(&[u8], Packing); 9] = [
    (b".gz", Packing::Gzip),
    (b".zst", Packing::Other),
    (b".bz2", Packing::Other),
    (b".xz", Packing::Other),
    (b".lz4", Packing::Other),
    (b".lzma", Packing::Other),
    (b".zip", Packing::Other),
    (b".Z", Packing::Other),
    (b".tgz", Packing::Other),
];

/// The name without the end that says how it is packed, and how.
pub fn packing(name: &[u8]) -> (&[u8], Option<Packing>) {
    for (end, packing) in PACKED {
        if let Some(stem) = name.strip_suffix(end) {
            return (stem, Some(packing));
        }
    }
    (name, None)
}

/// The names of the logs that `name` could be a rotated file of: `app.log` for `app.log.1`, `app.log.2.gz`,
/// `app-1.log`, `app.log-20261122`, `app-2026-11-22T13-05-01.000.log`, `app.log.old`, … and nothing for `app.log.audit`.
pub fn bases(name: &[u8]) -> Vec<Vec<u8>> {
    let (stem, packed) = packing(name);
    let mut bases = Vec::new();
    if packed.is_some() && !stem.is_empty() {
        bases.push(stem.to_vec());
    }
    for end in [&b".old"[..], b".bak", b"~", b".prev"] {
        if let Some(base) = stem.strip_suffix(end).filter(|base| !base.is_empty()) {
            bases.push(base.to_vec());
        }
    }
    without_stamps(stem, b"", &mut bases);
    // The stamp may stand before the extension.
    if let Some(dot) = stem.iter().rposition(|&byte| byte == b'.').filter(|&dot| dot > 0) {
        let (stem, extension) = stem.split_at(dot);
        if !extension.get(1).is_some_and(u8::is_ascii_digit) {
            without_stamps(stem, extension, &mut bases);
        }
    }
    bases
}

/// Pushes `stem` without each number or date that it may end with, followed by `extension`.
fn without_stamps(stem: &[u8], extension: &[u8], bases: &mut Vec<Vec<u8>>) {
    // A stamp is no longer than a date with a time, a zone and a number.
    let from = stem.len().saturating_sub(48).max(1);
    for at in from..stem.len() {
        if matches!(stem[at], b'.' | b'-' | b'_') && is_stamp(&stem[at + 1..]) {
            bases.push([&stem[..at], extension].concat());
        }
    }
}

/// Whether this is what rotation schemes append: a number, a date with or without a time, seconds since 1970.
fn is_stamp(text: &[u8]) -> bool {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    if digits == text.len() {
        return matches!(digits, 1..=5 | 8 | 10 | 12..=14);
    }
    let year = (text.starts_with(b"19") || text.starts_with(b"20")) && text.iter().take(4).all(u8::is_ascii_digit);
    year && digits >= 6 && text.iter().all(|byte| byte.is_ascii_digit() || b"-_.:TZ+hms".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotated_names_point_to_their_log() {
        for (base, rotated) in [
            ("app.log", "app.log.1"),
            ("app.log", "app.log.12.gz"),
            ("app.log", "app.log.gz"),
            ("app.log", "app.log-20261122"),
            ("app.log", "app.log-20261122-1795352701"),
            ("app.log", "app.log-20261122-130501.gz"),
            ("app.log", "app-20261122.log"),
            ("0.log", "0.log.20261122-130501"),
            ("0.log", "0.log.20261122-130501.gz"),
            ("app.log", "app-2026-11-22T13-05-01.000.log"),
            ("app.log", "app-2026-11-22T13-05-01.000.log.gz"),
            ("OBS-SDK.log", "OBS-SDK-10.log"),
            ("obs-sdk-c.run.log", "obs-sdk-c.run.1.log"),
            ("app.log", "app.log.2026-11-22"),
            ("app.log", "app.2026-11-22.0.log"),
            ("app.log", "app_2026-11-22.log"),
            ("log.php", "log-2026-11-22.php"),
            ("app.log", "app.log.old"),
            ("app.log", "app.log.bak"),
            ("app.log", "app.log~"),
            ("app", "app.1"),
        ] {
            let found = bases(rotated.as_bytes());
            assert!(found.iter().any(|name| name == base.as_bytes()), "{rotated} is not nominated for {base}");
        }
    }

    #[test]
    fn live_logs_that_share_the_prefix_are_not_nominated() {
        for other in ["app.log.audit", "app.log.json", "app.logx", "app.log", "app-web.log", "1", ".1", "app.log."] {
            let found = bases(other.as_bytes());
            assert!(!found.iter().any(|name| name == b"app.log" || name.is_empty()), "{other} is nominated: {found:?}");
        }
    }
}
