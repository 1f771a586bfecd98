//! Access in OpenAPI terms: the security scheme, the requirements of an operation, its refusals.

pub(crate) mod arguments;
pub(crate) mod asset;
mod declare;
mod extension;
mod finish;
mod issuer_schemes;
pub(crate) mod json;
pub(crate) mod marks;
mod names;
pub(crate) mod no_document;
mod operation_ids;
pub(crate) mod parameters;
mod private;
pub(crate) mod refusals;
mod requirements;
mod schemes;
#[cfg(test)]
mod tests;
mod walk;

use http::Method;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ComponentsBuilder, Info, OpenApi, OpenApiBuilder, PathItem, RefOr, Schema};

pub use arguments::{ArgumentDocument, DocumentsArgument};
pub(crate) use declare::declare;
#[cfg(any(test, feature = "test-util"))]
pub(crate) use extension::EXTENSION;
pub(crate) use finish::{Declared, finish};
pub use json::openapi_json;
pub(crate) use refusals::{oauth_refusal, refusal, retried};
pub(crate) use schemes::SCHEME;
pub(crate) use schemes::TokenPlaces;
pub(crate) use walk::operations as operations_mut;

/// A document without operations.
pub(crate) fn empty() -> OpenApi {
    OpenApiBuilder::new().info(Info::new("API", "0.1.0")).build()
}

/// Adds schemas; the first one of a name stays.
pub(crate) fn add_schemas(openapi: &mut OpenApi, schemas: Vec<(String, RefOr<Schema>)>) {
    let components = openapi.components.get_or_insert_with(|| ComponentsBuilder::new().build());
    for (name, schema) in schemas {
        components.schemas.entry(name).or_insert(schema);
    }
}

/// The operations at a path, with their methods.
pub(crate) fn operations(item: &PathItem) -> impl Iterator<Item = (Method, &Operation)> {
    let operations = [
        (Method::GET, &item.get),
        (Method::PUT, &item.put),
        (Method::POST, &item.post),
        (Method::DELETE, &item.delete),
        (Method::OPTIONS, &item.options),
        (Method::HEAD, &item.head),
        (Method::PATCH, &item.patch),
        (Method::TRACE, &item.trace),
    ];
    operations.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

fn places(item: &mut PathItem) -> [(Method, &mut Option<Operation>); 8] {
    [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
        (Method::OPTIONS, &mut item.options),
        (Method::HEAD, &mut item.head),
        (Method::PATCH, &mut item.patch),
        (Method::TRACE, &mut item.trace),
    ]
}

/// Keeps the operations at a path whose method is wanted; everything else about the path stays.
pub(crate) fn retain(item: &mut PathItem, wanted: impl Fn(&Method) -> bool) {
    for (method, operation) in places(item) {
        operation.take_if(|_| !wanted(&method));
    }
}

/// Removes an operation if it is there.
pub(crate) fn remove(openapi: &mut OpenApi, path: &str, method: &Method) {
    if let Some(item) = openapi.paths.paths.get_mut(path) {
        retain(item, |present| present != method);
    }
}

/// The names that a requirement asks of the bearer token; `None` where it does not ask for one.
pub(crate) fn names_of(requirement: &SecurityRequirement) -> Option<Vec<String>> {
    // A requirement has no accessors; its JSON has its content.
    let requirement = serde_json::to_value(requirement).ok()?;
    serde_json::from_value(requirement.get(SCHEME)?.clone()).ok()
}
