//! The probe: it finds no gap in a router that does what it declares, and every gap in one that does not.

mod gaps;
mod masked;
mod narrowed;
mod order;
mod other_methods;
mod places;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use countersign::__private::{Check, CheckError, CheckRule, Guard, OneCheck, Parts};
use countersign::testing::{AccessProbe, GapKind, TestAuth};
use countersign::{
    Access, AuthRouter, AuthState, Liveness, Policy, RefreshSession, Role as RoleDerive, Rule, Session,
    SessionClaims, authenticated, public, require, require_role, routes, typed_refresh_handler,
};
use serde_json::Value;

use crate::oauth::MayIntrospect;
use crate::support::{Role, SECOND, User};

pub(super) type State = TestAuth<User>;

pub(super) fn probe(auth: &State, router: AuthRouter<State>) -> AccessProbe<User> {
    AccessProbe::new(router.with_state(auth.clone()), auth).claims(User::with(&[]))
}

macro_rules! policy {
    ($name:ident, $rule:expr) => {
        policy!($name, $rule, ());
    };
    ($name:ident, $rule:expr, $checks:ty) => {
        enum $name {}

        impl Policy for $name {
            const ACCESS: Access = Access::Require($rule);
            type Roles = ();
            type Checks = $checks;
            type Proves = ();
        }
    };
}

const TEN_MINUTES: Rule = Rule::Fresh(SECOND.saturating_mul(600));
const EDITS: Rule = Rule::All(&[Rule::Role("editor"), Rule::Scope("posts:write")]);

policy!(
    Tangled,
    Rule::All(&[
        Rule::Any(&[Rule::Role("admin"), EDITS]),
        Rule::Not(&Rule::Role("support")),
        TEN_MINUTES,
        Rule::NotImpersonated,
        Rule::Live,
    ])
);
policy!(
    TwoAges,
    Rule::Any(&[
        Rule::All(&[Rule::Role("admin"), Rule::Fresh(SECOND.saturating_mul(60))]),
        Rule::All(&[Rule::Scope("posts:write"), TEN_MINUTES]),
    ])
);
policy!(NotOfAnything, Rule::Not(&Rule::Any(&[])));
policy!(Careful, Rule::All(&[Rule::Role("member"), Rule::BothTokens]));
policy!(Scoped, Rule::Scope("posts:write"));
policy!(Nobody, Rule::Any(&[]));

#[utoipa::path(put, path = "/tangled/{id}")]
async fn tangled(_: Guard<Tangled>, Path(_): Path<u64>, Json(_): Json<Value>) {}

#[utoipa::path(get, path = "/ages")]
async fn ages(_: Guard<TwoAges>) {}

#[utoipa::path(delete, path = "/careful")]
async fn careful(_: Guard<Careful>) {}

#[utoipa::path(patch, path = "/scoped")]
async fn scoped(_: Guard<Scoped>, Json(_): Json<Value>) {}

#[utoipa::path(get, path = "/nobody")]
async fn nobody(_: Guard<Nobody>) {}

#[utoipa::path(get, path = "/not-of-anything")]
async fn not_of_anything(_: Guard<NotOfAnything>) {}

#[authenticated]
#[utoipa::path(get, path = "/me")]
async fn me(user: User) -> String {
    user.name
}

#[authenticated(live)]
#[utoipa::path(post, path = "/live")]
async fn live(Json(_): Json<Value>) {}

#[require_role(Role::Editor, "support")]
#[utoipa::path(post, path = "/posts")]
async fn post(Json(_): Json<Value>) -> StatusCode {
    StatusCode::CREATED
}

/// The argument declares the access.
#[utoipa::path(get, path = "/by-argument/{*rest}")]
async fn by_argument(user: User) -> String {
    user.name
}

#[utoipa::path(get, path = "/session")]
async fn session(_: Session<User>) {}

#[utoipa::path(post, path = "/account")]
async fn account(_: RefreshSession<User>, Json(_): Json<Value>) {}

#[utoipa::path(get, path = "/greeting")]
async fn greeting(user: Option<User>) -> String {
    user.map_or_else(String::new, |user| user.name)
}

#[public(reason = "signing in needs no token")]
#[utoipa::path(post, path = "/login")]
async fn login() -> StatusCode {
    StatusCode::UNAUTHORIZED
}

#[authenticated]
#[utoipa::path(get, path = "/broken")]
async fn broken() -> StatusCode {
    panic!("as handlers may")
}

#[authenticated]
#[utoipa::path(get, path = "/missing/{id}")]
async fn missing() -> StatusCode {
    StatusCode::NOT_FOUND
}

typed_refresh_handler!(refresh, State);

fn every_kind(auth: &State) -> AuthRouter<State> {
    let layered = AuthRouter::new().routes(routes!(greeting)).route_layer(auth.layer().optional());
    let nested = AuthRouter::new()
        .routes(routes!(me, post))
        .nest("/deeper", AuthRouter::new().routes(routes!(tangled)));
    AuthRouter::new()
        .routes(routes!(
            me,
            live,
            post,
            by_argument,
            session,
            account,
            greeting,
            login,
            broken,
            missing,
            refresh
        ))
        .routes(routes!(tangled, ages, careful, scoped, nobody, not_of_anything))
        .routes(auth.routes().introspection::<MayIntrospect>().nest("/auth"))
        .nest("/v1/{tenant}", nested)
        .nest("/optional", layered)
        .merge(AuthRouter::new().nest("/layered", AuthRouter::new().routes(routes!(me)).layer(auth.layer())))
}

/// Rows 31 to 39, 48 to 50, 52, 53 and 59, for routes that declare their access in every way there is.
#[tokio::test]
async fn router_that_does_what_it_declares_has_no_gaps() {
    let auth = TestAuth::new();
    let report = tokio::spawn(probe(&auth, every_kind(&auth)).run()).await.unwrap();
    report.assert_no_gaps();
    assert_eq!(report.not_probed().count(), 0, "{report}");
    assert_eq!(report.decided_by_checks().count(), 0, "{report}");
    assert!(report.requests() > 1_000, "{}", report.requests());
}

#[tokio::test]
async fn every_setting_of_the_auth_leaves_no_gaps() {
    for always in [false, true] {
        let auth = TestAuth::with(|builder| {
            let builder = builder.max_sessions_per_user(1).live_cache(SECOND, 10).disclose_requirements(true);
            if always {
                builder.liveness(Liveness::Always)
            } else {
                builder.cookies(countersign::Cookies::new())
            }
        });
        probe(&auth, every_kind(&auth)).run().await.assert_no_gaps();
    }
}

/// A running clock, and keys of the application's own.
#[tokio::test]
async fn application_with_its_own_auth_has_no_gaps() {
    let auth = crate::support::builder(&countersign::testing::TestClock::at(0))
        .clock(countersign::SystemClock::default());
    let auth = auth.build().unwrap();
    let router = AuthRouter::new().routes(routes!(me, post, tangled, ages)).with_state(auth.clone());
    AccessProbe::new(router, &auth).claims(User::with(&[])).run().await.assert_no_gaps();
}

struct Owns<const ANSWER: bool, const HIDDEN: bool>;

impl<const ANSWER: bool, const HIDDEN: bool> CheckRule for Owns<ANSWER, HIDDEN> {
    const RULE: Rule = Rule::Check { name: "owns", not_found: HIDDEN };
}

impl<const ANSWER: bool, const HIDDEN: bool> Check<State> for Owns<ANSWER, HIDDEN> {
    async fn run(_: &mut Parts, _: &State) -> Result<bool, CheckError> {
        Ok(ANSWER)
    }
}

const OWNS: Rule = Rule::Check { name: "owns", not_found: false };
const OWNS_HIDDEN: Rule = Rule::Check { name: "owns", not_found: true };

policy!(AdminOrOwner, Rule::Any(&[Rule::Role("admin"), OWNS]), OneCheck<Owns<false, false>>);
policy!(EditorAndOwner, Rule::All(&[Rule::Role("editor"), OWNS_HIDDEN]), OneCheck<Owns<false, true>>);

/// Rows 56 and 57 are about the application's own data; the report names the decisions of checks and does not judge them.
#[tokio::test]
async fn decisions_of_checks_are_reported_and_are_no_gap() {
    #[utoipa::path(get, path = "/either")]
    async fn either(_: Guard<AdminOrOwner>) {}
    #[utoipa::path(get, path = "/both")]
    async fn both(_: Guard<EditorAndOwner>) {}

    let auth = TestAuth::new();
    let report = probe(&auth, AuthRouter::new().routes(routes!(either, both))).run().await;
    report.assert_no_gaps();
    let told: Vec<_> = report.decided_by_checks().collect();
    assert!(
        told.contains(&"GET /both: role `editor`: what the check `owns` decides: 404 not_found".to_owned()),
        "{told:?}"
    );
    assert!(
        told.iter().any(|line| line.starts_with("GET /either: a user without roles and scopes: ")
            && line.contains(": 403 ")),
        "{told:?}"
    );
    assert!(!told.iter().any(|line| line.contains("/either: role `admin`")), "{told:?}");
}

#[derive(RoleDerive, Clone, Copy, Debug, PartialEq, Eq)]
enum Rank {
    Private,
    #[role(implies(Private))]
    General,
    Cook,
}

/// Claims that hold exactly one role, so that every user has one.
#[derive(SessionClaims, Clone)]
struct Soldier {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    rank: Rank,
}

#[require_role("general")]
#[utoipa::path(get, path = "/tent")]
async fn tent() {}

#[tokio::test]
async fn claims_that_hold_one_role_need_no_template() {
    #[require_role("private")]
    #[utoipa::path(get, path = "/barracks")]
    async fn barracks(user: Soldier) -> String {
        format!("{} {:?}", user.id, user.rank)
    }
    let auth = TestAuth::<Soldier>::new();
    let router = AuthRouter::new().routes(routes!(barracks, tent)).with_state(auth.clone());
    let report = AccessProbe::new(router, &auth).run().await;
    report.assert_no_gaps();
    assert_eq!(report.not_probed().count(), 0, "{report}");
}

/// Then no request has shown that the route lets callers in.
#[tokio::test]
async fn rule_that_no_claims_can_meet_is_a_gap_unless_it_is_skipped() {
    #[require(role("general") && role("cook"))]
    #[utoipa::path(get, path = "/feast")]
    async fn feast() {}

    let auth = TestAuth::<Soldier>::new();
    let probe = || {
        let router = AuthRouter::new().routes(routes!(feast, tent)).with_state(auth.clone());
        AccessProbe::new(router, &auth)
    };
    let report = probe().run().await;
    let not_probed: Vec<_> = report.not_probed().collect();
    assert!(
        not_probed[0].starts_with("GET /feast: the claims type cannot describe: role "),
        "{not_probed:?}"
    );
    let gaps: Vec<_> = report.gaps().map(|gap| (gap.kind(), gap.path())).collect();
    assert_eq!(gaps, [(GapKind::NotProbed, "/feast")], "{report}");
    probe().skip("GET", "/feast", "nobody may yet").run().await.assert_no_gaps();
}

#[derive(SessionClaims, Clone)]
struct Open {
    #[claims(subject)]
    id: String,
    #[claims(roles)]
    roles: Vec<String>,
}

#[derive(AuthState, Clone)]
struct OpenState {
    #[auth]
    auth: countersign::Auth<Open>,
}

#[tokio::test]
async fn roles_of_an_open_set_are_those_that_rules_name() {
    #[require_role("auditor")]
    #[utoipa::path(get, path = "/audit")]
    async fn audit(user: Open) -> String {
        user.id + &user.roles.concat()
    }
    #[require_role("clerk")]
    #[utoipa::path(get, path = "/desk")]
    async fn desk() {}

    let auth = TestAuth::<Open>::new();
    let state = OpenState { auth: auth.auth().clone() };
    let router = AuthRouter::new().routes(routes!(audit, desk)).with_state(state);
    let report = AccessProbe::new(router, &auth).run().await;
    report.assert_no_gaps();
    assert_eq!(report.not_probed().count(), 0, "{report}");
}

#[tokio::test]
async fn pages_that_redirect_visitors_to_the_login_are_closed() {
    let auth = TestAuth::new();
    let routes = || AuthRouter::new().routes(routes!(me, post)).layer(auth.layer().redirect("/login"));
    probe(&auth, routes()).login_page("/login").run().await.assert_no_gaps();
    let report = probe(&auth, routes()).login_page("/elsewhere").run().await;
    assert!(report.gaps().all(|gap| gap.kind() == GapKind::LetThrough && gap.answer() == "303"), "{report}");
    assert!(report.gaps().count() > 0);
}

/// A preflight is answered by the layer and not by a handler.
#[tokio::test]
async fn cors_layer_is_no_gap() {
    let auth = TestAuth::with(|builder| {
        builder.cookies(countersign::Cookies::new().trust_origin("https://app.example.test"))
    });
    let router = AuthRouter::new().routes(routes!(me)).layer(auth.cors_layer());
    probe(&auth, router).run().await.assert_no_gaps();
}

/// A handler's own 403 is a gap until the test says that it is the handler's.
#[tokio::test]
async fn refusal_of_a_handler_is_no_gap_when_the_test_names_it() {
    #[authenticated]
    #[utoipa::path(get, path = "/moody")]
    async fn moody() -> Response {
        (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "text/plain")], "not today").into_response()
    }
    let auth = TestAuth::new();
    let report = probe(&auth, AuthRouter::new().routes(routes!(moody))).run().await;
    assert!(report.gaps().all(|gap| gap.kind() == GapKind::Refused), "{report}");
    assert!(report.gaps().count() > 0);
    let excused = probe(&auth, AuthRouter::new().routes(routes!(moody)));
    excused.answers("GET", "/moody", StatusCode::FORBIDDEN).run().await.assert_no_gaps();
}

#[tokio::test]
async fn skipped_route_is_named_with_its_reason() {
    let auth = TestAuth::new();
    let router = AuthRouter::new().routes(routes!(me, login));
    let report = probe(&auth, router).skip("GET", "/me", "takes an hour").run().await;
    assert_eq!(report.not_probed().collect::<Vec<_>>(), ["GET /me: takes an hour"]);
    assert!(report.to_string().contains("unproven"), "{report}");
    report.assert_no_gaps();
}

#[test]
#[should_panic = "`AccessProbe::skip` names `GET /mee`, which is no route of the router"]
fn skip_of_an_unknown_route_is_refused() {
    let auth = TestAuth::new();
    let _ = probe(&auth, AuthRouter::new().routes(routes!(me))).skip("GET", "/mee", "a typo");
}

#[test]
#[should_panic = "`AccessProbe::skip` needs a reason"]
fn skip_without_a_reason_is_refused() {
    let auth = TestAuth::new();
    let _ = probe(&auth, AuthRouter::new().routes(routes!(me))).skip("GET", "/me", " ");
}

#[tokio::test]
#[should_panic = "the probe has sent no request"]
async fn probe_of_nothing_proves_nothing() {
    let auth = TestAuth::new();
    probe(&auth, AuthRouter::new()).run().await.assert_no_gaps();
}

#[tokio::test]
#[should_panic = "the claims need more than a subject; call `AccessProbe::claims`"]
async fn claims_that_need_more_have_to_be_given() {
    let auth = TestAuth::<User>::new();
    let router = AuthRouter::new().routes(routes!(me)).with_state(auth.clone());
    let _ = AccessProbe::new(router, &auth).run().await;
}

/// An unguarded router has no row for each route, and is not probed.
#[tokio::test]
async fn unguarded_routes_are_no_gaps() {
    let auth = TestAuth::new();
    let open = Router::new().route("/open", get(|| async { "hello" }));
    let router = AuthRouter::new().routes(routes!(me)).unguarded("a page for everybody", open);
    probe(&auth, router).run().await.assert_no_gaps();
}

/// The line of the attribute; where none declares the access, the line that adds the route.
#[tokio::test]
async fn the_report_names_the_line_that_declares_each_access() {
    const ATTRIBUTE: u32 = line!() + 1;
    #[authenticated]
    #[utoipa::path(get, path = "/attribute")]
    async fn attribute() {}
    const PUBLIC: u32 = line!() + 1;
    #[public(reason = "for everybody")]
    #[utoipa::path(get, path = "/public")]
    async fn open() {}
    #[utoipa::path(get, path = "/argument")]
    async fn argument(_: User) {}

    let auth = TestAuth::new();
    let router = AuthRouter::new().routes(routes!(attribute, open));
    let (router, argument) = (router.routes(routes!(argument)), line!());
    let service = axum::routing::any(async || "served");
    let (router, service) = (router.nest_service("/files", auth.layer().role("member"), service), line!());
    // A layer that answers everybody makes each of them a gap, but the public one.
    let open = axum::middleware::from_fn(async |_: axum::extract::Request, _: axum::middleware::Next| "open");
    let report = probe(&auth, router.layer(open)).run().await;
    let text = report.to_string();
    for (path, line) in
        [("/attribute", ATTRIBUTE), ("/public", PUBLIC), ("/argument", argument), ("/files/{*path}", service)]
    {
        let at = format!("{}:{line}", file!());
        let row = text.lines().find(|row| row.contains(&format!(" {path} "))).unwrap();
        assert!(row.contains(&format!("  {at} ")), "{at}: {report}");
        let mut gaps = report.gaps().filter(|gap| gap.path() == path);
        assert!(gaps.all(|gap| gap.declared_at() == at), "{report}");
    }
    assert!(report.gaps().count() > 30, "{report}");
}
