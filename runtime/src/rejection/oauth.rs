//! Refusals of the endpoints that speak OAuth: a problem, with the members of RFC 6749 section 5.2 beside its own.

use axum_core::response::Response;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Serialize;

use super::{Denial, ProblemDetails};

/// The media type of the body.
///
/// The client of a JSON request reads problems, as from every other operation. That of a form is an OAuth client. It reads
/// `application/json` alone (RFC 6749 section 5.2), and ignores the members that it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OAuthBody {
    Json,
    Problem,
}

/// The body of a refusal by an endpoint that speaks OAuth: `error` (RFC 6749 section 5.2) beside the members of a problem (RFC 9457).
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::OAuthError))]
pub(crate) struct OAuthError {
    /// The cause, as RFC 6749, RFC 6750 and RFC 7009 name it.
    error: &'static str,
    /// A sentence for people, the same as `detail`.
    error_description: String,
    #[serde(flatten)]
    problem: ProblemDetails,
}

impl OAuthBody {
    pub(super) fn response<B: From<Vec<u8>>>(self, denial: Denial, problem: ProblemDetails) -> Response<B> {
        let mut response = problem.response_with(&OAuthError {
            error: error(denial),
            error_description: problem.detail.clone(),
            problem: problem.clone(),
        });
        if self == Self::Json {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        response
    }
}

/// The code, where an RFC of OAuth has it. Of the others, each means one of these to a client.
fn error(denial: Denial) -> &'static str {
    match denial {
        Denial::CrossSite | Denial::NotFound | Denial::PlainHttp | Denial::UnsupportedMediaType => {
            "invalid_request"
        }
        Denial::InvalidCredentials | Denial::MissingCredentials | Denial::MissingRefreshToken => {
            "invalid_client"
        }
        Denial::Forbidden => "access_denied",
        Denial::Internal
        | Denial::InsufficientScope { .. }
        | Denial::InvalidGrant
        | Denial::InvalidRequest
        | Denial::InvalidToken
        | Denial::StaleSignIn { .. }
        | Denial::Unavailable
        | Denial::UnsupportedGrantType => denial.code(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum_core::response::IntoResponse as _;
    use http::header::{CACHE_CONTROL, RETRY_AFTER};

    use super::*;
    use crate::rejection::AuthRejection;

    const ALL: [Denial; 16] = [
        Denial::CrossSite,
        Denial::PlainHttp,
        Denial::Forbidden,
        Denial::InsufficientScope { required: None },
        Denial::InvalidCredentials,
        Denial::Internal,
        Denial::InvalidGrant,
        Denial::InvalidRequest,
        Denial::InvalidToken,
        Denial::MissingCredentials,
        Denial::MissingRefreshToken,
        Denial::NotFound,
        Denial::UnsupportedMediaType,
        Denial::UnsupportedGrantType,
        Denial::StaleSignIn { max_age: Duration::from_secs(60) },
        Denial::Unavailable,
    ];

    /// RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750 section 3.1, RFC 9470 section 3: the registered errors, and nothing else.
    #[test]
    fn every_error_is_registered_and_in_the_characters_of_its_grammar() {
        const REGISTERED: [&str; 11] = [
            "access_denied",
            "insufficient_scope",
            "insufficient_user_authentication",
            "invalid_client",
            "invalid_grant",
            "invalid_request",
            "invalid_token",
            "server_error",
            "temporarily_unavailable",
            "unsupported_grant_type",
            "unsupported_token_type",
        ];
        for denial in ALL {
            assert!(REGISTERED.contains(&error(denial)), "{denial:?}");
            // NQSCHAR of RFC 6749 appendix A.8.
            let text = AuthRejection::from(denial).to_string();
            let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
            assert!(text.bytes().all(allowed), "{text}");
        }
    }

    #[test]
    fn the_media_type_is_that_of_the_client_and_the_members_are_those_of_both_readers() {
        for denial in ALL {
            for (body, media_type) in
                [(OAuthBody::Json, "application/json"), (OAuthBody::Problem, "application/problem+json")]
            {
                let response = AuthRejection::from(denial).in_oauth(body).into_response();
                assert_eq!(response.status(), denial.status());
                assert_eq!(response.headers()[CONTENT_TYPE], media_type);
                assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
                let is_outage = denial == Denial::Unavailable;
                assert_eq!(response.headers().contains_key(RETRY_AFTER), is_outage, "{denial:?}");
            }
        }
        let problem = AuthRejection::from(Denial::UnsupportedMediaType).in_oauth(OAuthBody::Json);
        let body: Vec<u8> = problem.response::<Vec<u8>>().into_body();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (&body["error"], &body["code"]),
            (&"invalid_request".into(), &"unsupported_media_type".into())
        );
        assert_eq!((&body["status"], &body["error_description"]), (&415.into(), &body["detail"]));
    }
}
