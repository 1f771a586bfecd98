//! Security schemes for the places where an access token may stand beside the `Authorization` header.

use serde_json::Value;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, OpenApi, PathItem, RefOr};

use super::{SCHEME, answer, refusal};
use crate::auth::Transports;

const COOKIE: &str = "accessCookie";

/// A security scheme with its name.
pub(crate) type Scheme = (&'static str, SecurityScheme);

/// A scheme for each place that is switched on.
pub(crate) fn schemes(transports: &Transports) -> Vec<Scheme> {
    let scheme = ApiKeyValue::with_description::<&str>;
    let header = transports.header.as_ref().map(|name| {
        ("accessHeader", ApiKey::Header(scheme(name.as_str(), "The access token from the login")))
    });
    let cookie = transports.access_cookie().map(|name| {
        let words = "Set at the login. A request that changes something has to come from a page of this site; without `Sec-Fetch-Site` \
                     and `Origin` it carries the `csrf_token` of the login in the header `X-CSRF-Token`";
        (COOKIE, ApiKey::Cookie(scheme(name, words)))
    });
    let query = transports
        .query
        .as_ref()
        .map(|name| ("accessQuery", ApiKey::Query(scheme(name, "The access token from the login"))));
    let found = [header, cookie, query].into_iter().flatten();
    found.map(|(name, key)| (name, SecurityScheme::ApiKey(key))).collect()
}

/// Adds the schemes, and says of every operation that takes a bearer token that these do as well.
pub(crate) fn describe(openapi: &mut OpenApi, schemes: &[Scheme]) {
    if schemes.is_empty() {
        return;
    }
    let components = openapi.components.get_or_insert_with(|| ComponentsBuilder::new().build());
    for (name, scheme) in schemes {
        components.security_schemes.insert((*name).to_owned(), RefOr::T(scheme.clone()));
    }
    let has_cookie = schemes.iter().any(|(name, _)| *name == COOKIE);
    for item in openapi.paths.paths.values_mut() {
        let PathItem { get, put, post, delete, options, head, patch, trace, .. } = item;
        for operation in [get, head, options, trace].into_iter().flatten() {
            add_alternatives(operation, schemes);
        }
        for operation in [put, post, delete, patch].into_iter().flatten() {
            if add_alternatives(operation, schemes) && has_cookie {
                answer(operation, "403", || refusal("Another site may have sent the request"));
            }
        }
    }
}

/// Whether the operation takes a bearer token. What is there already is not added again.
fn add_alternatives(operation: &mut Operation, schemes: &[Scheme]) -> bool {
    let Some(security) = &mut operation.security else { return false };
    let bearer: Vec<_> =
        security.iter().filter(|requirement| instead(requirement, SCHEME).is_some()).cloned().collect();
    for (name, _) in schemes {
        for alternative in bearer.iter().filter_map(|requirement| instead(requirement, name)) {
            if !security.contains(&alternative) {
                security.push(alternative);
            }
        }
    }
    !bearer.is_empty()
}

/// The requirement with another scheme in the place of the bearer token; `None` when it asks for none.
fn instead(requirement: &SecurityRequirement, scheme: &str) -> Option<SecurityRequirement> {
    // What a requirement holds can only be read as JSON.
    let Ok(Value::Object(mut names)) = serde_json::to_value(requirement) else { return None };
    let roles = names.remove(SCHEME)?;
    names.insert(scheme.to_owned(), roles);
    serde_json::from_value(Value::Object(names)).ok()
}
