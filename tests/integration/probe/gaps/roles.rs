//! Routes that omit or widen a role beside another condition.

use countersign::{Proof, Role as RoleDerive, SessionClaims, rule};

use super::*;

const PUBLISHES: Access = Access::Require(Rule::All(&[Rule::Role("admin"), Rule::Scope("posts:write")]));

/// Row 49: a caller without the scope is refused, and so is each role alone.
#[tokio::test]
async fn role_that_suffices_beside_a_scope_and_should_not_is_found() {
    rule! { Wider = (role("admin") || role("support")) && scope("posts:write"); }
    declares!(Publishes, PUBLISHES, |parts, state| {
        let proof = Proof::<Wider>::from_request_parts(parts, state).await;
        proof.map(|_| Self).map_err(AuthRejection::into_response)
    });
    #[utoipa::path(post, path = "/published")]
    async fn published(_: Publishes) {}

    let report = report(|router| router.routes(routes!(published))).await;
    let let_through = (GapKind::LetThrough, "role `support`, scope `posts:write`", "200");
    assert_eq!(gaps(&report, "POST"), [let_through], "{report}");
    assert_eq!(report.not_probed().count(), 0, "{report}");
}

#[derive(RoleDerive, Clone, Copy)]
enum Post {
    Clerk,
    Auditor,
    Admin,
}

/// Claims that cannot describe a user without a role.
#[derive(SessionClaims, Clone)]
struct Employee {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    post: Post,
    #[claims(scopes)]
    scopes: Vec<String>,
}

/// An extractor of employees that declares an access, and enforces another rule.
macro_rules! enforces {
    ($name:ident, $access:expr, $($rule:tt)*) => {
        rule! { Enforced = $($rule)*; }

        struct $name;

        impl DeclaresAccess for $name {
            const ACCESS: Access = $access;
            type Demands = ();
        }

        impl FromRequestParts<TestAuth<Employee>> for $name {
            type Rejection = AuthRejection;

            async fn from_request_parts(
                parts: &mut Parts,
                state: &TestAuth<Employee>,
            ) -> Result<Self, AuthRejection> {
                Proof::<Enforced>::from_request_parts(parts, state).await.map(|_| Self)
            }
        }
    };
}

async fn report_on(routes: AuthRouter<TestAuth<Employee>>) -> ProbeReport {
    let auth = TestAuth::new();
    let employee = Employee { id: 7, post: Post::Clerk, scopes: Vec::new() };
    AccessProbe::new(routes.with_state(auth.clone()), &auth).claims(employee).run().await
}

/// Row 49: every user has a role here, so the probe has to try users with another one.
#[tokio::test]
async fn forgotten_role_is_found_where_every_user_has_one() {
    enforces!(Forgetful, PUBLISHES, scope("posts:write"));
    #[utoipa::path(post, path = "/published")]
    async fn published(_: Forgetful) {}

    let report = report_on(AuthRouter::new().routes(routes!(published))).await;
    let let_through = |request| (GapKind::LetThrough, request, "200");
    assert_eq!(
        gaps(&report, "POST"),
        [
            let_through("role `clerk`, scope `posts:write`"),
            let_through("role `auditor`, scope `posts:write`")
        ],
        "{report}"
    );
}

#[tokio::test]
async fn rule_of_claims_that_hold_one_role_is_probed_in_full() {
    enforces!(Honest, PUBLISHES, role("admin") && scope("posts:write"));
    #[utoipa::path(post, path = "/published")]
    async fn published(_: Honest) {}

    let report = report_on(AuthRouter::new().routes(routes!(published))).await;
    report.assert_no_gaps();
    assert_eq!(report.not_probed().count(), 0, "{report}");
}

/// A caller who passes by a scope alone has a role as well, so the probe tries each role.
#[tokio::test]
async fn undeclared_role_is_found_where_every_user_has_one() {
    const SCOPED: Access = Access::Require(Rule::Scope("posts:write"));
    enforces!(Secret, SCOPED, !role("clerk") && scope("posts:write"));
    #[utoipa::path(post, path = "/secret")]
    async fn secret(_: Secret) {}

    let report = report_on(AuthRouter::new().routes(routes!(secret))).await;
    let refused = (GapKind::Refused, "role `clerk`, scope `posts:write`", "403 insufficient_scope");
    assert_eq!(gaps(&report, "POST"), [refused], "{report}");
}

/// Callers that no claims can describe are reported, whether the rule lets them in or refuses them.
#[tokio::test]
async fn caller_to_refuse_that_no_claims_can_describe_is_reported() {
    const NOT_BOTH: Access =
        Access::Require(Rule::All(&[Rule::Role("admin"), Rule::Not(&Rule::Role("clerk"))]));
    enforces!(NotBoth, NOT_BOTH, role("admin") && !role("clerk"));
    #[utoipa::path(post, path = "/not-both")]
    async fn not_both(_: NotBoth) {}

    let report = report_on(AuthRouter::new().routes(routes!(not_both))).await;
    report.assert_no_gaps();
    assert_eq!(
        report.not_probed().collect::<Vec<_>>(),
        ["POST /not-both: the claims type cannot describe: role `admin`, role `clerk`"]
    );
}
