//! The client's description of itself, for the list of a user's sessions. No decision depends on it.

use std::convert::Infallible;

use axum_core::extract::FromRequestParts;
use http::header::USER_AGENT;
use http::request::Parts;

use super::device_kind;
use crate::extract::address_of;
use crate::session::SessionMetadata;

/// Reads the client's address, its user agent, and a name and the kind of the device. Unknown values are left out.
///
/// The address needs the feature `connect-info` and a server that is started with
/// `into_make_service_with_connect_info::<SocketAddr>()`. Headers such as `X-Forwarded-For` are not read: any client can write
/// them, and only the application knows which proxies it trusts. Behind a proxy, set the address with
/// [`with_address`](SessionMetadata::with_address). The name of the device needs the feature `user-agent`. The client chooses its
/// user agent freely, so do not trust it: it is cut to printable ASCII of a limited length and otherwise kept as sent. The kind of
/// device is guessed from the user agent and from `Sec-CH-UA-Mobile`.
///
/// A sign-in makes a [fingerprint](SessionMetadata::fingerprint) of the user agent without its versions, the first language,
/// `Sec-CH-UA-Platform` and `Sec-CH-UA-Mobile`. These headers are not kept.
///
/// ```
/// use countersign::SessionMetadata;
///
/// async fn hello(client: SessionMetadata) -> String {
///     format!("hello {}", client.device_label().unwrap_or("whoever you are"))
/// }
/// ```
impl<S: Send + Sync> FromRequestParts<S> for SessionMetadata {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let mut metadata = Self::default();
        if let Some(address) = address_of(parts) {
            metadata = metadata.with_address(address);
        }
        metadata = metadata.with_hints(hints(parts));
        let user_agent = parts.headers.get(USER_AGENT).map(|value| printable(value.as_bytes()));
        let user_agent = user_agent.filter(|text| !text.is_empty());
        if let Some(kind) = device_kind::of(&parts.headers, user_agent.as_deref()) {
            metadata = metadata.with_device_kind(kind);
        }
        let Some(user_agent) = user_agent else { return Ok(metadata) };
        metadata = metadata.with_user_agent(user_agent);
        #[cfg(feature = "user-agent")]
        if let Some(label) = metadata.user_agent().and_then(super::device::label) {
            metadata = metadata.with_device_label(label);
        }
        Ok(metadata)
    }
}

/// What the client says about itself besides its user agent: its first language, its system and its kind.
///
/// Browsers send the same ones with every request of a page. Of the languages they may leave out all but the first.
fn hints(parts: &Parts) -> String {
    let first = |name: &str| {
        let value = parts.headers.get(name).map(|value| printable(value.as_bytes())).unwrap_or_default();
        value.split([',', ';']).next().unwrap_or_default().trim().to_ascii_lowercase()
    };
    ["accept-language", "sec-ch-ua-platform", "sec-ch-ua-mobile"].map(first).join("\n")
}

/// The printable ASCII characters, so that no control character reaches a terminal or a page. Product names are ASCII (RFC 9110
/// section 10.1.5).
pub(super) fn printable(text: &[u8]) -> String {
    text.iter().copied().filter(|byte| matches!(byte, b' '..=b'~')).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    async fn metadata(user_agent: &[u8]) -> SessionMetadata {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.headers.insert(USER_AGENT, HeaderValue::from_bytes(user_agent).unwrap());
        SessionMetadata::from_request_parts(&mut parts, &()).await.unwrap()
    }

    #[tokio::test]
    async fn a_user_agent_is_kept_without_control_characters_and_cut() {
        assert_eq!(metadata(b"curl/8.5.0").await.user_agent(), Some("curl/8.5.0"));
        assert_eq!(metadata(b"a\tb\xC2\x9Bc\xFF").await.user_agent(), Some("abc"));
        assert_eq!(metadata("\u{202E}\u{FF}".as_bytes()).await.user_agent(), None);
        assert_eq!(metadata(&[b'x'; 10_000]).await.user_agent().map(str::len), Some(512));
    }

    #[tokio::test]
    async fn nothing_known_is_nothing_said() {
        let (mut parts, ()) =
            http::Request::builder().header("x-forwarded-for", "192.0.2.1").body(()).unwrap().into_parts();
        let metadata = SessionMetadata::from_request_parts(&mut parts, &()).await.unwrap();
        assert_eq!(metadata, SessionMetadata::default().with_hints("\n\n".to_owned()));
    }
}
