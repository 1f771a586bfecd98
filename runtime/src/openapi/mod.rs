//! Access in OpenAPI terms: the security scheme, the requirements of an operation, its refusals.

pub(crate) mod endpoints;
pub(crate) mod json;
#[cfg(test)]
mod tests;
pub(crate) mod transports;

use std::collections::btree_map::Entry;

use http::StatusCode;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, Info, ObjectBuilder, OpenApi, OpenApiBuilder, PathItem, Paths, Ref,
    RefOr, Schema, Type,
};
use utoipa::{PartialSchema as _, ToSchema};

pub use json::openapi_json;

use crate::access::{Access, Rule};
use crate::rejection::ProblemDetails;

/// The name of the security scheme in every document.
pub(crate) const SCHEME: &str = "bearer";

/// The name of the second one, in documents with operations that ask for both tokens.
const REFRESH_SCHEME: &str = "refreshToken";

/// The media type of every refusal (RFC 9457).
const PROBLEM: &str = "application/problem+json";

/// A document without operations.
pub(crate) fn empty() -> OpenApi {
    OpenApiBuilder::new().info(Info::new("API", "0.1.0")).build()
}

/// Adds the bearer scheme (RFC 6750, tokens are JWTs), in the place of any other of its name, and the schema of refusals
/// where it is missing.
pub(crate) fn complete(openapi: &mut OpenApi) {
    let components = openapi.components.get_or_insert_with(|| ComponentsBuilder::new().build());
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The access token from the login, in the Authorization header"))
        .build();
    components.security_schemes.insert(SCHEME.to_owned(), RefOr::T(SecurityScheme::Http(scheme)));
    let mut schemas = vec![(ProblemDetails::name().into_owned(), ProblemDetails::schema())];
    ProblemDetails::schemas(&mut schemas);
    add_schemas(openapi, schemas);
}

/// Adds the scheme of the refresh token if an operation asks for it, in the place of any other of its name.
pub(crate) fn complete_schemes(openapi: &mut OpenApi, computed: &Paths) {
    if !computed.paths.values().any(asks_for_refresh_token) {
        return;
    }
    let components = openapi.components.get_or_insert_with(|| ComponentsBuilder::new().build());
    let description = "The refresh token of the same session, beside the access token; it is not used up";
    let scheme = ApiKey::Header(ApiKeyValue::with_description("X-Refresh-Token", description));
    components.security_schemes.insert(REFRESH_SCHEME.to_owned(), RefOr::T(SecurityScheme::ApiKey(scheme)));
}

fn asks_for_refresh_token(item: &PathItem) -> bool {
    let PathItem { get, put, post, delete, options, head, patch, trace, .. } = item;
    let operations = [get, put, post, delete, options, head, patch, trace];
    let mut requirements = operations.into_iter().flatten().filter_map(|it| it.security.as_ref()).flatten();
    requirements.any(|requirement| with_refresh_token(requirement.clone()) == *requirement)
}

fn with_refresh_token(requirement: SecurityRequirement) -> SecurityRequirement {
    requirement.add(REFRESH_SCHEME, [""; 0])
}

/// Adds schemas; the first one of a name stays.
pub(crate) fn add_schemas(openapi: &mut OpenApi, schemas: Vec<(String, RefOr<Schema>)>) {
    let components = openapi.components.get_or_insert_with(|| ComponentsBuilder::new().build());
    for (name, schema) in schemas {
        components.schemas.entry(name).or_insert(schema);
    }
}

/// Writes an access into an operation; what was written there by hand does not count.
pub(crate) fn declare(operation: &mut Operation, access: &Access) {
    operation.security = Some(requirements(access));
    describe_responses(operation);
    if let Access::Public { reason } = access {
        describe_public(operation, reason);
        return;
    }
    answer(operation, "401", || unauthorized(access));
    if let Access::Require(rule) = access
        && asks_who(rule)
    {
        answer(operation, "403", || forbidden(access));
    }
    if access.asks_for_liveness() {
        answer(operation, "503", || refusal("The session store does not answer"));
    }
}

/// Whether a signed-in user can fail to meet the rule: a session that has ended and a missing token are a 401.
fn asks_who(rule: &Rule) -> bool {
    match rule {
        Rule::Live | Rule::BothTokens | Rule::Fresh(_) => false,
        Rule::Any([]) | Rule::All([]) => true,
        Rule::Any(rules) | Rule::All(rules) => rules.iter().any(asks_who),
        _ => true,
    }
}

/// A response has to have a description (OpenAPI 3.1.0 section 4.8.17); the phrase of its status is better than none.
fn describe_responses(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let phrase = status.parse::<StatusCode>().ok().and_then(|status| status.canonical_reason());
        if let (RefOr::T(response), Some(phrase)) = (response, phrase)
            && response.description.is_empty()
        {
            phrase.clone_into(&mut response.description);
        }
    }
}

fn answer(operation: &mut Operation, status: &str, response: impl FnOnce() -> Response) {
    operation.responses.responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(response()));
}

/// The `security` of an operation: alternatives, of which a caller has to meet one; none for a public one.
///
/// OpenAPI 3.1 lets the list behind a bearer scheme hold role names.
fn requirements(access: &Access) -> Vec<SecurityRequirement> {
    match access {
        Access::Public { .. } => Vec::new(),
        Access::Optional => vec![SecurityRequirement::default(), bearer(Vec::new())],
        Access::Authenticated => vec![bearer(Vec::new())],
        Access::Require(rule) => {
            let alternatives = alternatives(rule).into_iter().map(bearer);
            if access.asks_for_both_tokens() {
                alternatives.map(with_refresh_token).collect()
            } else {
                alternatives.collect()
            }
        }
    }
}

fn bearer(names: Vec<&'static str>) -> SecurityRequirement {
    SecurityRequirement::new(SCHEME, names)
}

/// More alternatives than this are not spelled out: a reader learns nothing from them.
const MOST_ALTERNATIVES: usize = 64;

/// The rule as "any of these sets of names": never less than what the guard demands, as long as it can be said.
///
/// What cannot be said in so many words is "signed in", which is true and not the whole truth; so is a rule that
/// nobody meets.
fn alternatives(rule: &Rule) -> Vec<Vec<&'static str>> {
    let sets = sets(rule).unwrap_or_default();
    if sets.is_empty() { vec![Vec::new()] } else { sets }
}

fn sets(rule: &Rule) -> Option<Vec<Vec<&'static str>>> {
    let found = match rule {
        Rule::Role(name) | Rule::Scope(name) => vec![vec![*name]],
        // The names say who; that the store is asked as well stands in the words, and the refresh token is a name of its own. An
        // empty set says no more than "signed in".
        Rule::Any(rules) => {
            let mut found = Vec::new();
            for rule in *rules {
                for set in sets(rule)? {
                    if !found.contains(&set) {
                        found.push(set);
                    }
                }
            }
            found
        }
        Rule::All([]) => Vec::new(),
        Rule::All(rules) => {
            let mut found = vec![Vec::new()];
            for rule in *rules {
                let more = sets(rule)?;
                found = found.iter().flat_map(|set| more.iter().map(move |more| union(set, more))).collect();
                if found.len() > MOST_ALTERNATIVES {
                    return None;
                }
            }
            found
        }
        _ => vec![Vec::new()],
    };
    (found.len() <= MOST_ALTERNATIVES).then_some(found)
}

fn union(set: &[&'static str], more: &[&'static str]) -> Vec<&'static str> {
    let mut all = set.to_vec();
    all.extend(more.iter().filter(|name| !set.contains(name)));
    all
}

fn describe_public(operation: &mut Operation, reason: &str) {
    let sentence = format!("Public: {reason}");
    let description = operation.description.get_or_insert_default();
    if description.contains(&sentence) {
        return;
    }
    if !description.is_empty() {
        description.push_str("\n\n");
    }
    description.push_str(&sentence);
}

fn unauthorized(access: &Access) -> Response {
    challenged(if access.asks_for_both_tokens() {
        "No valid access and refresh token of one session, or the session has ended"
    } else if access.asks_for_liveness() {
        "No valid access token, or its session has ended"
    } else {
        "No valid access token"
    })
}

fn forbidden(access: &Access) -> Response {
    challenged(&format!("The signed-in user may not: requires {access}"))
}

/// A refusal with the challenge of RFC 6750 section 3.
fn challenged(description: &str) -> Response {
    let mut response = refusal(description);
    let text: RefOr<Schema> = ObjectBuilder::new().schema_type(Type::String).into();
    let header =
        HeaderBuilder::new().schema(Some(text)).description(Some("The challenge of RFC 6750 section 3"));
    response.headers.insert("WWW-Authenticate".to_owned(), RefOr::T(header.build()));
    response
}

/// A refusal with a problem body.
pub(crate) fn refusal(description: &str) -> Response {
    let problem = Ref::from_schema_name(ProblemDetails::name());
    ResponseBuilder::new()
        .description(description)
        .content(PROBLEM, ContentBuilder::new().schema(Some(problem)).build())
        .build()
}

/// Adds the operations and components of `other`, under `prefix`.
pub(crate) fn nest(openapi: &mut OpenApi, prefix: &str, mut other: OpenApi) {
    nest_paths(&mut openapi.paths, prefix, std::mem::take(&mut other.paths));
    openapi.merge(other);
}

/// Adds the operations of `other`, under `prefix`, where there are none.
pub(crate) fn nest_paths(paths: &mut Paths, prefix: &str, other: Paths) {
    for (path, item) in other.paths {
        match paths.paths.entry(nested(prefix, &path)) {
            Entry::Occupied(mut present) => present.get_mut().merge_operations(item),
            Entry::Vacant(place) => drop(place.insert(item)),
        }
    }
}

/// Writes the operations of `item` at `path`, over those of the same method; everything else about the path stays.
pub(crate) fn replace(paths: &mut Paths, path: String, item: PathItem) {
    let present = paths.paths.entry(path).or_default();
    let operations = [
        (&mut present.get, item.get),
        (&mut present.put, item.put),
        (&mut present.post, item.post),
        (&mut present.delete, item.delete),
        (&mut present.options, item.options),
        (&mut present.head, item.head),
        (&mut present.patch, item.patch),
        (&mut present.trace, item.trace),
    ];
    for (present, operation) in operations {
        if operation.is_some() {
            *present = operation;
        }
    }
}

/// The path at which axum serves `path` when it is nested at `prefix`.
pub(crate) fn nested(prefix: &str, path: &str) -> String {
    let path = path.trim_start_matches('/');
    match (prefix.strip_suffix('/'), path) {
        (Some(prefix), path) => format!("{prefix}/{path}"),
        (None, "") => prefix.to_owned(),
        (None, path) => format!("{prefix}/{path}"),
    }
}
