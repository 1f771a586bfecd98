//! The security scheme that the page selects for its reader.

use cookie::Cookie;
use http::HeaderMap;
use http::header::COOKIE;
use serde_json::Value;
use utoipa::openapi::{OpenApi, PathItem};

/// The schemes of a document that a reader can sign in with.
pub(super) struct Schemes {
    /// The name of the scheme for a reader without a cookie: the one for a token that is typed in, or else one with a page for signing in.
    pub(super) first: Option<String>,
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
        let has_page = |scheme: &Value| !scheme["flows"]["authorizationCode"].is_null();
        let first = bearer.or_else(|| described.iter().find(|(_, scheme)| has_page(scheme)));
        let sufficient = sufficient(api);
        let cookies =
            described.iter().filter(|(name, scheme)| is(scheme, "in", "cookie") && sufficient.contains(name));
        Self {
            first: first.map(|(name, _)| name.clone()),
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
