//! Compares the document with the matrix.

use utoipa::openapi::OpenApi;

use crate::matrix::AccessMatrix;
use crate::openapi::matches::differences;

/// Fails when a document and the matrix of its router differ: an operation is in one of them alone, or its `security`, its extension
/// `x-access`, its line about access or its refusals are not those that follow from the access.
///
/// A document that [`AuthRouter`](crate::AuthRouter) hands out matches. This function is for a document that was read back, merged from
/// several, or changed on its way.
///
/// ```
/// use countersign::testing::assert_document_matches;
/// use countersign::{AuthRouter, public, routes};
///
/// #[public(reason = "health probe")]
/// #[utoipa::path(get, path = "/health")]
/// async fn health() {}
///
/// let router = AuthRouter::<()>::new().routes(routes!(health));
/// assert_document_matches(&router.access_matrix(), router.openapi());
/// ```
///
/// # Panics
///
/// When they differ, with a line for each difference.
#[track_caller]
pub fn assert_document_matches(matrix: &AccessMatrix, openapi: &OpenApi) {
    let differences = differences(matrix, openapi);
    assert!(
        differences.is_empty(),
        "the document does not say what the matrix says:\n{}",
        differences.join("\n")
    );
}
