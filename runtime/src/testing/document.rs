//! The document beside the matrix.

use utoipa::openapi::OpenApi;

use crate::matrix::AccessMatrix;
use crate::openapi::matches::differences;

/// Fails when a document does not say of every operation what the matrix of its router says: an operation is missing, or in the
/// document alone; its `security`, its extension `x-access`, its line about access or a refusal is another.
///
/// A document that [`AuthRouter`](crate::AuthRouter) hands out matches. This is for one that was read back, put together from several, or
/// changed on its way.
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
/// When it does not match, with a line for each difference.
#[track_caller]
pub fn assert_document_matches(matrix: &AccessMatrix, openapi: &OpenApi) {
    let differences = differences(matrix, openapi);
    assert!(
        differences.is_empty(),
        "the document does not say what the matrix says:\n{}",
        differences.join("\n")
    );
}
