//! The test kit: an `Auth` in one line, tokens by name, guards that have let a call pass.

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::{Request, StatusCode, header};
use countersign::__private::Guard;
use countersign::session::SessionMetadata;
use countersign::testing::{Fault, TestAuth, TestClock, TokenForge, granted};
use countersign::token::{Algorithm, Key, KeySet};
use countersign::{
    Access, Auth, AuthError, AuthRouter, Liveness, Policy, Rule, Session, authenticated, public,
    require_role, routes,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{NOW, REFRESH_SECRET, Role, SECOND, User, builder, key, payload_of};

macro_rules! policy {
    ($name:ident, $access:expr) => {
        enum $name {}

        impl Policy for $name {
            const ACCESS: Access = $access;
            type Roles = ();
            type Checks = ();
            type Proves = ();
        }
    };
}

policy!(SignedIn, Access::Authenticated);
policy!(Live, Access::Require(Rule::Live));
policy!(Fresh, Access::Require(Rule::Fresh(SECOND.saturating_mul(600))));
policy!(InPerson, Access::Require(Rule::NotImpersonated));

fn member() -> User {
    User::with(&[Role::Member])
}

async fn ask<P: Policy<Checks = (), Proves = ()>>(
    auth: &Auth<User>,
    token: &str,
) -> Result<(), &'static str> {
    let request = Request::get("/").header(header::AUTHORIZATION, format!("Bearer {token}"));
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let guard = Guard::<P>::from_request_parts(&mut parts, auth).await;
    guard.map(drop).map_err(|rejection| rejection.denial().code())
}

/// Every bad token that has a name, except those that are bad for some routes only.
async fn bad_tokens(forge: &TokenForge<User>) -> Vec<(&'static str, String)> {
    let user = &member();
    vec![
        ("malformed", forge.malformed()),
        ("expired", forge.expired(user).await),
        ("not yet valid", forge.not_yet_valid(user).await),
        ("tampered", forge.tampered(user).await),
        ("wrong audience", forge.wrong_audience(user).await),
        ("wrong issuer", forge.wrong_issuer(user).await),
        ("unsigned", forge.unsigned(user).await),
        ("other key", forge.other_key(user).await),
        ("refresh as access", forge.refresh_as_access(user).await),
    ]
}

/// Rows 31, 33, 35, 36 and 39.
#[tokio::test]
async fn each_bad_token_is_refused_and_a_good_one_is_not() {
    let auth = builder(&TestClock::at(NOW)).build().unwrap();
    let forge = TokenForge::of(&auth);
    for (name, token) in bad_tokens(&forge).await {
        assert_eq!(ask::<SignedIn>(&auth, &token).await, Err("invalid_token"), "{name}");
        assert_eq!(ask::<Live>(&auth, &token).await, Err("invalid_token"), "{name}");
    }
    let token = forge.token(&member()).await;
    assert_eq!(ask::<SignedIn>(&auth, &token).await, Ok(()));
    assert_eq!(ask::<Live>(&auth, &token).await, Ok(()));
}

/// A bad token differs from a good one as its name says, and in nothing else; otherwise a test with it would prove something else.
#[tokio::test]
async fn nothing_but_its_name_is_wrong_with_a_bad_token() {
    let auth = builder(&TestClock::at(NOW)).build().unwrap();
    let forge = TokenForge::of(&auth);
    let user = member();
    let good = payload_of(&forge.token(&user).await);
    let own = |mut payload: Value| {
        for changing in ["jti", "sid"] {
            payload[changing] = json!("");
        }
        payload
    };
    let differences = |token: &str| {
        let (good, bent) = (own(good.clone()), own(payload_of(token)));
        let names = bent.as_object().unwrap().keys().filter(|name| bent[*name] != good[*name]);
        names.cloned().collect::<Vec<_>>()
    };
    assert_eq!(differences(&forge.expired(&user).await), ["exp", "iat", "nbf"]);
    assert_eq!(differences(&forge.not_yet_valid(&user).await), ["exp", "nbf"]);
    assert_eq!(differences(&forge.wrong_audience(&user).await), ["aud"]);
    assert_eq!(differences(&forge.wrong_issuer(&user).await), ["iss"]);
    for same in [forge.tampered(&user).await, forge.unsigned(&user).await, forge.other_key(&user).await] {
        assert_eq!(differences(&same), Vec::<String>::new());
    }
    let expired = payload_of(&forge.expired(&user).await);
    assert!(expired["exp"].as_i64().unwrap() < NOW - 300, "beyond the largest leeway");
}

#[tokio::test]
async fn tampered_token_differs_in_one_character_of_its_signature() {
    let auth = builder(&TestClock::at(NOW)).build().unwrap();
    let token = TokenForge::of(&auth).tampered(&member()).await;
    let (message, signature) = token.rsplit_once('.').unwrap();
    let repaired = ["A", "B"].into_iter().chain(
        "CDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            .split("")
            .filter(|character| !character.is_empty()),
    );
    let mut accepted = 0;
    for first in repaired {
        let token = format!("{message}.{first}{}", &signature[1..]);
        accepted += usize::from(ask::<SignedIn>(&auth, &token).await.is_ok());
    }
    assert_eq!(accepted, 1);
}

/// Public keys too: then `other_key` is the confusion of algorithms, and a tampered signature stays one of its length.
#[tokio::test]
async fn bad_tokens_are_made_for_public_keys_as_well() {
    let pem = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        -----END PRIVATE KEY-----\n";
    let key = Key::from_private_pem(Algorithm::EdDsa, pem).unwrap();
    let auth = builder(&TestClock::at(NOW)).access_key(key).build().unwrap();
    let forge = TokenForge::of(&auth);
    for (name, token) in bad_tokens(&forge).await {
        assert_eq!(ask::<SignedIn>(&auth, &token).await, Err("invalid_token"), "{name}");
    }
    assert_eq!(ask::<SignedIn>(&auth, &forge.token(&member()).await).await, Ok(()));
}

/// The forge signs with the current keys, and not with the first ones.
#[tokio::test]
async fn forge_follows_a_rotation_of_keys() {
    let auth = builder(&TestClock::at(NOW)).build().unwrap();
    let forge = TokenForge::of(&auth);
    auth.replace_access_keys(KeySet::new(Key::generate_secret(Algorithm::Hs256).unwrap()).unwrap()).unwrap();
    let signed_in = forge.signed_in_at(&member(), countersign::Timestamp::from_unix(NOW - 5)).await;
    assert_eq!(ask::<SignedIn>(&auth, &signed_in).await, Ok(()));
}

/// Rows 60, 61 and 94: bad for the routes that demand more, and good for the others.
#[tokio::test]
async fn tokens_that_are_bad_for_some_routes_are_good_for_the_others() {
    let auth = TestAuth::new();
    let (forge, user, now) = (auth.forge(), member(), countersign::Clock::now(auth.clock()));
    let stale = forge.signed_in_at(&user, now - SECOND * 601).await;
    assert_eq!(ask::<Fresh>(&auth, &stale).await, Err("insufficient_user_authentication"));
    let fresh = forge.signed_in_at(&user, now - SECOND * 600).await;
    assert_eq!(ask::<Fresh>(&auth, &fresh).await, Ok(()));

    let impersonated = forge.impersonated_by(&user, "support-1").await;
    assert!(ask::<InPerson>(&auth, &impersonated).await.is_err());
    let request = Request::get("/").header(header::AUTHORIZATION, format!("Bearer {impersonated}"));
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let session =
        <Session<User> as FromRequestParts<_>>::from_request_parts(&mut parts, &auth).await.unwrap();
    assert_eq!(session.actor(), Some("support-1"));

    let ended = forge.without_session(&user).await;
    assert_eq!(ask::<Live>(&auth, &ended).await, Err("invalid_token"));
    for token in [stale, impersonated, ended] {
        assert_eq!(ask::<SignedIn>(&auth, &token).await, Ok(()));
    }
}

#[tokio::test]
async fn test_auth_refreshes_known_users() {
    let auth = TestAuth::new();
    let user = member();
    let pair = auth.sign_in(&user).await;
    auth.register(&User::with(&[Role::Admin]));
    let renewed = auth.refresh(&pair.refresh_token).await.unwrap();
    assert_eq!(payload_of(&renewed.access_token)["roles"], json!(["admin"]));
    auth.forget(&user.id);
    assert!(matches!(auth.refresh(&renewed.refresh_token).await, Err(AuthError::InvalidGrant(_))));
}

#[tokio::test]
async fn test_auth_has_a_clock_and_a_store_to_command() {
    let auth = TestAuth::with(|builder| builder.liveness(Liveness::Always));
    let token = auth.token(&member()).await;
    assert_eq!(ask::<SignedIn>(&auth, &token).await, Ok(()));
    auth.store().inject(Fault::Read);
    assert_eq!(ask::<SignedIn>(&auth, &token).await, Err("temporarily_unavailable"));
    auth.store().heal();
    auth.clock().advance(SECOND * 900 + SECOND * 60);
    assert_eq!(ask::<SignedIn>(&auth, &token).await, Err("invalid_token"));
}

/// Row 24: a test kit is where a fixed secret would come from.
#[tokio::test]
async fn no_two_test_auths_accept_each_others_tokens() {
    let (one, other) = (TestAuth::new(), TestAuth::new());
    let token = one.token(&member()).await;
    assert_eq!(ask::<SignedIn>(&one, &token).await, Ok(()));
    assert_eq!(ask::<SignedIn>(&other, &token).await, Err("invalid_token"));
    let pair = one.login(&member(), SessionMetadata::default()).await.unwrap();
    assert!(other.refresh(&pair.refresh_token).await.is_err());
}

#[test]
#[should_panic = "the configuration is refused"]
fn test_auth_refuses_what_the_builder_refuses() {
    let _ = TestAuth::<User>::with(|builder| {
        builder.access_key(key(REFRESH_SECRET)).refresh_key(key(REFRESH_SECRET))
    });
}

#[require_role("admin")]
async fn greet(State(greeting): State<&'static str>, user: User, Json(body): Json<Value>) -> String {
    format!("{greeting} {} {body}", user.id)
}

#[public(reason = "health probe")]
async fn health() -> &'static str {
    "ok"
}

#[tokio::test]
async fn guarded_handler_is_a_function_that_a_test_can_call() {
    assert_eq!(greet(granted(), State("hello"), member(), Json(json!(1))).await, "hello 7 1");
    assert_eq!(health(granted()).await, "ok");
}

#[tokio::test]
async fn test_auth_is_the_state_of_a_router() {
    #[authenticated]
    #[utoipa::path(get, path = "/id")]
    async fn id(user: User) -> String {
        user.id.to_string()
    }
    let auth = TestAuth::new();
    let router: axum::Router = AuthRouter::new().routes(routes!(id)).with_state(auth.clone()).into();
    let token = auth.token(&member()).await;
    for (token, status) in [(token.as_str(), StatusCode::OK), (" x", StatusCode::UNAUTHORIZED)] {
        let request = Request::get("/id").header(header::AUTHORIZATION, format!("Bearer {token}"));
        let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), status);
    }
}
