//! The probe, with tokens of trusted issuers.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use countersign::testing::{AccessProbe, GapKind, TestAuth, TestIssuer};
use countersign::{
    Access, Auth, AuthRejection, AuthRouter, DeclaresAccess, Proof, Rule, Session, authenticated, public,
    require, require_role, require_scope, routes, rule,
};

use super::User;

#[public(reason = "health probe")]
async fn health() {}

async fn greeting(_: Option<User>) {}

#[authenticated]
async fn me(_: User) {}

async fn by_argument(_: Session<User>) {}

#[require_role("member")]
async fn members() {}

#[require_scope("posts:write")]
async fn posts() {}

#[require(issuer("acme") && role("admin"))]
async fn from_acme() {}

#[require(!issuer("acme"))]
async fn not_acme() {}

#[require(machine && scope("sync"))]
async fn sync(_: User) {}

#[require(machine && issuer("globex") || role("admin") && fresh("10m"))]
async fn either(_: User) {}

#[require(deny_impersonated)]
async fn in_person() {}

#[authenticated(live)]
async fn live() {}

#[require(both_tokens || issuer("acme"))]
async fn both() {}

/// Everything that any server with these issuers can serve.
fn common() -> AuthRouter<Auth<User>> {
    AuthRouter::new().routes(routes!(
        GET "/health" => health,
        GET "/greeting" => greeting,
        GET "/me" => me,
        GET "/argument" => by_argument,
        GET "/members" => members,
        POST "/posts" => posts,
        GET "/acme" => from_acme,
        GET "/not-acme" => not_acme,
        POST "/sync" => sync,
        GET "/either" => either,
        GET "/person" => in_person,
    ))
}

fn issuers() -> [TestIssuer; 2] {
    ["acme", "globex"].map(TestIssuer::new)
}

/// Row 173.
#[tokio::test]
async fn every_route_enforces_what_it_declares_for_users_of_every_issuer_and_for_machines() {
    let [acme, globex] = issuers();
    let auth = TestAuth::with(|builder| {
        builder.trust(acme.issuer().shares_subjects()).trust(globex.issuer().shares_subjects())
    });
    let router =
        common().routes(routes!(GET "/live" => live, POST "/both" => both)).with_state((*auth).clone());
    let report =
        AccessProbe::new(router, &auth).claims(User::named("ada")).issuer(&acme).issuer(&globex).run().await;
    report.assert_no_gaps();
    assert_eq!(report.not_probed().count(), 0, "{report}");
}

#[tokio::test]
async fn a_server_without_sessions_is_probed_with_tokens_of_its_issuers() {
    let [acme, globex] = issuers();
    let trusted =
        Auth::builder().trust(acme.issuer().shares_subjects()).trust(globex.issuer().shares_subjects());
    let auth = trusted.build().unwrap();
    let probe = |issuers: &[&TestIssuer]| {
        let router = common().with_state(auth.clone());
        let probe = AccessProbe::new(router, &auth).claims(User::named("ada"));
        issuers.iter().fold(probe, |probe, issuer| probe.issuer(issuer)).run()
    };
    let report = probe(&[&acme, &globex]).await;
    report.assert_no_gaps();
    assert_eq!(report.not_probed().count(), 0, "{report}");

    // Without the issuers' keys there is no caller who should pass, and that is told.
    let report = probe(&[&globex]).await;
    let untold: Vec<_> = report.gaps().map(|gap| gap.path().to_owned()).collect();
    assert_eq!(untold, ["/acme"], "{report}");
    let report = probe(&[]).await;
    assert_eq!(report.gaps().count(), common().access_matrix().rows().len() - 2, "{report}");
}

rule! {
    Anyone = machine || !scope("none");
}

/// Lets in every caller, and declares less.
struct Loose<const FOR_ACME: bool>;

impl<const FOR_ACME: bool> FromRequestParts<Auth<User>> for Loose<FOR_ACME> {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &Auth<User>) -> Result<Self, AuthRejection> {
        Proof::<Anyone>::from_request_parts(parts, state).await.map(|_| Self)
    }
}

impl<const FOR_ACME: bool> DeclaresAccess for Loose<FOR_ACME> {
    const ACCESS: Access =
        if FOR_ACME { Access::Require(Rule::Issuer("acme")) } else { Access::Authenticated };
    type Demands = Session<User>;
}

async fn lets_machines_in(_: Loose<false>) {}

async fn lets_every_issuer_in(_: Loose<true>) {}

/// Rows 55 and 173: a route that a machine, or the user of another issuer, can open though its access excludes them is a gap.
#[tokio::test]
async fn callers_who_should_not_pass_and_do_are_gaps() {
    let [acme, globex] = issuers();
    let trusted =
        Auth::builder().trust(acme.issuer().shares_subjects()).trust(globex.issuer().shares_subjects());
    let auth = trusted.build().unwrap();
    let router = AuthRouter::new()
        .routes(routes!(GET "/machines" => lets_machines_in, GET "/issuers" => lets_every_issuer_in))
        .with_state(auth.clone());
    let report =
        AccessProbe::new(router, &auth).claims(User::named("ada")).issuer(&acme).issuer(&globex).run().await;
    for (path, caller) in [("/machines", ", a machine of `acme`"), ("/issuers", ", with a token of `globex`")]
    {
        let found = report.gaps().any(|gap| {
            gap.path() == path && gap.kind() == GapKind::LetThrough && gap.request().ends_with(caller)
        });
        assert!(found, "{path} {caller}: {report}");
    }
}

#[tokio::test]
#[should_panic = "`AccessProbe::issuer` names `initech`, which the `Auth` does not trust"]
async fn an_issuer_that_is_not_trusted_is_refused() {
    let auth = TestAuth::<User>::new();
    let router = AuthRouter::<Auth<User>>::new().routes(routes!(GET "/me" => me)).with_state((*auth).clone());
    let _ = AccessProbe::new(router, &auth).issuer(&TestIssuer::new("initech"));
}
