//! Access in OpenAPI terms: the security scheme, the requirements of an operation, its refusals.

pub(crate) mod asset;
mod declare;
mod extension;
pub(crate) mod json;
pub(crate) mod parameters;
mod private;
pub(crate) mod refusals;
mod requirements;
#[cfg(test)]
mod tests;
pub(crate) mod transports;

use std::collections::btree_map::Entry;

use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, Info, OpenApi, OpenApiBuilder, PathItem, Paths, RefOr, Schema};
use utoipa::{PartialSchema as _, ToSchema};

pub(crate) use declare::declare;
#[cfg(any(test, feature = "test-util"))]
pub(crate) use extension::EXTENSION;
pub use json::openapi_json;
pub(crate) use private::{conceal, without_private};
pub(crate) use refusals::refusal;
use requirements::with_refresh_token;

use crate::rejection::ProblemDetails;

/// The name of the security scheme in every document.
pub(crate) const SCHEME: &str = "bearer";

/// The name of the second one, in documents with operations that ask for both tokens.
const REFRESH_SCHEME: &str = "refreshToken";

/// The part of the OpenAPI document that describes one handler.
pub struct Document {
    pub(crate) path: String,
    pub(crate) methods: Vec<HttpMethod>,
    /// `None` for a handler that is served and not documented.
    pub(crate) operation: Option<Operation>,
    pub(crate) schemas: Vec<(String, RefOr<Schema>)>,
}

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

/// Adds schemas; the first one of a name stays.
pub(crate) fn add_schemas(openapi: &mut OpenApi, schemas: Vec<(String, RefOr<Schema>)>) {
    let components = openapi.components.get_or_insert_with(|| ComponentsBuilder::new().build());
    for (name, schema) in schemas {
        components.schemas.entry(name).or_insert(schema);
    }
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
    match path {
        _ if prefix.ends_with('/') => format!("{prefix}{}", path.trim_start_matches('/')),
        "" | "/" => prefix.to_owned(),
        _ if path.starts_with('/') => format!("{prefix}{path}"),
        _ => format!("{prefix}/{path}"),
    }
}
