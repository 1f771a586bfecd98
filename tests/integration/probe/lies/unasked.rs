//! Routes of which the probe cannot ask everything. It asks what it can, and does not pass for a proof.

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
    liar!(Removed, Access::Require(THIRTEEN), |parts, state| Ok(Self));
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

/// A guard that does what it says is asked what can be asked, and nobody takes that for a proof.
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
