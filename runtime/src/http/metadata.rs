//! What a request says of the client, for the list of a user's sessions. Nothing is decided by it.

use std::convert::Infallible;

use axum_core::extract::FromRequestParts;
use http::header::USER_AGENT;
use http::request::Parts;

use crate::session::SessionMetadata;

/// Reads the client's address, its user agent and a name for the device; what is not known is left out.
///
/// The address needs the feature `connect-info` and a server that is started with
/// `into_make_service_with_connect_info::<SocketAddr>()`. Headers such as `X-Forwarded-For` are not read: any client can write
/// them, and only the application knows which of its proxies to believe. Behind one, set the address with
/// [`with_address`](SessionMetadata::with_address). The name of the device needs the feature `user-agent`. All of it is what
/// the client says of itself: cut, of printable ASCII, and not to be trusted.
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
        #[cfg(feature = "connect-info")]
        if let Some(address) = address(parts).await {
            metadata = metadata.with_address(address);
        }
        let user_agent = parts.headers.get(USER_AGENT).map(|value| printable(value.as_bytes()));
        let Some(user_agent) = user_agent.filter(|text| !text.is_empty()) else { return Ok(metadata) };
        metadata = metadata.with_user_agent(user_agent);
        #[cfg(feature = "user-agent")]
        if let Some(label) = metadata.user_agent().and_then(super::device::label) {
            metadata = metadata.with_device_label(label);
        }
        Ok(metadata)
    }
}

#[cfg(feature = "connect-info")]
async fn address(parts: &mut Parts) -> Option<std::net::IpAddr> {
    use std::net::SocketAddr;

    use axum::extract::ConnectInfo;

    let ConnectInfo(address) = ConnectInfo::<SocketAddr>::from_request_parts(parts, &()).await.ok()?;
    Some(address.ip().to_canonical())
}

/// The text without what could act on a terminal or a page: RFC 9110 section 10.1.5 has names in ASCII.
fn printable(text: &[u8]) -> String {
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
        assert_eq!(metadata, SessionMetadata::default());
    }
}
