//! The security scheme that the page selects for its reader.

use cookie::Cookie;
use http::header::COOKIE;
use http::{HeaderMap, Uri};
use serde_json::Value;
use utoipa::openapi::{OpenApi, PathItem};

/// The schemes of a document that a reader can sign in with.
pub(super) struct Schemes {
    /// The name of the scheme for a token that is typed in, or else of the first one that signs in at a provider.
    pub(super) usual: Option<String>,
    /// The origins that a page asks to sign its reader in: those of token endpoints, and of discovery documents.
    pub(super) providers: Vec<String>,
    /// The names of the schemes for access cookies, each with its cookie.
    pub(super) cookies: Vec<(String, String)>,
}

impl Schemes {
    pub(super) fn of(api: &OpenApi) -> Self {
        let schemes = api.components.as_ref().map(|components| &components.security_schemes);
        // A scheme has no accessors for what it is; its JSON has its content.
        let described = schemes
            .into_iter()
            .flatten()
            .filter_map(|(name, scheme)| Some((name.clone(), serde_json::to_value(scheme).ok()?)));
        let described: Vec<_> = described.collect();
        let is = |scheme: &Value, name: &str, value: &str| {
            scheme[name].as_str().is_some_and(|found| found.eq_ignore_ascii_case(value))
        };
        let bearer =
            described.iter().find(|(_, scheme)| is(scheme, "type", "http") && is(scheme, "scheme", "bearer"));
        let at_provider = described
            .iter()
            .find(|(_, scheme)| ["oauth2", "openIdConnect"].iter().any(|kind| is(scheme, "type", kind)));
        let mut providers = Vec::new();
        for origin in described.iter().flat_map(|(_, scheme)| addresses(scheme)).filter_map(origin) {
            if !providers.contains(&origin) {
                providers.push(origin);
            }
        }
        let sufficient = sufficient(api);
        let cookies =
            described.iter().filter(|(name, scheme)| is(scheme, "in", "cookie") && sufficient.contains(name));
        Self {
            usual: bearer.or(at_provider).map(|(name, _)| name.clone()),
            providers,
            cookies: cookies
                .filter_map(|(name, scheme)| Some((name.clone(), scheme["name"].as_str()?.to_owned())))
                .collect(),
        }
    }

    /// The number of the first cookie that these headers carry with a value.
    pub(super) fn presented(&self, headers: &HeaderMap) -> Option<usize> {
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let present: Vec<_> = lines
            .flat_map(|line| Cookie::split_parse(line).filter_map(Result::ok))
            .filter(|cookie| !cookie.value().is_empty())
            .collect();
        self.cookies.iter().position(|(_, name)| present.iter().any(|cookie| cookie.name() == name))
    }
}

/// The addresses that a page asks to get a token by this scheme.
fn addresses(scheme: &Value) -> impl Iterator<Item = &str> {
    let flows = scheme["flows"].as_object().into_iter().flat_map(|flows| flows.values());
    let of_flows = flows.flat_map(|flow| [&flow["tokenUrl"], &flow["refreshUrl"]]);
    std::iter::once(&scheme["openIdConnectUrl"]).chain(of_flows).filter_map(Value::as_str)
}

/// Scheme, host and port, made of characters that cannot end a directive of a content security policy; `None` for a relative address, which is
/// of this origin.
fn origin(address: &str) -> Option<String> {
    let address: Uri = address.parse().ok()?;
    let scheme = address.scheme_str().filter(|scheme| matches!(*scheme, "https" | "http"))?;
    let authority = address.authority()?.as_str();
    let is_plain = authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte));
    is_plain.then(|| format!("{scheme}://{authority}"))
}

/// The schemes that open an operation by themselves. A refresh cookie is only asked for beside an access token.
fn sufficient(api: &OpenApi) -> Vec<String> {
    let mut names = Vec::new();
    for item in api.paths.paths.values() {
        let PathItem { get, put, post, delete, options, head, patch, trace, .. } = item;
        let operations = [get, put, post, delete, options, head, patch, trace].into_iter().flatten();
        for requirement in operations.filter_map(|operation| operation.security.as_ref()).flatten() {
            let Ok(Value::Object(schemes)) = serde_json::to_value(requirement) else { continue };
            let mut schemes = schemes.into_iter().map(|(name, _)| name);
            if let (Some(name), None) = (schemes.next(), schemes.next())
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
    }
    names
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
