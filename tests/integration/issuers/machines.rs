//! Clients that have a token for themselves, in front of every kind of guard, with every kind of argument.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use countersign::testing::{TestClock, TestIssuer};
use countersign::{
    Auth, AuthRouter, AuthState, Proof, Role, Session, SessionClaims, authenticated, require, routes, rule,
};
use http_body_util::BodyExt as _;
use serde_json::json;
use tower::ServiceExt as _;

use crate::support::NOW;

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Clerk,
}

#[derive(SessionClaims, Clone, Debug)]
struct User {
    #[claims(subject)]
    id: String,
    #[claims(roles)]
    roles: Vec<Role>,
}

rule! {
    Clerks = role("clerk");
    Machines = machine;
}

/// The callers, all with a token of one issuer.
#[derive(Clone, Copy, Debug)]
enum Caller {
    User,
    Clerk,
    Machine,
    /// A machine with the role of a clerk.
    Robot,
}

impl Caller {
    fn token(self, acme: &TestIssuer) -> String {
        acme.token(match self {
            Self::User => json!({ "sub": "ada", "iat": NOW, "exp": NOW + 3600, "roles": [] }),
            Self::Clerk => json!({ "sub": "bob", "iat": NOW, "exp": NOW + 3600, "roles": ["clerk"] }),
            Self::Machine => json!({ "sub": "client", "iat": NOW, "exp": NOW + 3600, "roles": [] }),
            Self::Robot => json!({ "sub": "client", "iat": NOW, "exp": NOW + 3600, "roles": ["clerk"] }),
        })
    }
}

fn name(user: Option<&User>) -> String {
    user.map_or_else(|| "visitor".to_owned(), |user| user.id.clone())
}

async fn user(user: User) -> String {
    user.id
}

async fn optional(user: Option<User>) -> String {
    name(user.as_ref())
}

async fn session(session: Session<User>) -> String {
    session.claims().id.clone()
}

async fn optional_session(session: Option<Session<User>>) -> String {
    name(session.as_ref().map(Session::claims))
}

async fn proof(_: Proof<Clerks>) -> &'static str {
    "proven"
}

/// Handlers with each kind of argument behind one attribute. A proof compiles only where the attribute
/// implies its rule.
macro_rules! behind {
    ($name:ident, $(#[$guard:meta])*) => {
        mod $name {
            use super::*;

            $(#[$guard])*
            async fn user(user: User) -> String {
                super::user(user).await
            }

            $(#[$guard])*
            async fn optional(user: Option<User>) -> String {
                super::optional(user).await
            }

            $(#[$guard])*
            async fn session(session: Session<User>) -> String {
                super::session(session).await
            }

            $(#[$guard])*
            async fn optional_session(session: Option<Session<User>>) -> String {
                super::optional_session(session).await
            }

            pub(super) fn router() -> AuthRouter<Auth<User>> {
                AuthRouter::new().routes(routes!(
                    GET "/user" => user,
                    GET "/optional" => optional,
                    GET "/session" => session,
                    GET "/optional_session" => optional_session,
                ))
            }
        }
    };
}

behind!(machines, #[require(machine)]);
behind!(either, #[require(role("clerk") || machine)]);
behind!(clerk_machines, #[require(role("clerk") && machine)]);
behind!(clerks, #[require(role("clerk"))]);
behind!(signed_in, #[authenticated]);

#[require(Clerks && machine)]
async fn proof_for_machines(may: Proof<Clerks>) -> &'static str {
    proof(may).await
}

#[require(Clerks)]
async fn proof_for_clerks(may: Proof<Clerks>) -> &'static str {
    proof(may).await
}

/// Without an attribute the argument declares the access.
fn arguments() -> AuthRouter<Auth<User>> {
    AuthRouter::new().routes(routes!(
        GET "/user" => user,
        GET "/optional" => optional,
        GET "/session" => session,
        GET "/optional_session" => optional_session,
        GET "/proof" => proof,
    ))
}

/// Handlers that declare nothing.
fn plain<S: AuthState<Claims = User> + Clone + 'static>() -> Router<S> {
    Router::new()
        .route("/user", get(user))
        .route("/optional", get(optional))
        .route("/session", get(session))
        .route("/optional_session", get(optional_session))
        .route("/proof", get(proof))
}

fn auth_of(acme: &TestIssuer, clock: &TestClock) -> Auth<User> {
    Auth::builder().trust(acme.issuer()).clock(clock.clone()).build().unwrap()
}

async fn ask(router: &Router, path: &str, token: &str) -> Result<String, StatusCode> {
    let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    match answer.status() {
        StatusCode::OK => {
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            Ok(String::from_utf8(body.to_vec()).unwrap())
        }
        refused => Err(refused),
    }
}

/// The answer of a handler with this argument to a caller whom guard and argument let in.
fn answer(argument: &str, caller: Caller) -> String {
    match (argument, caller) {
        ("proof", _) => "proven".to_owned(),
        (_, Caller::User) => "ada".to_owned(),
        (_, Caller::Clerk) => "bob".to_owned(),
        (_, Caller::Machine | Caller::Robot) => "client".to_owned(),
    }
}

/// Row 173: an argument takes the machines that a rule has let in, and no others.
#[tokio::test]
async fn arguments_take_the_machines_that_a_rule_has_let_in() {
    use Caller::{Clerk, Machine, Robot, User};

    let acme = TestIssuer::new("acme");
    let auth = auth_of(&acme, &TestClock::at(NOW));
    let layer = || auth.layer();
    let either_layer = || layer().rule(countersign::Rule::Any(&[EITHER[0], EITHER[1]]));
    const EITHER: [countersign::Rule; 2] = [countersign::Rule::Role("clerk"), countersign::Rule::Machine];

    let router = AuthRouter::new()
        .nest("/machines", machines::router())
        .nest("/either", either::router())
        .nest("/clerk_machines", clerk_machines::router().routes(routes!(GET "/proof" => proof_for_machines)))
        .nest("/clerks", clerks::router().routes(routes!(GET "/proof" => proof_for_clerks)))
        .nest("/signed_in", signed_in::router())
        .nest("/arguments", arguments())
        .nest_router("/layer_machines", layer().machine(), plain())
        .nest_router("/layer_either", either_layer(), plain())
        .nest_router("/layer_signed_in", layer(), plain())
        .nest("/layer_around_attribute", either::router().layer(either_layer()))
        .nest("/layer_around_clerks", clerks::router().layer(either_layer()))
        .nest("/layer_around_arguments", arguments().layer(either_layer()))
        .nest("/guard_around_arguments", arguments().guard(either_layer()))
        .nest_router("/optional_in_layer", layer().optional(), plain().layer(either_layer()));
    let router: Router = router.with_state(auth.clone()).into();

    // Who gets past the guard, and whether a machine among them is one for the arguments too.
    let kinds: &[(&str, &[Caller], bool)] = &[
        ("machines", &[Machine, Robot], true),
        ("either", &[Clerk, Machine, Robot], true),
        ("clerk_machines", &[Robot], true),
        ("clerks", &[Clerk], false),
        ("signed_in", &[User, Clerk], false),
        ("arguments", &[User, Clerk, Machine, Robot], false),
        ("layer_machines", &[Machine, Robot], true),
        ("layer_either", &[Clerk, Machine, Robot], true),
        ("layer_signed_in", &[User, Clerk], false),
        ("layer_around_attribute", &[Clerk, Machine, Robot], true),
        ("layer_around_clerks", &[Clerk], false),
        ("layer_around_arguments", &[Clerk, Machine, Robot], false),
        ("guard_around_arguments", &[Clerk, Machine, Robot], false),
        ("optional_in_layer", &[Clerk, Machine, Robot], true),
    ];
    for (kind, let_in, admits) in kinds {
        let has_proof = !["machines", "either", "signed_in", "layer_around_attribute", "layer_around_clerks"]
            .contains(kind);
        let proof = has_proof.then_some("proof");
        for argument in ["user", "optional", "session", "optional_session"].into_iter().chain(proof) {
            for caller in [User, Clerk, Machine, Robot] {
                let is_machine = matches!(caller, Machine | Robot);
                let is_let_in = let_in.iter().any(|one| *one as u8 == caller as u8);
                let is_clerk = matches!(caller, Clerk | Robot);
                let expected = match argument {
                    _ if !is_let_in => Err(StatusCode::FORBIDDEN),
                    "proof" if !is_clerk => Err(StatusCode::FORBIDDEN),
                    "optional" | "optional_session" if is_machine && !admits => Ok("visitor".to_owned()),
                    _ if is_machine && !admits => Err(StatusCode::FORBIDDEN),
                    argument => Ok(answer(argument, caller)),
                };
                let path = format!("/{kind}/{argument}");
                let found = ask(&router, &path, &caller.token(&acme)).await;
                assert_eq!(found, expected, "{path} {caller:?}");
            }
        }
    }
}

/// The states of a handler that forwards its request by hand.
#[derive(AuthState, Clone)]
struct Gateway {
    #[auth]
    auth: Auth<User>,
    clock: TestClock,
    inner: Router,
}

/// An argument that takes longer than a verification is remembered.
struct Slow;

impl FromRequestParts<Gateway> for Slow {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, gateway: &Gateway) -> Result<Self, StatusCode> {
        gateway.clock.advance(Duration::from_secs(60));
        Ok(Self)
    }
}

#[require(machine)]
async fn slow(_: Slow, user: User) -> String {
    user.id
}

#[require(machine)]
async fn forwards(State(gateway): State<Gateway>, request: Request<Body>) -> Response {
    gateway.inner.oneshot(request).await.into_response()
}

/// As a handler that keeps its request for later.
#[require(machine)]
async fn forwards_a_copy(State(gateway): State<Gateway>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    gateway.inner.oneshot(Request::from_parts(parts.clone(), body)).await.into_response()
}

/// The answers of a handler under `#[require(machine)]` that forwards requests for this path to `inner`, as they are and as copies.
async fn forwarded(
    gateway: &Gateway,
    inner: Router,
    path: &str,
    token: &str,
) -> [Result<String, StatusCode>; 2] {
    let gateway = Gateway { inner, ..gateway.clone() };
    let router = AuthRouter::new().routes(routes!(GET "/{argument}" => forwards)).with_state(gateway.clone());
    let copying = AuthRouter::new().routes(routes!(GET "/{argument}" => forwards_a_copy)).with_state(gateway);
    [ask(&router.into(), path, token).await, ask(&copying.into(), path, token).await]
}

/// Row 173.
#[tokio::test]
async fn a_machine_is_let_in_for_one_request_and_one_auth() {
    let acme = TestIssuer::new("acme");
    let clock = TestClock::at(NOW);
    let (auth, other) = (auth_of(&acme, &clock), auth_of(&acme, &clock));
    let token = Caller::Machine.token(&acme);
    let gateway = Gateway { auth: auth.clone(), clock: clock.clone(), inner: Router::new() };
    let refused = || Err(StatusCode::FORBIDDEN);

    // Handlers that declare nothing are part of the handler that forwards to them. A copy of the request is a request of its own.
    let inner = plain().with_state(auth.clone());
    assert_eq!(forwarded(&gateway, inner, "/user", &token).await, [Ok("client".to_owned()), refused()]);
    let inner = plain().with_state(other.clone());
    assert_eq!(forwarded(&gateway, inner, "/user", &token).await, [refused(), refused()], "another `Auth`");
    // These declare that they are for users.
    for path in ["/user", "/session"] {
        let inner = arguments().with_state(auth.clone()).into();
        assert_eq!(forwarded(&gateway, inner, path, &token).await, [refused(), refused()], "{path}");
    }
}

/// The verification is repeated, and the machine stays let in.
#[tokio::test]
async fn a_late_argument_takes_a_machine_too() {
    let acme = TestIssuer::new("acme");
    let clock = TestClock::at(NOW);
    let gateway = Gateway { auth: auth_of(&acme, &clock), clock, inner: Router::new() };
    let router: Router = AuthRouter::new().routes(routes!(GET "/" => slow)).with_state(gateway).into();
    assert_eq!(ask(&router, "/", &Caller::Machine.token(&acme)).await, Ok("client".to_owned()));
}

/// Row 173: a first argument that proves a rule about machines lets them in, as the attribute with this rule does.
#[tokio::test]
async fn a_proof_about_machines_lets_them_in() {
    async fn proven_first(_: Proof<Machines>, user: User) -> String {
        user.id
    }

    async fn proven_later(user: User, _: Proof<Machines>) -> String {
        user.id
    }

    let acme = TestIssuer::new("acme");
    let auth = auth_of(&acme, &TestClock::at(NOW));
    let token = Caller::Machine.token(&acme);
    let router = AuthRouter::new()
        .routes(routes!(GET "/first" => proven_first, GET "/later" => proven_later))
        .with_state(auth)
        .into();
    assert_eq!(ask(&router, "/first", &token).await, Ok("client".to_owned()));
    assert_eq!(ask(&router, "/later", &token).await, Err(StatusCode::FORBIDDEN));
    assert_eq!(ask(&router, "/first", &Caller::User.token(&acme)).await, Err(StatusCode::FORBIDDEN));
}
