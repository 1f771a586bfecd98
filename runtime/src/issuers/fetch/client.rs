//! `reqwest::Client` as a [`Fetch`].

use http::header::ACCEPT;

use super::{Fetch, FetchError, FetchRequest, Fetched};

/// Reads no more of a body than the limit, so a large one is never held. Redirects are followed as the client is configured, and the address
/// where they end is checked afterwards. `redirect::Policy::none()` is the strictest choice.
///
/// Countersign enables no feature of reqwest. Without one for TLS, such as `rustls`, a request to `https` fails.
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
impl Fetch for reqwest::Client {
    async fn get(&self, request: FetchRequest) -> Result<Fetched, FetchError> {
        let builder = reqwest::Client::get(self, request.url()).timeout(request.time_limit());
        let builder = builder.header(ACCEPT, "application/jwk-set+json, application/json");
        let mut response = builder.send().await.map_err(failed)?;
        let most = request.max_bytes();
        if response.content_length().is_some_and(|length| length > most as u64) {
            return Err(FetchError::TooLarge);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if chunk.len() > most - body.len() {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let url = response.url().as_str().to_owned();
        Ok(Fetched::new(response.status(), body).with_headers(response.headers().clone()).with_final_url(url))
    }
}

fn failed(error: reqwest::Error) -> FetchError {
    if error.is_timeout() {
        FetchError::TimedOut
    } else if error.is_redirect() {
        FetchError::Redirected
    } else {
        FetchError::other(error)
    }
}
