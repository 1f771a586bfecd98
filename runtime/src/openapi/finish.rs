//! The last step of a document: what follows from the access of its operations, written once when the document is asked for.

use http::Method;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, OpenApi, RefOr};
use utoipa::{PartialSchema as _, ToSchema as _};

use super::private::{conceal, without_private};
use super::transports::{self, TokenPlaces};
use super::{REFRESH_SCHEME, SCHEME, add_schemas, declare, operations_mut, parameters};
use crate::access::Access;
use crate::claims::role::RoleTable;
use crate::rejection::ProblemDetails;

/// An operation of a handler in the router, with the access that the server enforces.
pub(crate) struct Declared<'a> {
    /// As the document has it.
    pub(crate) path: &'a str,
    pub(crate) method: &'a Method,
    pub(crate) access: Access,
    pub(crate) roles: RoleTable,
    /// Where the `Auth` of the operation takes tokens, if that is known.
    pub(crate) token_places: Option<&'a TokenPlaces>,
}

/// Completes a document with what the server enforces.
pub(crate) fn finish(openapi: &mut OpenApi, declared: &[Declared<'_>]) {
    complete(openapi);
    for Declared { path, method, access, roles, token_places } in declared {
        let Some(operation) = operation_of(openapi, path, method) else { continue };
        declare(operation, access, roles);
        if !roles.private.is_empty() {
            *operation = without_private(std::mem::take(operation), roles);
        }
        if let Some(places) = token_places {
            transports::describe(operation, method, places);
        }
    }
    parameters::complete(&mut openapi.paths);
    if declared.iter().any(|declared| declared.access.asks_for_both_tokens()) {
        add_refresh_scheme(openapi);
    }
    for places in declared.iter().filter_map(|declared| declared.token_places) {
        transports::add(openapi, places);
    }
    let mut concealed: Vec<RoleTable> = Vec::new();
    for roles in declared.iter().map(|declared| declared.roles) {
        if !concealed.iter().any(|other| other.private == roles.private && other.names == roles.names) {
            conceal(openapi, &roles);
            concealed.push(roles);
        }
    }
}

fn operation_of<'a>(openapi: &'a mut OpenApi, path: &str, wanted: &Method) -> Option<&'a mut Operation> {
    let mut operations = operations_mut(openapi.paths.paths.get_mut(path)?);
    operations.find_map(|(method, operation)| (method == *wanted).then_some(operation))
}

/// Adds the bearer scheme (RFC 6750, tokens are JWTs), in the place of any other of its name, and the schema of refusals
/// where it is missing.
fn complete(openapi: &mut OpenApi) {
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

/// Adds the scheme of the refresh token, in the place of any other of its name.
fn add_refresh_scheme(openapi: &mut OpenApi) {
    let components = openapi.components.get_or_insert_with(|| ComponentsBuilder::new().build());
    let description = "The refresh token of the same session, beside the access token; it is not used up";
    let scheme = ApiKey::Header(ApiKeyValue::with_description("X-Refresh-Token", description));
    components.security_schemes.insert(REFRESH_SCHEME.to_owned(), RefOr::T(SecurityScheme::ApiKey(scheme)));
}
