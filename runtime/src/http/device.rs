//! Names of devices, found in the user agent with the patterns of the User Agent String Parser project.

use std::sync::LazyLock;

use ua_parser::{Regexes, os, user_agent};

const PATTERNS: &str = include_str!("../../data/user_agents.json");

/// In characters. Longer names are truncated.
const LONGEST: usize = 64;

struct Parsers {
    browsers: user_agent::Extractor<'static>,
    systems: os::Extractor<'static>,
}

// If the patterns did not compile, devices would have no names. A test proves that they compile.
static PARSERS: LazyLock<Option<Parsers>> = LazyLock::new(|| parsers(PATTERNS).ok());

/// A name such as "Firefox on Linux"; `None` if neither the client nor the system is known.
pub(super) fn label(user_agent: &str) -> Option<String> {
    let Parsers { browsers, systems } = PARSERS.as_ref()?;
    let browser = browsers.extract(user_agent).map(|found| found.family);
    let system = systems.extract(user_agent).map(|found| found.os);
    let label = match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(known), None) | (None, Some(known)) => known.into_owned(),
        (None, None) => return None,
    };
    Some(label.chars().take(LONGEST).collect())
}

fn parsers(patterns: &'static str) -> Result<Parsers, Box<dyn std::error::Error>> {
    let Regexes { user_agent_parsers, os_parsers, .. } = serde_json::from_str(patterns)?;
    Ok(Parsers {
        browsers: user_agent::Builder::new().push_all(user_agent_parsers)?.build()?,
        systems: os::Builder::new().push_all(os_parsers)?.build()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_by_browser_and_system() {
        assert!(PARSERS.is_some());
        for (user_agent, expected) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                "Chrome on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
                "Safari on Mac OS X",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
                "Mobile Safari on iOS",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
                "Chrome Mobile on Android",
            ),
            ("curl/8.5.0", "curl"),
        ] {
            assert_eq!(label(user_agent).as_deref(), Some(expected), "{user_agent}");
        }
        for unknown in ["", "x", "<script>alert(1)</script>"] {
            assert_eq!(label(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_name_is_short_whatever_the_client_says() {
        let endless = format!("Mozilla/5.0 (Linux; {}) {}/1.0 ", "x".repeat(200), "Firefox".repeat(50));
        assert!(label(&endless).is_none_or(|label| label.chars().count() <= LONGEST));
        let podcasts = format!("{}Podcasts/1.0", "é".repeat(200));
        assert!(label(&podcasts).is_none_or(|label| label.chars().count() <= LONGEST));
    }
}
