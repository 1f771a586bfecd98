//! Handlers for the methods that no route of a path has are probed like routes.

use std::convert::Infallible;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::routing::get;
use countersign::testing::{GapKind, ProbeReport, TestAuth};
use countersign::{
    Access, AuthRouter, DeclaresAccess, Rule, authenticated, fallback, public, require_role, routes,
};

use super::{State, probe};

#[authenticated]
#[utoipa::path(get, path = "/signed-in")]
async fn signed_in() {}

#[public(reason = "for everybody")]
#[utoipa::path(get, path = "/open")]
async fn open() {}

#[public(reason = "says which methods there are")]
async fn help() -> &'static str {
    "GET"
}

#[require_role("admin")]
async fn for_admins() {}

/// Declares an access that it does not enforce.
struct Unenforced;

impl DeclaresAccess for Unenforced {
    const ACCESS: Access = Access::Require(Rule::Role("admin"));
    type Demands = ();
}

impl<S: Sync> FromRequestParts<S> for Unenforced {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

async fn unenforced(_: Unenforced) -> &'static str {
    "for administrators"
}

async fn report(router: AuthRouter<State>) -> ProbeReport {
    probe(&TestAuth::new(), router).run().await
}

#[tokio::test]
async fn correct_handlers_for_other_methods_are_no_gaps() {
    let router = AuthRouter::new()
        .routes(routes!(signed_in))
        .method_not_allowed_fallback(fallback!(help))
        .routes(routes!(open))
        .method_not_allowed_fallback(fallback!(for_admins));
    let auth = TestAuth::new();
    let told = probe(&auth, router).run().await;
    told.assert_no_gaps();
    assert_eq!(told.not_probed().count(), 0, "{told}");
}

#[tokio::test]
async fn unguarded_handler_for_other_methods_is_found_on_every_path() {
    let router = AuthRouter::new().routes(routes!(signed_in, open));
    let told = report(router.method_not_allowed_fallback(fallback!(unenforced))).await;
    for path in ["/signed-in", "/open"] {
        let mut gaps = told.gaps().filter(|gap| gap.path() == path && gap.method() == "other");
        assert!(gaps.any(|gap| gap.kind() == GapKind::LetThrough && gap.request() == "no token"), "{told}");
    }
}

/// The paths are not listed.
#[tokio::test]
async fn other_methods_of_a_router_of_axum_are_reported_and_not_probed() {
    let auth = TestAuth::new();
    let router = AuthRouter::new()
        .nest_router("/legacy", auth.layer(), Router::new().route("/a", get(async || "a")))
        .method_not_allowed_fallback(fallback!(help))
        .routes(routes!(signed_in));
    let told = probe(&auth, router).at("*", "/legacy/{*path}", "/legacy/a").run().await;
    told.assert_no_gaps();
    let line = "other /legacy/{*path}: the router that it answers in does not list its routes; name the path of one \
        with `AccessProbe::at`";
    assert!(told.not_probed().any(|note| note == line), "{told}");
}
