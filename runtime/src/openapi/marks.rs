//! What an operation carries until its document is finished.

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::Response;

use super::refusals;

/// The extension of the marks. No finished document has it.
const MARKS: &str = "x-countersign";

/// Facts about an operation that can be written only when its guard and its `Auth` are known.
#[derive(Default, Serialize, Deserialize, PartialEq)]
pub(crate) struct Marks {
    /// Answers to statuses that nothing else describes.
    #[serde(default)]
    pub(super) fallbacks: Vec<(u16, Response)>,
    /// Whether a request that changes something has to show, where cookies are on, that another site has not sent it.
    #[serde(default)]
    pub(super) checks_sender: bool,
    /// The endpoint of this crate that it is.
    #[serde(default)]
    pub(super) endpoint: Option<Mark>,
}

/// An endpoint of this crate, as far as its document depends on the configuration of an `Auth`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It takes a refresh token, from a cookie too.
    Refresh,
    /// It ends the session of the tokens in the request.
    Logout,
    /// Any other.
    Other,
}

impl Marks {
    /// Says which endpoint an operation is.
    pub(crate) fn leave(operation: &mut Operation, endpoint: Mark) {
        Self::change(operation, |marks| marks.endpoint = Some(endpoint));
    }

    /// Changes the marks of an operation.
    pub(super) fn change(operation: &mut Operation, change: impl FnOnce(&mut Self)) {
        let mut marks = Self::take(operation);
        change(&mut marks);
        if marks != Self::default() {
            let extensions = operation.extensions.get_or_insert_default();
            extensions.insert(MARKS.to_owned(), serde_json::to_value(marks).unwrap_or_default());
        }
    }

    /// Takes the marks out of the operation.
    pub(super) fn take(operation: &mut Operation) -> Self {
        let Some(extensions) = &mut operation.extensions else { return Self::default() };
        let Some(left) = extensions.remove(MARKS) else { return Self::default() };
        if extensions.is_empty() {
            operation.extensions = None;
        }
        serde_json::from_value(left).unwrap_or_default()
    }

    /// Writes the answers that nothing else describes. One that is described as a problem gets the headers of ours: it is the same answer.
    pub(super) fn write_fallbacks(&self, operation: &mut Operation) {
        for (status, response) in &self.fallbacks {
            match operation.responses.responses.get_mut(&status.to_string()) {
                None => {
                    let response = RefOr::T(response.clone());
                    operation.responses.responses.insert(status.to_string(), response);
                }
                Some(RefOr::T(present)) if refusals::has_problem(present) => {
                    for (name, header) in &response.headers {
                        present.headers.entry(name.clone()).or_insert_with(|| header.clone());
                    }
                }
                Some(_) => {}
            }
        }
    }
}
