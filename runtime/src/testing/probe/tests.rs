//! Rows for every method, as services below a prefix have them.

use axum::Router;
use axum::routing::any;
use http::StatusCode;

use super::{AccessProbe, GapKind, ProbeReport};
use crate::access::{Access, Rule};
use crate::claims::role::RoleTable;
use crate::matrix::{AccessRow, Declaration, DeclaredWhere, Methods, RoutePlace};
use crate::router::AuthRouter;
use crate::testing::TestAuth;

#[derive(crate::SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<String>,
}

/// The report about a router that has this row alone, for every method.
async fn report(
    auth: &TestAuth<User>,
    router: Router,
    path: &str,
    access: Access,
    declared: DeclaredWhere,
) -> ProbeReport {
    let mut probe = AccessProbe::new(AuthRouter::new().unguarded("its row follows", router), auth);
    let declaration = Declaration::new(access, declared, RoleTable::NONE);
    let place = RoutePlace::read(path, true);
    probe.rows = vec![AccessRow::new(Methods::Every, place, declaration, std::panic::Location::caller())];
    probe.claims(User { id: 7, roles: Vec::new() }).run().await
}

fn files(guarded_by: Option<&TestAuth<User>>) -> Router {
    let files = Router::new().route("/{name}", any(|| async { StatusCode::NOT_FOUND }));
    let files = guarded_by.into_iter().fold(files, |files, auth| files.layer(auth.layer().role("reader")));
    Router::new().nest_service("/files", files)
}

const READERS: Access = Access::Require(Rule::Role("reader"));

/// Row 55.
#[tokio::test]
async fn service_below_a_prefix_is_asked_for_every_method() {
    let auth = TestAuth::new();
    let told = report(&auth, files(Some(&auth)), "/files/{*path}", READERS, DeclaredWhere::Router).await;
    told.assert_no_gaps();
    assert_eq!(told.not_probed().count(), 0, "{told}");

    let told = report(&auth, files(None), "/files/{*path}", READERS, DeclaredWhere::Router).await;
    assert!(
        told.gaps().any(|gap| gap.kind() == GapKind::LetThrough && gap.request() == "no token"),
        "{told}"
    );
}

/// A service that answers every method must not answer unknown methods without the access either.
#[tokio::test]
async fn service_that_serves_other_methods_to_strangers_is_a_gap() {
    let auth = TestAuth::new();
    let echo = any(|| async { "hello" }).get(|| async { "hello" });
    let echo = Router::new().route("/echo", echo);
    let told = report(&auth, echo, "/echo", Access::Authenticated, DeclaredWhere::Router).await;
    // TRACE reaches no service in an `AuthRouter`.
    for method in ["GET", "OPTIONS", "PROBE"] {
        assert!(told.gaps().any(|gap| gap.method() == method && gap.request() == "no token"), "{told}");
    }
}

/// A check may refuse a signed-in user with 403 or 404, and never with 401.
#[tokio::test]
async fn signed_in_user_who_is_told_to_sign_in_where_a_check_decides_is_a_gap() {
    let auth = TestAuth::new();
    let closed = Router::new().route("/posts", any(|| async { StatusCode::UNAUTHORIZED }));
    let access = Access::Require(Rule::Check { name: "owns", not_found: false });
    let told = report(&auth, closed, "/posts", access, DeclaredWhere::Router).await;
    assert!(told.gaps().any(|gap| gap.kind() == GapKind::Refused), "{told}");
}

#[tokio::test]
async fn guarded_prefix_where_nothing_answers_is_a_gap() {
    let auth = TestAuth::new();
    let told = report(&auth, Router::new(), "/files/{*path}", READERS, DeclaredWhere::Router).await;
    let gaps: Vec<_> = told.gaps().map(|gap| (gap.kind(), gap.path(), gap.answer())).collect();
    let answer =
        "none: no route has a path that would be requested; name the path of one with `AccessProbe::at`";
    assert_eq!(gaps, [(GapKind::NotProbed, "/files/{*path}", answer)], "{told}");
    assert_eq!(told.requests(), 0, "{told}");
}

#[tokio::test]
async fn open_prefix_where_nothing_answers_is_unproven_and_no_gap() {
    let auth = TestAuth::new();
    let told = report(&auth, Router::new(), "/files/{*path}", Access::Optional, DeclaredWhere::Router).await;
    assert_eq!((told.gaps().count(), told.not_probed().count(), told.requests()), (0, 1, 0), "{told}");
    assert!(told.to_string().contains("unproven"), "{told}");
}

#[tokio::test]
async fn what_was_added_without_an_access_is_not_probed() {
    let auth = TestAuth::new();
    let access = Access::Public { reason: "guards itself" };
    let told = report(&auth, files(Some(&auth)), "/files/{*path}", access, DeclaredWhere::Nowhere).await;
    assert_eq!((told.requests(), told.not_probed().count()), (0, 1), "{told}");
}

/// A router that is merged has no path, so it is named.
#[tokio::test]
async fn guarded_routes_that_are_not_listed_are_a_gap_by_name() {
    let auth = TestAuth::new();
    for (place, declared) in [
        ("unlisted routes", DeclaredWhere::Router),
        ("unlisted routes, below /api", DeclaredWhere::Router),
        // A guard around routes that were added without an access.
        ("unlisted routes", DeclaredWhere::Nowhere),
    ] {
        let told = report(&auth, Router::new(), place, READERS, declared).await;
        let gaps: Vec<_> = told.gaps().map(|gap| (gap.kind(), gap.path(), gap.answer())).collect();
        let path = RoutePlace::read(place, true).to_string();
        let answer = "none: the router that it answers in does not list its routes; name the path of one with `AccessProbe::at`";
        assert_eq!(gaps, [(GapKind::NotProbed, path.as_str(), answer)], "{told}");
    }
}
