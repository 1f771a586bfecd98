//! The kind of a device, from the user agent and the Client Hints of the request.
//!
//! The patterns of the User Agent String Parser project name browsers and systems, and do not say on what they run. The words below
//! are those that browsers use for it (MDN, "Browser detection using the user agent").

use http::HeaderMap;

use super::metadata::printable;
use crate::session::DeviceKind;

/// `Sec-CH-UA-Mobile` is `?1` where a page for phones is preferred (User-Agent Client Hints, section 3.4).
const MOBILE: &str = "sec-ch-ua-mobile";

/// The kind of the client's device; `None` where nothing says so.
pub(super) fn of(headers: &HeaderMap, user_agent: Option<&str>) -> Option<DeviceKind> {
    let is_mobile = match headers.get(MOBILE).map(|value| printable(value.as_bytes())).as_deref() {
        Some("?1") => Some(true),
        Some("?0") => Some(false),
        _ => None,
    };
    match (user_agent.and_then(described), is_mobile) {
        // The hint knows phones, and is `?0` on tablets and desktops alike.
        (None | Some(DeviceKind::Desktop), Some(true)) => Some(DeviceKind::Phone),
        (Some(DeviceKind::Phone), Some(false)) => Some(DeviceKind::Tablet),
        (kind, _) => kind,
    }
}

fn described(user_agent: &str) -> Option<DeviceKind> {
    let says = |words: &[&str]| words.iter().any(|word| user_agent.contains(word));
    let is_browser = user_agent.starts_with("Mozilla/") || user_agent.starts_with("Opera/");
    if says(&["bot/", "Bot/", "spider", "Spider", "crawler", "Crawler", "HeadlessChrome"]) {
        return Some(DeviceKind::Program);
    }
    // Windows Phone names Android and the iPhone as well, and old Internet Explorers name the tablet edition of Windows.
    if says(&["Windows Phone", "iPhone", "iPod"]) {
        return Some(DeviceKind::Phone);
    }
    if says(&["iPad"]) {
        return Some(DeviceKind::Tablet);
    }
    if !is_browser {
        return is_product(user_agent).then_some(DeviceKind::Program);
    }
    if says(&["Windows NT"]) {
        return Some(DeviceKind::Desktop);
    }
    if says(&["TV", "BRAVIA", "AFT", "PlayStation", "Xbox", "Nintendo", "VR"]) {
        return None;
    }
    if says(&["Tablet", "PlayBook", "Kindle", "Silk/"]) {
        return Some(DeviceKind::Tablet);
    }
    if says(&["Mobile", "Opera Mini", "Opera Mobi"]) {
        return Some(DeviceKind::Phone);
    }
    if says(&["Android"]) {
        return Some(DeviceKind::Tablet);
    }
    says(&["Macintosh", "X11;", "CrOS", "Linux x86_64"]).then_some(DeviceKind::Desktop)
}

/// Whether the text begins with a product and its version, as RFC 9110 section 10.1.5 asks of every client: `curl/8.5.0`.
fn is_product(user_agent: &str) -> bool {
    let Some((name, version)) = user_agent.split_once('/') else { return false };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+');
    !name.is_empty()
        && name.bytes().all(is_name)
        && version.bytes().next().is_some_and(|byte| byte.is_ascii_digit() || byte == b'v')
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use DeviceKind::{Desktop, Phone, Program, Tablet};

    fn kind(user_agent: &str, hint: Option<&'static str>) -> Option<DeviceKind> {
        let mut headers = HeaderMap::new();
        if let Some(hint) = hint {
            headers.insert(MOBILE, HeaderValue::from_static(hint));
        }
        of(&headers, Some(user_agent).filter(|text| !text.is_empty()))
    }

    #[test]
    fn devices_are_told_apart_by_what_their_clients_say() {
        for (expected, user_agent) in [
            (Some(Desktop), "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
            (
                Some(Desktop),
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            ),
            (
                Some(Desktop),
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
            ),
            (
                Some(Desktop),
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            ),
            (Some(Desktop), "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; Tablet PC 2.0)"),
            (
                Some(Phone),
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
            ),
            (
                Some(Phone),
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
            ),
            (Some(Phone), "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0"),
            (
                Some(Phone),
                "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 Mobile Safari/537.36",
            ),
            (
                Some(Phone),
                "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 Chrome/52.0 Mobile Safari/537.36 Edge/15",
            ),
            (Some(Phone), "Opera/9.80 (J2ME/MIDP; Opera Mini/9; U; en) Presto/2.5.25 Version/10.54"),
            (Some(Phone), "MyShop/1.4 (iPhone; iOS 18.6; Scale/3.00)"),
            (
                Some(Tablet),
                "Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 Mobile/15E148 Safari/604.1",
            ),
            (Some(Tablet), "Mozilla/5.0 (Android 15; Tablet; rv:145.0) Gecko/145.0 Firefox/145.0"),
            (
                Some(Tablet),
                "Mozilla/5.0 (Linux; Android 14; SM-X200) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            ),
            (Some(Program), "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
            (
                Some(Program),
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36",
            ),
            (Some(Program), "curl/8.5.0"),
            (Some(Program), "python-requests/2.32.3"),
            (Some(Program), "okhttp/4.12.0"),
            (Some(Program), "Go-http-client/2.0"),
            (Some(Program), "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/UQ1A)"),
            (
                None,
                "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/538.1 (KHTML, like Gecko) Version/6.0 TV Safari/538.1",
            ),
            (None, "Mozilla/5.0 (PlayStation 5/SmartTV) AppleWebKit/605.1.15 (KHTML, like Gecko)"),
            (None, "Mozilla/5.0"),
            (None, "x"),
            (None, "<script>alert(1)</script>"),
            (None, "/1.0"),
            (None, "a b/1.0"),
            (None, ""),
        ] {
            assert_eq!(kind(user_agent, None), expected, "{user_agent}");
        }
    }

    #[test]
    fn the_client_hint_tells_phones_from_the_rest() {
        let frozen = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36";
        let desktop = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
        for (user_agent, hint, expected) in [
            (frozen, "?1", Some(Phone)),
            (frozen, "?0", Some(Tablet)),
            (desktop, "?0", Some(Desktop)),
            (desktop, "?1", Some(Phone)), // asks for the page of a desktop
            ("", "?1", Some(Phone)),
            ("", "?0", None),
            ("curl/8.5.0", "?1", Some(Program)),
            (desktop, "1", Some(Desktop)),
            ("", "?1, ?1", None),
        ] {
            assert_eq!(kind(user_agent, Some(hint)), expected, "{user_agent} {hint}");
        }
    }
}
