//! Security schemes for the places of an access token other than the `Authorization` header.

use std::sync::Arc;

use http::Method;
use serde_json::Value;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::OneOfBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, ContentBuilder, OpenApi, Ref, RefOr, Required, Schema};
use utoipa::{PartialSchema as _, ToSchema};

use super::refusals::{answer, describe_look_up, refusal};
use super::{REFRESH_SCHEME, SCHEME, add_schemas};
use crate::auth::{Auth, Liveness, TokenPair, Transports};
use crate::claims::SessionClaims;
use crate::http::{CookieTokens, LogoutRequest, RefreshRequest};

const ACCESS_COOKIE: &str = "accessCookie";
const REFRESH_COOKIE: &str = "refreshCookie";

/// Where an `Auth` takes tokens beside the `Authorization` header, and whether it looks every session up.
#[derive(Clone, PartialEq)]
pub struct TokenPlaces(Arc<Facts>);

#[derive(PartialEq)]
struct Facts {
    /// A security scheme with its name for each place that is switched on.
    schemes: Vec<(&'static str, SecurityScheme)>,
    /// The store is asked about the session of every access token.
    looks_up: bool,
}

impl TokenPlaces {
    pub(crate) fn of<C: SessionClaims>(auth: &Auth<C>) -> Self {
        let schemes = schemes(auth.transports());
        Self(Arc::new(Facts { schemes, looks_up: auth.liveness() == Liveness::Always }))
    }

    fn has(&self, wanted: &str) -> bool {
        self.0.schemes.iter().any(|(name, _)| *name == wanted)
    }
}

fn schemes(transports: &Transports) -> Vec<(&'static str, SecurityScheme)> {
    let scheme = ApiKeyValue::with_description::<&str>;
    let header = transports.header.as_ref().map(|name| {
        ("accessHeader", ApiKey::Header(scheme(name.as_str(), "The access token from the login")))
    });
    let cookie = transports.access_cookie().map(|name| {
        let words = "Set at the login. A request that changes something has to come from a page of this site; without `Sec-Fetch-Site` \
                     and `Origin` it carries the `csrf_token` of the login in the header `X-CSRF-Token`";
        (ACCESS_COOKIE, ApiKey::Cookie(scheme(name, words)))
    });
    let query = transports
        .query
        .as_ref()
        .map(|name| ("accessQuery", ApiKey::Query(scheme(name, "The access token from the login"))));
    let refresh = transports.refresh_cookie().map(|name| {
        (
            REFRESH_COOKIE,
            ApiKey::Cookie(scheme(name, "The refresh token, set at the login and at each refresh")),
        )
    });
    let found = [header, cookie, query, refresh].into_iter().flatten();
    found.map(|(name, key)| (name, SecurityScheme::ApiKey(key))).collect()
}

/// Adds the schemes, and the schema of the answer that a browser gets.
pub(super) fn add(openapi: &mut OpenApi, places: &TokenPlaces) {
    if places.has(REFRESH_COOKIE) {
        let mut schemas = vec![(CookieTokens::name().into_owned(), CookieTokens::schema())];
        CookieTokens::schemas(&mut schemas);
        add_schemas(openapi, schemas);
    }
    let components = openapi.components.get_or_insert_with(|| ComponentsBuilder::new().build());
    for (name, scheme) in &places.0.schemes {
        components.security_schemes.insert((*name).to_owned(), RefOr::T(scheme.clone()));
    }
}

/// Adds to an operation that takes a bearer token the alternatives to it.
pub(super) fn describe(operation: &mut Operation, method: &Method, places: &TokenPlaces) {
    let names: Vec<_> = places.0.schemes.iter().map(|(name, _)| *name).collect();
    let is_guarded = add_alternatives(operation, &names);
    if is_guarded && places.0.looks_up {
        describe_look_up(operation);
    }
    if method.is_safe() {
        return;
    }
    let is_refresh = places.has(REFRESH_COOKIE) && takes::<RefreshRequest>(operation);
    let is_logout = places.has(REFRESH_COOKIE) && takes::<LogoutRequest>(operation);
    if is_refresh {
        describe_refresh(operation);
    }
    if is_refresh || is_logout || is_guarded && places.has(ACCESS_COOKIE) {
        answer(operation, "403", || refusal("Another site may have sent the request"));
    }
}

/// Returns whether the operation takes a bearer token. An alternative that is present is not added again.
fn add_alternatives(operation: &mut Operation, schemes: &[&'static str]) -> bool {
    let Some(security) = &mut operation.security else { return false };
    let is_guarded = security.iter().any(|requirement| instead(requirement, SCHEME, SCHEME).is_some());
    for name in schemes {
        let replaced = if *name == REFRESH_COOKIE { REFRESH_SCHEME } else { SCHEME };
        for requirement in security.clone() {
            match instead(&requirement, replaced, name) {
                Some(alternative) if !security.contains(&alternative) => security.push(alternative),
                _ => {}
            }
        }
    }
    is_guarded
}

/// The requirement with another scheme in the place of one of its own; `None` when it does not ask for that.
fn instead(requirement: &SecurityRequirement, own: &str, other: &str) -> Option<SecurityRequirement> {
    // A requirement has no accessors; its JSON has its content.
    let Ok(Value::Object(mut names)) = serde_json::to_value(requirement) else { return None };
    let roles = names.remove(own)?;
    names.insert(other.to_owned(), roles);
    serde_json::from_value(Value::Object(names)).ok()
}

/// Whether the operation takes this body, by which an endpoint that reads the refresh cookie is recognised at any path.
fn takes<T: ToSchema>(operation: &Operation) -> bool {
    let request: RefOr<Schema> = Ref::from_schema_name(T::name()).into();
    let Some(RefOr::T(body)) = &operation.request_body else { return false };
    body.content.values().any(|body| matches!(body, RefOr::T(body) if body.schema.as_ref() == Some(&request)))
}

/// A browser sends no body and gets cookies.
fn describe_refresh(operation: &mut Operation) {
    const TOKENS: &str = "The next tokens, the way the refresh token came: in the body, or in cookies";

    if let Some(RefOr::T(body)) = &mut operation.request_body {
        body.required = Some(Required::False);
        body.description = Some("Without a body, the refresh token is taken from its cookie".to_owned());
    }
    let Some(RefOr::T(response)) = operation.responses.responses.get_mut("200") else { return };
    TOKENS.clone_into(&mut response.description);
    for content in response.content.values_mut() {
        let either = [TokenPair::name(), CookieTokens::name()].map(Ref::from_schema_name);
        let schema = either.into_iter().fold(OneOfBuilder::new(), OneOfBuilder::item);
        *content = RefOr::T(ContentBuilder::new().schema(Some(schema)).build());
    }
}
