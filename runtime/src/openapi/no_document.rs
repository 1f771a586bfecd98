//! The document of a handler whose own cannot be made.

use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::{RefOr, Schema};

/// What the macros put in the place of `#[utoipa::path]` when the program has another version of utoipa, which they report. `routes!`
/// takes the handler then, so that the version stays the only error.
#[derive(Debug)]
#[non_exhaustive]
pub struct NoDocument;

impl utoipa::Path for NoDocument {
    fn path() -> String {
        "/".to_owned()
    }

    fn methods() -> Vec<HttpMethod> {
        vec![HttpMethod::Get]
    }

    fn operation() -> Operation {
        Operation::new()
    }
}

impl<'t> utoipa::__dev::Tags<'t> for NoDocument {
    fn tags() -> Vec<&'t str> {
        Vec::new()
    }
}

impl utoipa::__dev::SchemaReferences for NoDocument {
    fn schemas(_: &mut Vec<(String, RefOr<Schema>)>) {}
}
