//! The body of every refusal, and of the application's own.

use std::collections::BTreeMap;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum_core::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::Value;

/// What a document says of the schema; the words below are for Rust.
#[cfg(feature = "openapi")]
const DESCRIPTION: &str = "The body of a refusal: problem details (RFC 9457) with a stable `code`.";

/// The body of a refusal: problem details (RFC 9457) with a stable `code`.
///
/// An application answers with it too, so that its clients read one kind of error. The response has the status, and the media type
/// `application/problem+json`. It contains what it was given, and nothing else.
///
/// ```
/// use axum::http::StatusCode;
/// use countersign::ProblemDetails;
///
/// async fn rename() -> Result<(), ProblemDetails> {
///     let taken = ProblemDetails::new(StatusCode::CONFLICT, "name_taken", "Another post has this name.");
///     Err(taken.with_member("suggestion", "my-post-2"))
/// }
/// ```
///
/// A body or a path that axum cannot read becomes a problem by `?`, or by axum's derive. The words are fixed: those of the parser would
/// repeat parts of the body, such as a password.
///
/// ```
/// use axum::Json;
/// use axum::extract::rejection::JsonRejection;
/// use countersign::ProblemDetails;
/// # #[derive(serde::Deserialize)]
/// # struct Order { id: u64 }
///
/// async fn order(body: Result<Json<Order>, JsonRejection>) -> Result<String, ProblemDetails> {
///     let Json(order) = body?;
///     Ok(order.id.to_string())
/// }
/// ```
///
/// In the document it is `body = ProblemDetails`; an [`AuthRouter`](crate::AuthRouter) adds the media type. A refusal that asks for
/// credentials is an [`AuthRejection`](crate::AuthRejection) instead, whose response has the `WWW-Authenticate` header that a 401 needs.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::ProblemDetails, description = DESCRIPTION))]
#[non_exhaustive]
pub struct ProblemDetails {
    /// `about:blank`, unless this kind of problem has a URI: `code` tells problems apart.
    pub r#type: String,
    /// The reason phrase of the status, unless this kind of problem has a title.
    pub title: String,
    /// The HTTP status code.
    pub status: u16,
    /// The stable, machine-readable cause.
    pub code: String,
    /// A sentence for people.
    pub detail: String,
    /// The URI of this very problem, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The requirement of the operation, if the application discloses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<String>,
    /// The greatest age of the sign-in in seconds, if the user's is older.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    members: BTreeMap<String, Value>,
}

/// The members that the type has itself.
const OWN: [&str; 8] = ["type", "title", "status", "code", "detail", "instance", "required", "max_age"];

impl ProblemDetails {
    /// A problem with this status, the stable `code` that programs read, and a sentence for people.
    pub fn new(status: StatusCode, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            r#type: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            code: code.into(),
            detail: detail.into(),
            instance: None,
            required: None,
            max_age: None,
            members: BTreeMap::new(),
        }
    }

    /// Gives the kind of problem a URI, which has to go with a title of its own (RFC 9457 section 4.2.1).
    #[must_use]
    pub fn with_type(mut self, uri: impl Into<String>) -> Self {
        self.r#type = uri.into();
        self
    }

    /// Gives the kind of problem another title than the phrase of the status.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Names this very problem by a URI.
    #[must_use]
    pub fn with_instance(mut self, uri: impl Into<String>) -> Self {
        self.instance = Some(uri.into());
        self
    }

    /// Adds a member of the application's own (RFC 9457 section 3.2), in the place of an earlier one. The members that this type has
    /// itself keep their values.
    #[must_use]
    pub fn with_member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let name = name.into();
        if !OWN.contains(&name.as_str()) {
            self.members.insert(name, value.into());
        }
        self
    }

    /// The response, with any body that can be made from bytes.
    pub(super) fn response<B: From<Vec<u8>>>(&self) -> Response<B> {
        self.response_with(self)
    }

    /// As [`response`](Self::response), with a body that has further members.
    pub(super) fn response_with<B: From<Vec<u8>>>(&self, body: &impl Serialize) -> Response<B> {
        response_of(self.status, json(body))
    }
}

/// The body as JSON. Serialising strings, numbers and JSON does not fail, and an empty body would still come with its status.
pub(super) fn json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_default()
}

/// The answer with this status and this problem as its body.
pub(super) fn response_of<B: From<Vec<u8>>>(status: u16, problem: Vec<u8>) -> Response<B> {
    let mut response = Response::new(B::from(problem));
    // `status` is public, and a number that is no status is a mistake of the server.
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl IntoResponse for ProblemDetails {
    fn into_response(self) -> Response {
        self.response()
    }
}

/// Without the words of the parser, which would repeat parts of the body.
impl From<JsonRejection> for ProblemDetails {
    fn from(rejection: JsonRejection) -> Self {
        let (code, detail) = match &rejection {
            JsonRejection::MissingJsonContentType(_) => {
                ("unsupported_media_type", "This operation takes a JSON body.")
            }
            JsonRejection::JsonDataError(_) => {
                ("unprocessable_body", "The body is JSON, and not of the form that this operation takes.")
            }
            JsonRejection::JsonSyntaxError(_) => ("malformed_body", "The body is not valid JSON."),
            _ => ("unreadable_body", "The body cannot be read, or is too large."),
        };
        Self::new(rejection.status(), code, detail)
    }
}

/// Without the value that does not fit.
impl From<PathRejection> for ProblemDetails {
    fn from(rejection: PathRejection) -> Self {
        match rejection.status() {
            status if status.is_client_error() => Self::new(
                status,
                "malformed_path",
                "The address has a part of another form than this operation takes.",
            ),
            status => Self::new(status, "server_error", "The server could not complete this request."),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Json;
    use axum::RequestExt as _;
    use axum_core::body::Body;
    use axum_core::extract::Request;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    fn json_of(problem: &ProblemDetails) -> Value {
        serde_json::to_value(problem).unwrap()
    }

    #[test]
    fn a_problem_contains_what_it_was_given() {
        let problem = ProblemDetails::new(StatusCode::CONFLICT, "taken", "Taken.");
        let plain = json!({ "type": "about:blank", "title": "Conflict", "status": 409, "code": "taken", "detail": "Taken." });
        assert_eq!(json_of(&problem), plain);
        let whole = problem
            .with_type("https://api.test/problems/taken")
            .with_title("Name taken")
            .with_instance("/posts/7")
            .with_member("suggestion", "b")
            .with_member("tries", 3);
        let expected = json!({
            "type": "https://api.test/problems/taken", "title": "Name taken", "status": 409, "code": "taken",
            "detail": "Taken.", "instance": "/posts/7", "suggestion": "b", "tries": 3,
        });
        assert_eq!(json_of(&whole), expected);
    }

    /// Two members of one name would mean one thing to one reader, and another thing to another.
    #[test]
    fn a_member_of_the_application_replaces_none_of_the_type() {
        let problem = ProblemDetails::new(StatusCode::CONFLICT, "taken", "Taken.");
        let changed = OWN.iter().fold(problem.clone(), |problem, name| problem.with_member(*name, "x"));
        assert_eq!(serde_json::to_string(&changed).unwrap(), serde_json::to_string(&problem).unwrap());
    }

    #[test]
    fn the_response_has_the_status_and_the_media_type() {
        let mut problem = ProblemDetails::new(StatusCode::TOO_MANY_REQUESTS, "slow_down", "Later.");
        let response = problem.clone().into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        problem.status = 7;
        assert_eq!(problem.into_response().status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[derive(Debug, Deserialize)]
    struct Login {
        #[expect(dead_code, reason = "it is only parsed")]
        password: u64,
    }

    #[tokio::test]
    async fn a_body_that_does_not_parse_is_a_problem_without_its_content() {
        for (media_type, body, status, code) in [
            ("text/plain", "hunter2", 415, "unsupported_media_type"),
            ("application/json", "{ hunter2", 400, "malformed_body"),
            ("application/json", r#"{ "password": "hunter2" }"#, 422, "unprocessable_body"),
        ] {
            let request = Request::builder().header(CONTENT_TYPE, media_type).body(Body::from(body)).unwrap();
            let rejection = request.extract::<Json<Login>, _>().await.unwrap_err();
            let problem = ProblemDetails::from(rejection);
            assert_eq!((problem.status, problem.code.as_str()), (status, code));
            assert!(!json_of(&problem).to_string().contains("hunter2"));
        }
    }
}
