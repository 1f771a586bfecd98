//! Routes that the `Auth` behind them can never let anyone into.

use std::panic::{AssertUnwindSafe, catch_unwind};

use countersign::testing::TestClock;
use countersign::{
    Access, Auth, AuthRouter, Reauthentication, RefreshSession, Rule, SignIn, authenticated, fallback,
    public, require, routes,
};

use super::{User, acme, with_sessions};
use crate::support::NOW;

#[authenticated]
#[utoipa::path(get, path = "/me")]
async fn me() {}

#[authenticated(live)]
#[utoipa::path(get, path = "/live")]
async fn live() {}

#[require(both_tokens)]
async fn both() {}

#[require(issuer("own"))]
async fn own() {}

#[require(issuer("acmee"))]
#[utoipa::path(get, path = "/typo")]
async fn typo() {}

#[require(!issuer("acmee"))]
async fn not_typo() {}

#[require(issuer("acme") || live)]
async fn either() {}

#[public(reason = "the password is the credential")]
async fn sign_in(_: SignIn<User>) {}

async fn both_by_argument(_: RefreshSession<User>) {}

async fn reauthenticate(_: Reauthentication<User>) {}

fn resource_server() -> Auth<User> {
    Auth::builder().trust(acme().issuer()).clock(TestClock::at(NOW)).build().unwrap()
}

fn beside_sessions() -> Auth<User> {
    let trusted = acme().issuer().shares_subjects();
    with_sessions().trust(trusted).clock(TestClock::at(NOW)).build().unwrap()
}

/// The message of the panic.
fn refused(put_together: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(put_together)).expect_err("it is not refused");
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap()
}

type Router = AuthRouter<Auth<User>>;

/// Routers with one route that needs sessions, and what the message says of it.
fn closed() -> Vec<(Router, &'static str)> {
    let new = || Router::new().routes(routes!(me));
    vec![
        (new().routes(routes!(live)), "GET `/live`, added at"),
        (Router::new().nest("/v1", new().routes(routes!(live))), "GET `/v1/live`, added at"),
        (new().routes(routes!(POST "/both" => both)), "demands the access token and the refresh token"),
        (new().routes(routes!(GET "/own" => own)), "GET `/own`, added at"),
        (new().routes(routes!(POST "/login" => sign_in)), "takes `SignIn`"),
        (new().routes(routes!(POST "/pay" => both_by_argument)), "takes `RefreshSession`"),
        (new().routes(routes!(POST "/again" => reauthenticate)), "takes `Reauthentication`"),
        (new().fallback(fallback!(both)), "* `/{*fallback}`, added at"),
    ]
}

/// Row 174: the message names the route with its line, and the `Auth`.
#[test]
fn a_route_that_needs_sessions_is_refused_where_there_are_none() {
    for (router, named) in closed() {
        let message = refused(|| drop(router.with_state::<()>(resource_server())));
        assert!(message.contains(named) && message.contains("start.rs:"), "{message}");
        assert!(
            message.contains("the `Auth` has no sessions of its own: it only trusts issuers"),
            "{message}"
        );
    }
    for (router, _) in closed() {
        let _ = router.with_state::<()>(beside_sessions());
    }
    let _ = Router::new().routes(routes!(GET "/either" => either)).with_state::<()>(resource_server());
}

/// Row 174.
#[test]
fn layers_and_endpoints_are_refused_where_there_are_no_sessions() {
    let auth = resource_server();
    for (message, named) in [
        (refused(|| drop(auth.layer().live())), "a session that has not ended"),
        (refused(|| drop(auth.layer().both_tokens())), "the refresh token of one session"),
        (refused(|| drop(auth.layer().rule(Rule::Issuer("own")))), "a token from this server"),
        (refused(|| drop(auth.routes())), "the endpoints of sessions"),
    ] {
        assert!(message.contains(named) && message.contains("no sessions of its own"), "{message}");
    }
    let _ = auth.layer().role("admin").issuer("acme");
}

/// Row 174: with the nearest name.
#[test]
fn an_issuer_that_the_auth_does_not_have_is_refused() {
    let new = Router::new;
    for auth in [resource_server(), beside_sessions()] {
        for router in [
            new().routes(routes!(typo)),
            new().routes(routes!(GET "/typo" => not_typo)),
            new().fallback(fallback!(typo)),
            new().merge(new().routes(routes!(typo))),
            new().routes(routes!(typo)).guard(auth.layer()),
        ] {
            let message = refused(|| drop(router.with_state::<()>(auth.clone())));
            assert!(message.contains("asks for the issuer `acmee`"), "{message}");
            assert!(message.ends_with("did you mean `acme`?"), "{message}");
        }
        let message = refused(|| drop(auth.layer().issuer("acmee")));
        assert!(message.starts_with("an `AuthLayer` asks for the issuer `acmee`"), "{message}");
    }
    let alone = with_sessions().clock(TestClock::at(NOW)).build().unwrap();
    let message = refused(|| drop(new().routes(routes!(typo)).with_state::<()>(alone)));
    assert!(message.contains("it trusts no issuer; give its builder `.trust("), "{message}");
}

#[test]
fn the_matrix_says_which_issuers_a_route_accepts_where_others_are_trusted() {
    let router = || new_routes().routes(routes!(live));
    let matrix = router().with_state::<()>(beside_sessions()).access_matrix();
    let found: Vec<_> = matrix.rows().iter().map(|row| (row.path(), row.issuers().unwrap())).collect();
    assert_eq!(
        found,
        [
            ("/either", vec!["own", "acme"]),
            ("/live", vec!["own"]),
            ("/login", vec![]),
            ("/me", vec!["own", "acme"])
        ]
    );
    let table = matrix.to_markdown();
    assert!(table.contains("| Tokens of "), "{table}");
    assert!(
        table.contains("| any signed-in user                                   | `own`, `acme`          |"),
        "{table}"
    );
    assert!(matrix.to_json().contains("\"issuers\": [\n"), "{}", matrix.to_json());
    assert!(
        matrix.to_html().contains("<td><code>own</code>, <code>acme</code></td>"),
        "{}",
        matrix.to_html()
    );

    // A server that trusts none has the matrix that it always had.
    let alone = with_sessions().clock(TestClock::at(NOW)).build().unwrap();
    let before = Router::new().routes(routes!(me, live)).access_matrix();
    let matrix = Router::new().routes(routes!(me, live)).with_state::<()>(alone).access_matrix();
    assert_eq!(matrix.to_markdown(), before.to_markdown());
    assert!(matrix.rows().iter().all(|row| row.issuers().is_none()));
    assert!(!matrix.to_json().contains("issuers") && !matrix.to_html().contains("Tokens of"));
}

fn new_routes() -> Router {
    Router::new().routes(routes!(me, GET "/either" => either, POST "/login" => sign_in))
}

/// The access of a guard counts too.
#[test]
fn a_guard_narrows_the_issuers_of_the_routes_inside() {
    let auth = beside_sessions();
    let router = Router::new().routes(routes!(me)).guard(auth.layer().issuer("acme"));
    let matrix = router.with_state::<()>(auth).access_matrix();
    let [me] = matrix.rows() else { panic!("one row: {matrix}") };
    assert_eq!(me.issuers().unwrap(), ["acme"]);
    assert_eq!(me.own_access(), Access::Authenticated);
}
