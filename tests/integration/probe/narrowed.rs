//! A probe of some routes.

use countersign::testing::TestAuth;
use countersign::{AuthRouter, authenticated, require_role, routes};

use super::{State, probe};

#[authenticated]
#[utoipa::path(get, path = "/me")]
async fn me() {}

#[require_role("editor")]
#[utoipa::path(post, path = "/posts")]
async fn write() {}

#[require_role("member")]
#[utoipa::path(get, path = "/posts")]
async fn posts() {}

fn router() -> AuthRouter<State> {
    AuthRouter::new().routes(routes!(me, write, posts))
}

#[tokio::test]
async fn named_paths_are_asked_and_the_rest_is_said_to_be_unknown() {
    let auth = TestAuth::new();
    let all = probe(&auth, router()).run().await;
    assert_eq!(all.left_out(), 0);
    assert!(!all.to_string().contains("narrowed to"), "{all}");

    let report = probe(&auth, router()).only(["/posts"]).run().await;
    report.assert_no_gaps();
    assert_eq!(report.left_out(), 1);
    assert!(report.requests() < all.requests());
    let text = report.to_string();
    assert!(text.contains("\nnarrowed to 2 of 3 routes; nothing is known about the others\n"), "{text}");
    assert!(text.contains("/posts") && !text.contains("GET     /me"), "{text}");
}

/// A gap elsewhere is not the narrowed probe's.
#[tokio::test]
async fn gaps_of_the_asked_routes_are_gaps() {
    let auth = TestAuth::new();
    let stricter = || router().layer(auth.layer().role("editor"));
    let report = probe(&auth, stricter()).only(["/posts"]).run().await;
    assert!(report.gaps().count() > 0, "{report}");
    assert!(report.gaps().all(|gap| gap.path() == "/posts" && gap.method() != "POST"), "{report}");
}

#[tokio::test]
async fn routes_that_an_earlier_matrix_has_otherwise_are_asked() {
    #[require_role("support")]
    #[utoipa::path(post, path = "/posts")]
    async fn wrote() {}

    let auth = TestAuth::new();
    let committed = |router: AuthRouter<State>| router.access_matrix().to_markdown();
    for (before, paths) in [
        (committed(router()), &[][..]),
        (committed(router()).replace('\n', "\r\n"), &[]),
        (committed(AuthRouter::new().routes(routes!(me, wrote, posts))), &["POST    /posts"]),
        (committed(AuthRouter::new().routes(routes!(write, posts))), &["GET     /me"]),
        (String::new(), &["GET     /me", "GET     /posts", "POST    /posts"]),
    ] {
        let report = probe(&auth, router()).changed_since(&before).run().await;
        report.assert_no_gaps();
        assert_eq!(report.left_out(), 3 - paths.len(), "{before}\n{report}");
        for path in paths {
            assert!(report.to_string().contains(path), "{path}\n{report}");
        }
        assert_eq!(report.requests() == 0, paths.is_empty(), "{report}");
    }
}

#[tokio::test]
async fn a_probe_is_narrowed_twice() {
    let auth = TestAuth::new();
    let report = probe(&auth, router()).changed_since("").only(["/me"]).run().await;
    report.assert_no_gaps();
    assert_eq!(report.left_out(), 2);
}

#[test]
#[should_panic = "`AccessProbe::only` names `/mee`, which is the path of no route of the router"]
fn only_of_an_unknown_path_is_refused() {
    let _ = probe(&TestAuth::new(), router()).only(["/me", "/mee"]);
}

#[test]
#[should_panic = "`AccessProbe::only` needs a path"]
fn only_of_nothing_is_refused() {
    let _ = probe(&TestAuth::new(), router()).only([""; 0]);
}

/// All routes are left out by a skip, so nothing was proven.
#[tokio::test]
#[should_panic = "the probe has sent no request"]
async fn narrowed_probe_that_asks_nothing_of_its_routes_proves_nothing() {
    let probe = probe(&TestAuth::new(), router()).only(["/me"]);
    probe.skip("GET", "/me", "takes an hour").run().await.assert_no_gaps();
}
