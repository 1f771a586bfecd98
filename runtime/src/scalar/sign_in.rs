//! Signing in from the page, at the authorization servers that the document names (its OAuth 2.0 flows).

use http::Uri;
use serde_json::Value;
use utoipa::openapi::security::{Flow, SecurityScheme};
use utoipa::openapi::{OpenApi, RefOr};

/// How Scalar reads that a flow has a code challenge.
const PKCE: &str = "x-usePkce";

fn flows(api: &mut OpenApi) -> impl Iterator<Item = &mut Flow> {
    let schemes = api.components.iter_mut().flat_map(|components| components.security_schemes.values_mut());
    schemes.flat_map(|scheme| match scheme {
        RefOr::T(SecurityScheme::OAuth2(scheme)) => Some(scheme.flows.values_mut()).into_iter().flatten(),
        _ => None.into_iter().flatten(),
    })
}

/// Gives each flow with an authorization code a code challenge, unless the document says something about it: a code that leaks is then of
/// no use (RFC 9700 section 2.1.1).
pub(super) fn add_pkce(api: &mut OpenApi) {
    for flow in flows(api) {
        if let Flow::AuthorizationCode(flow) = flow {
            let extensions = flow.extensions.get_or_insert_default();
            extensions.entry(PKCE.to_owned()).or_insert_with(|| Value::from("SHA-256"));
        }
    }
}

/// The origins that the page asks for tokens, apart from its own. An address that is none, or has more than scheme, host and port before its
/// path, is left out.
pub(super) fn token_origins(api: &mut OpenApi) -> Vec<String> {
    let mut origins: Vec<_> = flows(api)
        .filter_map(|flow| match flow {
            Flow::Password(flow) => Some(&flow.token_url),
            Flow::ClientCredentials(flow) => Some(&flow.token_url),
            Flow::AuthorizationCode(flow) => Some(&flow.token_url),
            Flow::DeviceAuthorization(flow) => Some(&flow.token_url),
            Flow::Implicit(_) => None,
        })
        .filter_map(|url| origin(url))
        .collect();
    origins.sort();
    origins.dedup();
    origins
}

/// Scheme, host and port, made of characters that cannot end a directive of a content security policy.
fn origin(url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    let scheme = url.scheme_str().filter(|scheme| matches!(*scheme, "https" | "http"))?;
    let authority = url.authority()?.as_str();
    let is_plain = authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte));
    is_plain.then(|| format!("{scheme}://{authority}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_ends_no_directive() {
        for (url, expected) in [
            ("https://login.example.com/token?a=b", Some("https://login.example.com")),
            ("http://127.0.0.1:9000/token", Some("http://127.0.0.1:9000")),
            ("http://[::1]:9000/token", Some("http://[::1]:9000")),
            ("https://a.example;script-src/token", None),
            ("https://a.example,b.example/token", None),
            ("https://user@a.example/token", None),
            ("https://*/token", None),
            ("https://a.example b.example/token", None),
            ("data:text/html,x", None),
            ("ws://a.example/token", None),
            ("/token", None),
            ("", None),
        ] {
            assert_eq!(origin(url).as_deref(), expected, "{url}");
        }
    }
}
