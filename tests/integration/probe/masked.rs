//! Routes at whose paths other routes answer: the probe asks each where it answers itself.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use countersign::testing::{GapKind, TestAuth};
use countersign::{
    Access, AuthRejection, AuthRouter, DeclaresAccess, ProvidesClaims, Rule, authenticated, require_role,
    routes,
};

use super::{State, probe};
use crate::support::User;

/// Says that it is for administrators, and lets every signed-in user in.
struct Lie;

impl<S: ProvidesClaims<User>> FromRequestParts<S> for Lie {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthRejection> {
        User::from_request_parts(parts, state).await.map(|_| Self)
    }
}

impl DeclaresAccess for Lie {
    const ACCESS: Access = Access::Require(Rule::Role("admin"));
    type Demands = countersign::Session<User>;
}

async fn lie(_: Lie) -> &'static str {
    "not for everybody"
}

#[require_role("admin")]
async fn honest() {}

#[authenticated]
async fn page() {}

/// The routes, and whether the last one of them is a lie.
fn routers() -> [(&'static str, AuthRouter<State>, bool); 6] {
    let new = AuthRouter::<State>::new;
    [
        ("any other method", new().routes(routes!(GET | POST "/x" => honest, ANY "/x" => lie)), true),
        (
            "any other method, honest",
            new().routes(routes!(GET | POST "/x" => page, ANY "/x" => honest)),
            false,
        ),
        (
            "every known method",
            new()
                .routes(routes!(GET | POST | PUT | PATCH | DELETE | OPTIONS "/x" => honest, ANY "/x" => lie)),
            true,
        ),
        (
            "a literal",
            new().routes(routes!(GET "/u/me" => honest, GET "/u/1" => honest, GET "/u/{id}" => lie)),
            true,
        ),
        (
            "a literal, honest",
            new().routes(routes!(GET "/u/me" => page, GET "/u/1" => page, GET "/u/{id}" => honest)),
            false,
        ),
        (
            "a literal before a parameter",
            new().routes(routes!(GET "/1/{b}" => honest, GET "/{a}/1" => lie)),
            true,
        ),
    ]
}

#[tokio::test]
async fn a_route_is_asked_where_no_other_route_answers() {
    for (name, router, lies) in routers() {
        let auth = TestAuth::new();
        let report = probe(&auth, router).run().await;
        let found = report.gaps().any(|gap| gap.kind() != GapKind::NotProbed);
        assert_eq!(found, lies, "{name}: {report}");
    }
}

/// A value that leads to another route is no proof of this one.
#[tokio::test]
async fn a_value_with_which_another_route_answers_is_a_gap() {
    let auth = TestAuth::new();
    let router = AuthRouter::<State>::new().routes(routes!(GET "/u/me" => honest, GET "/u/{id}" => lie));
    let report = probe(&auth, router).param("id", "me").run().await;
    let gaps: Vec<_> = report.gaps().map(|gap| (gap.kind(), gap.path())).collect();
    assert_eq!(gaps, [(GapKind::NotProbed, "/u/{id}")], "{report}");
}
