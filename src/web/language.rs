//! The language of the page by `Accept-Language` (RFC 9110, 12.5.4).

use crate::view::Lang;

/// The language that a client likes best of those that there are; English if it says nothing of use.
pub(super) fn wanted(accepted: &str) -> Lang {
    let mut best = (Lang::En, 0);
    for range in accepted.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default();
        let primary = tag.split('-').next().unwrap_or_default();
        let lang = match primary.to_ascii_lowercase().as_str() {
            "zh" => Lang::Zh,
            "en" | "*" => Lang::En,
            _ => continue,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let weight = weight.map_or(Some(1000), thousandths).unwrap_or(0);
        if weight > best.1 {
            best = (lang, weight);
        }
    }
    best.0
}

/// A weight from 0 to 1 with at most three decimals, in thousandths.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = decimals.len() <= 3 && decimals.bytes().all(|byte| byte.is_ascii_digit());
    let decimals: u16 = format!("{decimals:0<3}").parse().ok().filter(|_| digits)?;
    match whole {
        "0" => Some(decimals),
        "1" if decimals == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_liked_best() {
        for (accepted, lang) in [
            ("", Lang::En),
            ("zh", Lang::Zh),
            ("zh-CN,zh;q=0.9,en;q=0.8", Lang::Zh),
            ("en-US,en;q=0.9,zh-CN;q=0.8", Lang::En),
            ("ZH-hans-SG", Lang::Zh),
            ("en;q=0.2, zh ; q=0.3", Lang::Zh),
            ("en;q=0,zh;q=0.001", Lang::Zh),
            ("zh;q=0", Lang::En),
            ("de, fr;q=0.9", Lang::En),
            ("de, zh;q=0.1", Lang::Zh),
            ("*, zh;q=0.5", Lang::En),
            ("en, zh", Lang::En),
            ("zh;q=2, en;q=0.1", Lang::En),
            ("zh;q=, en;q=0.1", Lang::En),
            (";;;,,,q=1,zh;q=0.1234", Lang::En),
            ("zhx", Lang::En),
        ] {
            assert_eq!(wanted(accepted), lang, "{accepted}");
        }
    }
}
