//! A row that is gone, where another one lets more people in.

use axum::Router;
use axum::routing::get;
use countersign::Unguarded;

use super::*;

mod specific {
    use super::*;

    #[require_role("admin")]
    #[utoipa::path(head, path = "/x")]
    pub(super) async fn head() {}

    #[require_role("admin")]
    #[utoipa::path(get, path = "/reports/secret")]
    pub(super) async fn secret() {}
}

mod broader {
    use super::*;

    #[public(reason = "for everybody")]
    #[utoipa::path(get, path = "/x")]
    pub(super) async fn get() {}

    #[authenticated]
    #[utoipa::path(get, path = "/reports/{id}")]
    pub(super) async fn report() {}

    #[public(reason = "the page of the application")]
    pub(super) async fn page() {}
}

#[track_caller]
fn tells(before: &AuthRouter<State>, now: &AuthRouter<State>, expected: &str) {
    if !accepting() {
        let message = failure(&before.access_matrix(), &now.access_matrix());
        assert!(message.contains(&format!("\n\n{expected}\n")), "{expected}\n{message}");
        assert!(message.contains("changes: 1, of which let more people in: "), "{message}");
    }
}

/// Each path is served to more callers than before.
#[test]
fn removing_a_guarded_route_in_front_of_a_broader_one_is_wider() {
    let router = AuthRouter::<State>::new;
    let service = || get(async || "secret");
    let files = || router().nest_service("/files", Unguarded("assets are no secret"), service());
    tells(
        &files().route_service("/files/payroll.pdf", auth().layer().role(Rank::Admin), service()),
        &files(),
        "wider: * /files/payroll.pdf (answered by * /files/{*path})\n  \
            was: role `admin`\n  now: public: assets are no secret",
    );
    tells(
        &router().routes(routes!(specific::head, broader::get)),
        &router().routes(routes!(broader::get)),
        "wider: HEAD /x (answered by GET /x)\n  was: role `admin`\n  now: public: for everybody",
    );
    tells(
        &router().routes(routes!(specific::secret, broader::report)),
        &router().routes(routes!(broader::report)),
        "wider: GET /reports/secret (answered by GET /reports/{id})\n  was: role `admin`\n  now: any signed-in user",
    );
    tells(
        &router().routes(routes!(specific::secret)).fallback(fallback!(broader::page)),
        &router().fallback(fallback!(broader::page)),
        "wider: GET /reports/secret (answered by * /{*fallback})\n  \
            was: role `admin`\n  now: public: the page of the application",
    );
}

#[test]
fn removing_a_route_beside_unlisted_routes_is_possibly_wider() {
    let legacy = || AuthRouter::<State>::new().unguarded("legacy", Router::new());
    tells(
        &legacy().routes(routes!(specific::secret)),
        &legacy(),
        "possibly wider: GET /reports/secret (may be answered by * routes of a router that keeps them to itself)\n  \
            was: role `admin`\n  now: public: legacy",
    );
}

/// Only the order of calls differs, and anonymous callers get in.
#[test]
fn swapping_the_handlers_for_other_methods_of_two_paths_is_wider() {
    #[public(reason = "for everybody")]
    async fn open() {}

    if accepting() {
        return;
    }
    let before = AuthRouter::<State>::new()
        .routes(routes!(me))
        .method_not_allowed_fallback(fallback!(nothing_here))
        .routes(routes!(feed))
        .method_not_allowed_fallback(fallback!(open));
    let now = AuthRouter::<State>::new()
        .routes(routes!(feed))
        .method_not_allowed_fallback(fallback!(nothing_here))
        .routes(routes!(me))
        .method_not_allowed_fallback(fallback!(open));
    let message = failure(&before.access_matrix(), &now.access_matrix());
    assert!(
        message.contains("\nwider: other /me\n") && message.contains("\nnarrower: other /feed\n"),
        "{message}"
    );
}
