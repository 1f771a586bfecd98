//! Routes that the probe cannot cover. It sends the requests that it can, and its report is no proof.

use countersign::fallback;

use super::*;

const THIRTEEN: Rule = Rule::Any(&[
    Rule::Scope("a"),
    Rule::Scope("b"),
    Rule::Scope("c"),
    Rule::Scope("d"),
    Rule::Scope("e"),
    Rule::Scope("f"),
    Rule::Scope("g"),
    Rule::Scope("h"),
    Rule::Scope("i"),
    Rule::Scope("j"),
    Rule::Scope("k"),
    Rule::Scope("l"),
    Rule::Scope("m"),
]);
policy!(Long, Access::Require(THIRTEEN));

#[utoipa::path(get, path = "/long")]
async fn long(_: Guard<Long>) {}

const NOT_PROVEN: (GapKind, &str) = (GapKind::NotProbed, "not sent");

/// Rows 31 to 39 and 48 do not depend on the rule.
#[tokio::test]
async fn removed_guard_of_a_rule_with_too_many_conditions_is_found() {
    declares!(Removed, Access::Require(THIRTEEN), |parts, state| Ok(Self));
    #[utoipa::path(post, path = "/long")]
    async fn removed(_: Removed) {}

    let report = report(|router| router.routes(routes!(removed))).await;
    let found = gaps(&report, "POST");
    for request in ["no token", "malformed token", "expired token", "a user without roles and scopes"] {
        assert!(found.contains(&(GapKind::LetThrough, request, "200")), "{request}: {report}");
    }
    let (kind, request, _) = found[found.len() - 1];
    assert_eq!((kind, request), NOT_PROVEN, "{report}");
}

/// A correct guard gets the requests that are possible, and the report still says that it is not proven.
#[tokio::test]
async fn rule_with_too_many_conditions_is_a_gap_unless_it_is_skipped() {
    let auth = TestAuth::new();
    let router = || AuthRouter::new().routes(routes!(long, looks_up));
    let report = probe(&auth, router()).run().await;
    let found: Vec<_> = report.gaps().map(|gap| (gap.kind(), gap.request())).collect();
    assert_eq!(found, [NOT_PROVEN], "{report}");
    assert!(
        report.to_string().contains(
            "gap: GET /long is not proven\n  request:  not sent\n  expected: scope `a` or scope `b`"
        ),
        "{report}"
    );
    probe(&auth, router()).skip("GET", "/long", "tests/long.rs").run().await.assert_no_gaps();
}

#[require_role("admin")]
#[utoipa::path(get, path = "/{id}")]
async fn one() {}

declares!(Open, ADMIN, |parts, state| Ok(Self));

async fn opened(_: Open) -> StatusCode {
    StatusCode::NOT_FOUND
}

/// The guard of another route does not prove the guard of the fallback.
#[tokio::test]
async fn fallback_without_its_guard_is_found_behind_a_route_of_any_name() {
    for prefix in ["", "/api"] {
        let report = report(|router| {
            let routes = AuthRouter::new().routes(routes!(one)).fallback(fallback!(opened));
            if prefix.is_empty() { routes } else { router.nest(prefix, routes) }
        })
        .await;
        let found = gaps(&report, "GET");
        let (no_token, one_role) = ("no token", "role `support`");
        for request in [no_token, one_role] {
            assert!(found.contains(&(GapKind::LetThrough, request, "404")), "{request}: {report}");
        }
        let path = format!("{prefix}/{{*fallback}}");
        assert!(report.gaps().all(|gap| gap.path() == path), "{report}");
    }
}

#[tokio::test]
async fn unguarded_wildcard_is_found_beside_a_route_with_a_number() {
    #[require_role("admin")]
    #[utoipa::path(get, path = "/1")]
    async fn first() {}
    #[utoipa::path(get, path = "/{*rest}")]
    async fn every(_: Open) {}

    let report = report(|router| router.routes(routes!(first, every))).await;
    assert!(gaps(&report, "GET").contains(&(GapKind::LetThrough, "no token", "200")), "{report}");
    assert!(report.gaps().all(|gap| gap.path() == "/{*rest}"), "{report}");
}

#[tokio::test]
async fn fallback_that_does_what_it_declares_has_no_gaps() {
    #[require_role("admin")]
    async fn not_found() -> StatusCode {
        StatusCode::NOT_FOUND
    }
    let guarded = || AuthRouter::new().routes(routes!(one)).fallback(fallback!(not_found));
    let report = report(|_| guarded().nest("/api", guarded())).await;
    report.assert_no_gaps();
    assert_eq!(report.not_probed().count(), 0, "{report}");
}

/// Where every path belongs to a route, the probe cannot see the fallback refuse.
#[tokio::test]
async fn fallback_that_other_routes_hide_is_a_gap_unless_it_is_skipped() {
    #[countersign::public(reason = "everybody may read")]
    #[utoipa::path(get, path = "/{*rest}")]
    async fn every() {}

    let auth = TestAuth::new();
    let hidden = || {
        let router = AuthRouter::new().routes(routes!(every)).fallback(fallback!(opened));
        probe(&auth, router)
    };
    let report = hidden().run().await;
    let found: Vec<_> = report.gaps().map(|gap| (gap.kind(), gap.request())).collect();
    assert_eq!(found, [NOT_PROVEN], "{report}");
    hidden().skip("*", "/{*fallback}", "every path has a route").run().await.assert_no_gaps();

    let report = hidden().param("fallback", "").run().await;
    assert!(gaps(&report, "GET").contains(&(GapKind::LetThrough, "no token", "404")), "{report}");
}

#[tokio::test]
async fn guarded_route_whose_parameters_make_no_url_is_a_gap() {
    let auth = TestAuth::new();
    let router = AuthRouter::new().routes(routes!(one, looks_up));
    let report = probe(&auth, router).param("id", "a b").run().await;
    let found: Vec<_> = report.gaps().map(|gap| (gap.path(), gap.kind(), gap.answer())).collect();
    let answer = "none: its path cannot be made a URL; set its parameters";
    assert_eq!(found, [("/{id}", GapKind::NotProbed, answer)], "{report}");
}
