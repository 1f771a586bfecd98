//! The JSON body of a request, for the endpoints that take one.

use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::extract::rejection::JsonRejection;
use axum::{Json, RequestExt as _};
use axum_core::body::Body;
use axum_core::extract::Request;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use crate::rejection::Denial;

/// In bytes: more than a refresh token of the largest configurable size needs.
const LARGEST: usize = 64 * 1024;

/// Reads a whole body; a larger one than [`LARGEST`] is a malformed request.
pub(super) async fn read(body: Body) -> Result<Bytes, Denial> {
    let mut request = Request::new(body);
    DefaultBodyLimit::max(LARGEST).apply(&mut request);
    request.extract().await.map_err(|_| Denial::InvalidRequest)
}

/// Parses a body of the media type that the headers announce. `None` is an empty body without a media type, or with that of JSON,
/// which some clients announce for every request. Any other media type is refused, with an empty body too.
pub(super) async fn json<T: DeserializeOwned + 'static>(
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Option<T>, Denial> {
    let (is_empty, media_type) = (body.is_empty(), headers.get(CONTENT_TYPE));
    if is_empty && media_type.is_none() {
        return Ok(None);
    }
    let mut request = Request::new(Body::from(body));
    request.headers_mut().extend(media_type.map(|value| (CONTENT_TYPE, value.clone())));
    match request.extract::<Json<T>, _>().await {
        Ok(Json(body)) => Ok(Some(body)),
        Err(JsonRejection::MissingJsonContentType(_)) => Err(Denial::UnsupportedMediaType),
        Err(_) if is_empty => Ok(None),
        Err(_) => Err(Denial::InvalidRequest),
    }
}
