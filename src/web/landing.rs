//! The landing page: where the metrics and the health of the process are, for people who open the port in a browser.

/// The style sheet of the page, a file of its own so that the Content-Security-Policy needs no exception for it.
pub(super) const STYLE: &str = include_str!("style.css");

/// Nothing but the page's own style sheet is loaded, nothing runs, nobody frames it.
pub(super) const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page, with a link to the metrics at `telemetry_path`.
pub(super) fn page(telemetry_path: &str) -> String {
    // Links are relative, so that they work behind a proxy that serves the exporter under a prefix.
    let metrics = format!("./{}", escape(telemetry_path.trim_start_matches('/')));
    include_str!("landing.html").replace("{version}", env!("CARGO_PKG_VERSION")).replace("{metrics}", &metrics)
}

/// Makes text safe in HTML, in an attribute too.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_links_to_the_metrics_wherever_they_are() {
        assert!(page("/metrics").contains(r#"href="./metrics""#));
        assert!(page("/a/b&\"c").contains(r#"href="./a/b&amp;&quot;c""#));
        assert!(page("/metrics").contains(concat!("version ", env!("CARGO_PKG_VERSION"))));
        assert!(!page("/metrics").contains('{'), "something was not filled in");
    }

    #[test]
    fn the_page_loads_and_runs_nothing_from_elsewhere() {
        let all = page("/metrics") + STYLE;
        for forbidden in ["<script", "http:", "https:", "//", "@import", "url(", " style=", " onclick="] {
            assert!(!all.contains(forbidden), "{forbidden}");
        }
    }
}
