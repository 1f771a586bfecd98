//! Routes that do not enforce the access that they declare. The probe names the route, the request and the answer.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use countersign::__private::Guard;
use countersign::store::MemoryStore;
use countersign::testing::{AccessProbe, GapKind, ProbeReport, TestAuth, TestClock};
use countersign::{
    Access, AuthRejection, AuthRouter, DeclaresAccess, Liveness, Policy, Rule, Session, authenticated,
    require_role, routes,
};
use serde_json::Value;

use super::{State, probe};
use crate::support::{NOW, SECOND, User, builder, payload_of};

/// An extractor that declares an access and decides by other means.
macro_rules! declares {
    ($name:ident, $access:expr, |$parts:ident, $state:ident| $decide:expr) => {
        struct $name;

        impl DeclaresAccess for $name {
            const ACCESS: Access = $access;
            type Demands = ();
        }

        impl FromRequestParts<State> for $name {
            type Rejection = Response;

            #[allow(unused_variables, reason = "some look at nothing")]
            async fn from_request_parts($parts: &mut Parts, $state: &State) -> Result<Self, Response> {
                $decide
            }
        }
    };
}

const ADMIN: Access = Access::Require(Rule::Role("admin"));

macro_rules! policy {
    ($name:ident, $access:expr) => {
        enum $name {}

        impl Policy for $name {
            const ACCESS: Access = $access;
            type Roles = ();
            type Checks = ();
            type Proves = ();
        }
    };
}

mod roles;
mod unprobed;

policy!(Editors, Access::Require(Rule::Role("editor")));
policy!(SignedIn, Access::Authenticated);

async fn pass<P: Policy<Checks = (), Proves = ()>>(parts: &mut Parts, state: &State) -> Result<(), Response> {
    let guard = Guard::<P>::from_request_parts(parts, state).await;
    guard.map(drop).map_err(AuthRejection::into_response)
}

/// The report on these routes.
async fn report(routes: impl FnOnce(AuthRouter<State>) -> AuthRouter<State>) -> ProbeReport {
    let auth = TestAuth::new();
    probe(&auth, routes(AuthRouter::new())).run().await
}

/// The gaps of requests by `method`, as kind, request and answer.
fn gaps<'r>(report: &'r ProbeReport, method: &str) -> Vec<(GapKind, &'r str, &'r str)> {
    let gaps = report.gaps().filter(|gap| gap.method() == method);
    gaps.map(|gap| (gap.kind(), gap.request(), gap.answer())).collect()
}

/// Rows 48 and 49: the guard was removed, and only the declaration is left.
#[tokio::test]
async fn removed_guard_is_found() {
    declares!(Removed, ADMIN, |parts, state| Ok(Self));
    #[utoipa::path(get, path = "/removed")]
    async fn removed(_: Removed) {}

    let report = report(|router| router.routes(routes!(removed))).await;
    let found = gaps(&report, "GET");
    for request in [
        "no token",
        "malformed token",
        "tampered token",
        "expired token",
        "token that is not valid yet",
        "token for another audience",
        "token of another issuer",
        "unsigned token (alg none)",
        "token signed with another key",
        "refresh token as access token",
        "a user without roles and scopes",
        "role `member`",
        "role `editor`",
        "role `support`",
    ] {
        assert!(found.contains(&(GapKind::LetThrough, request, "200")), "{request}: {report}");
    }
    assert_eq!(found.len(), 14, "{report}");
    assert_eq!(gaps(&report, "HEAD").len(), 14, "{report}");
    let text = report.to_string();
    assert!(text.contains("GET     /removed       "), "{text}");
    assert!(
        text.contains(
            "gap: GET /removed lets a caller through that it should refuse\n  request:  no token\n  \
             expected: 401 missing_credentials\n  answer:   200\n  declared: "
        ),
        "{text}"
    );
}

#[tokio::test]
#[should_panic = "28 gaps\n\nmethod"]
async fn test_with_a_gap_fails_with_the_report() {
    declares!(Removed, ADMIN, |parts, state| Ok(Self));
    #[utoipa::path(get, path = "/removed")]
    async fn removed(_: Removed) {}
    report(|router| router.routes(routes!(removed))).await.assert_no_gaps();
}

/// Row 31: everything is verified except the expiry.
#[tokio::test]
async fn extractor_that_takes_expired_tokens_is_found() {
    fn is_expired(parts: &Parts) -> bool {
        let header = parts.headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap());
        // A text that is not a JSON object in base64url is not a token of ours.
        let token =
            header.and_then(|header| header.strip_prefix("Bearer ")).filter(|token| token.starts_with("eyJ"));
        token.is_some_and(|token| payload_of(token)["exp"].as_i64().unwrap() < NOW)
    }

    declares!(Lenient, Access::Authenticated, |parts, state| match pass::<SignedIn>(parts, state).await {
        Err(_) if is_expired(parts) => Ok(Self),
        decided => decided.map(|()| Self),
    });
    #[utoipa::path(get, path = "/lenient")]
    async fn lenient(_: Lenient) {}

    let report = report(|router| router.routes(routes!(lenient))).await;
    assert_eq!(gaps(&report, "GET"), [(GapKind::LetThrough, "expired token", "200")], "{report}");
}

/// Row 49: the enforced rule is not the declared one.
#[tokio::test]
async fn wrong_role_is_found() {
    declares!(Wrong, ADMIN, |parts, state| pass::<Editors>(parts, state).await.map(|()| Self));
    #[utoipa::path(post, path = "/wrong")]
    async fn wrong(_: Wrong) {}

    let report = report(|router| router.routes(routes!(wrong))).await;
    assert_eq!(gaps(&report, "POST"), [(GapKind::LetThrough, "role `editor`", "200")], "{report}");
}

/// Row 50: a layer demands more than the route declares, so the document is wrong for callers who should pass.
#[tokio::test]
async fn stricter_layer_than_declared_is_found() {
    #[require_role("member")]
    #[utoipa::path(get, path = "/members")]
    async fn members() {}
    let auth = TestAuth::new();
    let router = AuthRouter::new().routes(routes!(members)).layer(auth.layer().role("editor"));
    let report = probe(&auth, router).run().await;
    let refused = (GapKind::Refused, "role `member`", "403 insufficient_scope");
    assert_eq!(gaps(&report, "GET"), [refused], "{report}");
}

/// Row 52: the body is parsed before the caller is verified.
struct BodyFirst;

impl DeclaresAccess for BodyFirst {
    const ACCESS: Access = Access::Authenticated;
    type Demands = ();
}

impl FromRequest<State> for BodyFirst {
    type Rejection = Response;

    async fn from_request(request: Request, state: &State) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let request = Request::from_parts(parts.clone(), body);
        let body = Option::<Json<Value>>::from_request(request, state).await;
        body.map_err(IntoResponse::into_response)?;
        pass::<SignedIn>(&mut parts, state).await.map(|()| Self)
    }
}

#[tokio::test]
async fn body_that_is_read_before_the_guard_is_found() {
    #[utoipa::path(post, path = "/body")]
    async fn body(_: BodyFirst) {}

    let report = report(|router| router.routes(routes!(body))).await;
    let found = gaps(&report, "POST");
    let no_token = "no token, with a body that is no JSON";
    assert!(found.contains(&(GapKind::BodyFirst, no_token, "400, after the body was read")), "{report}");
    assert_eq!(found.len(), 10, "one for each request that is refused\n{report}");
    assert!(found.iter().all(|(kind, ..)| *kind == GapKind::BodyFirst), "{report}");
}

/// Row 52: the request is refused, but a layer has read a body that may be a gigabyte.
#[tokio::test]
async fn layer_that_reads_bodies_before_the_guard_is_found() {
    async fn buffered(request: Request, next: axum::middleware::Next) -> Response {
        let (parts, body) = request.into_parts();
        let bytes = axum::body::to_bytes(body, 1024).await.unwrap();
        next.run(Request::from_parts(parts, bytes.into())).await
    }
    #[authenticated]
    #[utoipa::path(get, path = "/me")]
    async fn me() {}
    let layer = axum::middleware::from_fn(buffered);
    let report = report(|router| router.routes(routes!(me)).layer(layer)).await;
    let found = gaps(&report, "GET");
    assert_eq!(
        found[0],
        (
            GapKind::BodyFirst,
            "no token, with a body that is no JSON",
            "401 missing_credentials, after the body was read"
        ),
        "{report}"
    );
}

/// Row 59: a caller with a bad token passes as anonymous.
#[tokio::test]
async fn optional_route_that_takes_bad_tokens_for_none_is_found() {
    declares!(Lax, Access::Optional, |parts, state| {
        let session = <Session<User> as FromRequestParts<State>>::from_request_parts(parts, state).await;
        drop(session);
        Ok(Self)
    });
    #[utoipa::path(get, path = "/lax")]
    async fn lax(_: Lax) {}

    let report = report(|router| router.routes(routes!(lax))).await;
    let found = gaps(&report, "GET");
    assert_eq!(found.len(), 9, "{report}");
    assert!(
        found.iter().all(|(kind, _, answer)| (*kind, *answer) == (GapKind::LetThrough, "200")),
        "{report}"
    );
    assert!(!found.iter().any(|(_, request, _)| *request == "no token"), "{report}");
}

#[tokio::test]
async fn optional_route_that_refuses_visitors_is_found() {
    declares!(Strict, Access::Optional, |parts, state| pass::<SignedIn>(parts, state).await.map(|()| Self));
    #[utoipa::path(get, path = "/strict")]
    async fn strict(_: Strict) {}

    let report = report(|router| router.routes(routes!(strict))).await;
    assert_eq!(gaps(&report, "GET"), [(GapKind::Refused, "no token", "401 missing_credentials")], "{report}");
}

/// Row 62: without a challenge, a client does not know what a 401 demands.
#[tokio::test]
async fn refusal_without_a_challenge_is_found() {
    declares!(Mute, Access::Authenticated, |parts, state| {
        pass::<SignedIn>(parts, state)
            .await
            .map(|()| Self)
            .map_err(|refused| refused.status().into_response())
    });
    #[utoipa::path(post, path = "/mute")]
    async fn mute(_: Mute) {}

    let report = report(|router| router.routes(routes!(mute))).await;
    let found = gaps(&report, "POST");
    assert!(found.contains(&(GapKind::WrongRefusal, "no token", "401")), "{report}");
    assert!(found.iter().all(|(kind, ..)| *kind == GapKind::WrongRefusal), "{report}");
}

/// 403 where 401 belongs, and the other way round.
#[tokio::test]
async fn refusal_with_the_wrong_status_is_found() {
    declares!(Swapped, ADMIN, |parts, state| {
        pass::<SignedIn>(parts, state).await?;
        let admin = pass::<Editors>(parts, state).await.map(|()| Self);
        admin.map_err(|_| StatusCode::UNAUTHORIZED.into_response())
    });
    #[utoipa::path(post, path = "/swapped")]
    async fn swapped(_: Swapped) {}

    let report = report(|router| router.routes(routes!(swapped))).await;
    let found = gaps(&report, "POST");
    assert!(found.contains(&(GapKind::WrongRefusal, "role `member`", "401")), "{report}");
    assert!(found.contains(&(GapKind::LetThrough, "role `editor`", "200")), "{report}");
}

/// Rows 60, 61 and 94: the conditions of a rule that are not roles.
#[tokio::test]
async fn forgotten_conditions_are_found() {
    const RULE: Rule = Rule::All(&[
        Rule::Role("admin"),
        Rule::Fresh(SECOND.saturating_mul(600)),
        Rule::NotImpersonated,
        Rule::BothTokens,
    ]);
    policy!(Admins, ADMIN);
    declares!(Forgetful, Access::Require(RULE), |parts, state| pass::<Admins>(parts, state)
        .await
        .map(|()| Self));
    #[utoipa::path(post, path = "/forgetful")]
    async fn forgetful(_: Forgetful) {}

    let report = report(|router| router.routes(routes!(forgetful))).await;
    let found = gaps(&report, "POST");
    let requests: Vec<_> = found.iter().map(|(_, request, _)| *request).collect();
    assert_eq!(
        requests,
        [
            "token of an ended session",
            "role `admin`",
            "role `admin`, with the refresh token of another session",
            "role `admin`, signed in 601s ago, with the refresh token",
            "role `admin`, impersonated, with the refresh token",
        ],
        "{report}"
    );
    assert!(found.iter().all(|(kind, ..)| *kind == GapKind::LetThrough), "{report}");
}

/// Row 53: a layer around the router answers methods that it should refuse.
#[tokio::test]
async fn unguarded_method_is_found() {
    #[authenticated]
    #[utoipa::path(get, path = "/traced")]
    async fn traced() {}
    let echo = from_fn(async |request: Request, next: Next| match *request.method() {
        Method::TRACE => "echo".into_response(),
        _ => next.run(request).await,
    });
    let report = report(|router| router.routes(routes!(traced)).layer(echo)).await;
    assert_eq!(gaps(&report, "TRACE"), [(GapKind::LetThrough, "no token", "200")], "{report}");
    assert_eq!(report.gaps().count(), 1, "{report}");
}

/// A 404 of the handler is fine; a 404 of the router is a mistake of the matrix.
#[tokio::test]
async fn route_that_is_not_there_is_found() {
    #[authenticated]
    #[utoipa::path(get, path = "/numbered/{id}")]
    async fn numbered() {}
    let auth = TestAuth::new();
    let router = AuthRouter::new().routes(routes!(numbered));
    let report = probe(&auth, router).param("id", "a/b").run().await;
    assert_eq!(
        gaps(&report, "GET"),
        [(GapKind::NoSuchRoute, "no token", "404, since no route matches")],
        "{report}"
    );
}

/// A public route behind a guard.
#[tokio::test]
async fn public_route_that_is_refused_is_found() {
    #[countersign::public(reason = "everybody may read")]
    #[utoipa::path(get, path = "/news")]
    async fn news() {}
    let auth = TestAuth::new();
    let router = AuthRouter::new().routes(routes!(news)).layer(auth.layer());
    let report = probe(&auth, router).run().await;
    let refused = |request, answer| (GapKind::Refused, request, answer);
    let expected =
        [refused("no token", "401 missing_credentials"), refused("malformed token", "401 invalid_token")];
    assert_eq!(gaps(&report, "GET"), expected, "{report}");
}

/// Row 94: where every session is to be looked up, a route whose guard looks none up is found.
#[tokio::test]
async fn guard_that_is_not_live_is_found_where_all_should_be() {
    let (clock, store) = (TestClock::at(NOW), Arc::new(MemoryStore::new()));
    let auth = |liveness| builder(&clock).store(Arc::clone(&store)).liveness(liveness).build().unwrap();
    let (asks, asks_not) = (auth(Liveness::Always), auth(Liveness::default()));
    let probe = |guard| {
        let router = AuthRouter::new().routes(routes!(looks_up)).with_state(guard);
        AccessProbe::new(router, &asks).claims(User::with(&[])).run()
    };
    probe(asks.clone()).await.assert_no_gaps();
    let report = probe(asks_not).await;
    assert!(report.gaps().count() > 0);
    assert!(report.gaps().all(|gap| gap.request().starts_with("token of an ended session")), "{report}");
}

#[authenticated]
#[utoipa::path(get, path = "/looks-up")]
async fn looks_up(_: User) {}
