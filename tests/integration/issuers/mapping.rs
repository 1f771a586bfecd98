//! The application's claims from those of an issuer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use countersign::testing::{TestClock, TestIssuer};
use countersign::token::{Algorithm, Key, KeySet};
use countersign::{Auth, ConfigError, Issuer, IssuerProblem, Profile};
use serde_json::{Value, json};

use super::{App, Role, User, acme, with_sessions};
use crate::support::NOW;

fn is_configured(issuer: Issuer<User>) -> Result<Auth<User>, ConfigError> {
    Auth::builder().trust(issuer).build()
}

/// Each mistake by itself, and the sentence that says what to do.
#[test]
fn what_cannot_be_mapped_is_refused_when_the_auth_is_built() {
    let issuer = || acme().issuer::<User>();
    let keys = || KeySet::new(Key::generate_secret(Algorithm::Hs256).unwrap()).unwrap();
    let bare = |url: &str| Issuer::<User>::keys(url, KeySet::from_jwks(JWKS).unwrap());
    let mistakes: Vec<(Issuer<User>, IssuerProblem, &str)> = vec![
        (bare("").audience("a"), IssuerProblem::Url, "`iss`"),
        (bare("a b").audience("a"), IssuerProblem::Url, "`iss`"),
        (
            Issuer::discover("acme").audience("a").fetch(never),
            IssuerProblem::Url,
            "https://login.example.com",
        ),
        (Issuer::discover("http://a.test").audience("a").fetch(never), IssuerProblem::Url, "loopback"),
        (Issuer::discover("https://a.test?x").audience("a").fetch(never), IssuerProblem::Url, "https"),
        (bare("https://login.example.com"), IssuerProblem::NoAudience, "`audience`"),
        (issuer().audience(" "), IssuerProblem::Blank, "blank"),
        (issuer().client_id(""), IssuerProblem::Blank, "blank"),
        (issuer().named(""), IssuerProblem::Name, "`named`"),
        (issuer().named("own"), IssuerProblem::Name, "`own`"),
        (issuer().named("a\"b"), IssuerProblem::Name, "quotes"),
        (issuer().algorithms([]), IssuerProblem::Algorithms, "ES256"),
        (issuer().algorithms([Algorithm::Es256, Algorithm::Hs256]), IssuerProblem::Algorithms, "ES256"),
        (Issuer::keys("https://a.test", keys()).audience("a"), IssuerProblem::Keys, "secrets"),
        (Issuer::discover("https://a.test").audience("a"), IssuerProblem::NoFetch, "`fetch`"),
        (
            Issuer::jwks("https://a.test", "https://a.test/keys").audience("a"),
            IssuerProblem::NoFetch,
            "`fetch`",
        ),
        (issuer().profile(Profile::Okta), IssuerProblem::NoRoles, "`roles_at`"),
        (issuer().profile(Profile::Cognito), IssuerProblem::NoClient, "`client_id`"),
        (issuer().profile(Profile::Zitadel), IssuerProblem::NoRoles, "`roles_at`"),
        (issuer().algorithms([Algorithm::Rs256]), IssuerProblem::NoFittingKey, "`algorithms`"),
        (issuer().claim_at("sub", "/oid"), IssuerProblem::ReservedClaim("sub".to_owned()), "`subject_at`"),
        (issuer().claim_at("roles", "/r"), IssuerProblem::ReservedClaim("roles".to_owned()), "`roles_at`"),
        (issuer().claim_at("scope", "/s"), IssuerProblem::ReservedClaim("scope".to_owned()), "`scopes_at`"),
        (issuer().claim_at("exp", "/e"), IssuerProblem::ReservedClaim("exp".to_owned()), "registered"),
        (issuer().roles_at("/a~2b"), IssuerProblem::Pointer("/a~2b".to_owned()), "JSON pointer"),
        (issuer().roles_at("/a~"), IssuerProblem::Pointer("/a~".to_owned()), "JSON pointer"),
        (
            issuer().roles_at("/https://acme.example/roles"),
            IssuerProblem::Pointer("/https://acme.example/roles".to_owned()),
            "`~1`",
        ),
        (issuer().roles_at("roles"), IssuerProblem::Pointer("roles".to_owned()), "JSON pointer"),
        (issuer().subject_at(""), IssuerProblem::Pointer(String::new()), "JSON pointer"),
        (issuer().claim_at("email", "mail"), IssuerProblem::Pointer("mail".to_owned()), "JSON pointer"),
        (issuer().remember_claims(Duration::ZERO), IssuerProblem::Remember, "a second"),
        (issuer().remember_claims(Duration::from_secs(86_401)), IssuerProblem::Remember, "a day"),
    ];
    for (issuer, expected, words) in mistakes {
        let error = is_configured(issuer).unwrap_err();
        let ConfigError::TrustedIssuer { problem, .. } = &error else { panic!("{error}") };
        assert_eq!(problem, &expected);
        assert!(error.to_string().contains(words), "{error}");
    }
    let missing = Issuer::jwks("https://a.test", "http://a.test/keys").audience("a").fetch(never);
    let ConfigError::TrustedIssuer { problem, .. } = is_configured(missing).unwrap_err() else { panic!() };
    assert_eq!(problem, IssuerProblem::KeysUrl);
}

async fn never(_: countersign::FetchRequest) -> Result<countersign::Fetched, countersign::FetchError> {
    Err(countersign::FetchError::TimedOut)
}

const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

#[test]
fn all_mistakes_are_told_at_once_and_several_issuers_are_told_apart() {
    let (acme, globex) = (TestIssuer::new("acme"), TestIssuer::new("globex"));
    let error = Auth::<User>::builder()
        .trust(acme.issuer())
        .trust(acme.issuer().shares_subjects())
        .trust(globex.issuer().named("acme").shares_subjects().roles_at("x"))
        .build()
        .unwrap_err();
    let problems: Vec<_> = error
        .problems()
        .iter()
        .map(|problem| match problem {
            ConfigError::TrustedIssuer { name, problem } => (name.as_str(), problem.clone()),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(
        problems,
        [
            ("acme", IssuerProblem::SharedSubjects),
            ("acme", IssuerProblem::Repeated),
            ("acme", IssuerProblem::Pointer("x".to_owned())),
            ("acme", IssuerProblem::RepeatedName),
        ]
    );
    // Beside sessions of this server, one issuer is two already.
    let error = with_sessions().trust(acme.issuer()).build().unwrap_err();
    assert!(error.to_string().contains("`claims_with`"), "{error}");
    let own = with_sessions().issuer("https://acme.test").trust(acme.issuer().shares_subjects());
    assert!(own.build().unwrap_err().to_string().contains("trusted already"));
}

/// RFC 7519 section 4.1.1: an `iss` is a text. It is an address only where keys are looked for behind it.
#[tokio::test]
async fn an_issuer_whose_keys_are_at_hand_may_have_any_name() {
    let acme = acme();
    for iss in ["kubernetes/serviceaccount", "http://keycloak:8080/realms/acme", "https://acme.test/"] {
        let app = App::trusting(acme.issuer_as(iss));
        assert_eq!(app.status("/me", &acme.token(json!({ "iss": iss }))).await, 200, "{iss}");
        assert_eq!(app.status("/me", &acme.token(json!({}))).await, 401, "{iss}");
    }
}

/// What belongs to sessions has no meaning without them.
#[test]
fn settings_of_sessions_are_refused_where_there_are_none() {
    let builder = || Auth::<User>::builder().trust(acme().issuer());
    for (builder, setting) in [
        (builder().issuer("https://api.test"), "`issuer`"),
        (builder().audience("https://api.test"), "`audience`"),
        (builder().client_id("client"), "`client_id`"),
        (builder().cookies(countersign::Cookies::new()), "`cookies`"),
        (builder().liveness(countersign::Liveness::Always), "`liveness`"),
        (builder().live_cache(Duration::from_secs(5), 10), "`live_cache`"),
        (builder().live_from_feed(), "`live_from_feed`"),
        (builder().max_sessions_per_user(3), "`max_sessions_per_user`"),
    ] {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.starts_with(setting), "{error}");
    }
    // With one part of a server with sessions, the others are missing.
    let error = builder().store(countersign::store::MemoryStore::new()).build().unwrap_err().to_string();
    assert!(error.contains("`access_key`") && error.contains("`claims_source`"), "{error}");
    builder().build().unwrap();
}

/// Every form of the roles, against a list of names that says by itself what they grant.
#[tokio::test]
async fn roles_are_translated_and_unknown_ones_grant_nothing() {
    let issuer = acme();
    let app = App::trusting(issuer.issuer().roles_at("/realm/roles").rename_role("boss", Role::Admin));
    for (roles, expected) in [
        (json!([]), json!([])),
        (json!(["member", "boss", "Admin", "root"]), json!(["member", "admin"])),
        (json!(["admin"]), json!(["admin"])),
        (json!("boss"), json!(["admin"])),
        (json!({ "boss": true, "root": true }), json!(["admin"])),
        (json!({ "boss": { "28": "acme.example" } }), json!(["admin"])),
        (json!({ "boss": false, "member": true }), json!(["member"])),
        (json!({ "boss": null }), json!([])),
        (json!({ "boss": {} }), json!([])),
        (json!(["admin "]), json!([])),
        (json!(["admin member"]), json!([])),
    ] {
        let (status, me) = app.ask("/me", &issuer.token(json!({ "realm": { "roles": roles } }))).await;
        assert_eq!((status.as_u16(), &me["roles"]), (200, &expected), "{roles}");
    }
    // Elsewhere in the token they are not roles.
    let (_, me) = app.ask("/me", &issuer.token(json!({ "roles": ["admin"] }))).await;
    assert_eq!(me["roles"], json!([]));
    let misfits = [
        json!(7),
        json!(true),
        json!([["admin"]]),
        json!(["admin", 7]),
        json!({ "boss": 1 }),
        json!({ "boss": "no" }),
    ];
    for roles in misfits {
        let token = issuer.token(json!({ "realm": { "roles": roles } }));
        assert_eq!(app.status("/me", &token).await, 401, "{roles}");
    }
}

#[tokio::test]
async fn claims_of_the_application_come_from_the_places_that_it_names() {
    let issuer = acme();
    let configured = issuer
        .issuer()
        .subject_at("/user/id")
        .scopes_at("/grants")
        .claim_at("email", "/https:~1~1acme.example~1mail");
    let app = App::trusting(configured);
    let token = issuer.token(json!({
        "user": { "id": "7" }, "grants": ["posts:write", "not a scope", "mail"], "scope": "admin",
        "https://acme.example/mail": "ada@example.com", "email": "forged@example.com",
    }));
    let (status, me) = app.ask("/me", &token).await;
    assert_eq!(status, 200, "{me}");
    let expected = json!(["7", ["posts:write", "mail"], "ada@example.com", "user"]);
    assert_eq!(json!([me["id"], me["scopes"], me["email"], me["sub"]]), expected);
    // A place that is empty is not filled from elsewhere.
    let (_, me) =
        app.ask("/me", &issuer.token(json!({ "user": { "id": "7" }, "email": "forged@example.com" }))).await;
    assert_eq!(me["email"], Value::Null);
    for claims in [
        json!({}),
        json!({ "user": {} }),
        json!({ "user": { "id": "" } }),
        json!({ "user": { "id": 7 } }),
        json!({ "user": { "id": "7" }, "grants": 7 }),
    ] {
        assert_eq!(app.status("/me", &issuer.token(claims.clone())).await, 401, "{claims}");
    }
}

/// Two issuers with one `sub`, one function that finds users by both.
#[tokio::test]
async fn users_of_two_issuers_with_one_subject_are_two_users() {
    let issuers = [TestIssuer::new("acme"), TestIssuer::new("globex")];
    let builder = issuers.iter().fold(Auth::builder(), |builder, issuer| {
        builder.trust(issuer.issuer().claims_with(|token| async move {
            Ok(Some(User::named(&format!("{}|{}", token.issuer(), token.subject()))))
        }))
    });
    let app = App::of(builder, &TestClock::at(NOW));
    for issuer in &issuers {
        let (_, me) = app.ask("/me", &issuer.token(json!({ "sub": "7" }))).await;
        assert_eq!(me["id"], json!(format!("{}|7", issuer.url())));
        assert_eq!(me["sub"], json!("7"));
    }
}

/// The application's function is asked once for each token until its answer is too old, whatever it has answered but a user.
#[tokio::test]
async fn claims_of_the_application_are_remembered_with_the_token_for_their_age() {
    let issuer = acme();
    let clock = TestClock::at(NOW);
    let questions = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&questions);
    let configured = issuer.issuer().remember_claims(Duration::from_secs(30)).claims_with(move |token| {
        asked.fetch_add(1, Ordering::SeqCst);
        async move {
            match token.subject() {
                "unknown" => Ok(None),
                "outage" => Err("the table of users is gone: secret".into()),
                subject => Ok(Some(User { email: token.claim("mail"), ..User::named(subject) })),
            }
        }
    });
    let app = App::of(Auth::builder().trust(configured), &clock);
    let count = || questions.swap(0, Ordering::SeqCst);
    let token = issuer.token(json!({ "sub": "ada", "mail": "ada@example.com" }));
    for (step, expected) in [(0, 1), (0, 0), (29, 0), (1, 1), (29, 0), (31, 1)] {
        clock.advance(Duration::from_secs(step));
        let (status, me) = app.ask("/me", &token).await;
        assert_eq!((status.as_u16(), &me["email"]), (200, &json!("ada@example.com")));
        assert_eq!(count(), expected, "after {step} seconds");
    }
    // Another token of the same user is another question.
    assert_eq!(app.status("/me", &issuer.token(json!({ "sub": "ada", "jti": "b" }))).await, 200);
    assert_eq!(count(), 1);
    for (subject, status, code) in
        [("unknown", 401, "invalid_token"), ("outage", 503, "temporarily_unavailable")]
    {
        let token = issuer.token(json!({ "sub": subject }));
        for _ in 0..2 {
            let (found, body) = app.ask("/me", &token).await;
            assert_eq!((found.as_u16(), &body["code"]), (status, &json!(code)), "{body}");
            assert!(!body.to_string().contains("secret"), "{body}");
            assert_eq!(count(), 1, "{subject}: an answer without a user is not remembered");
        }
    }
    // A token that is not the issuer's asks nothing.
    let forged = TestIssuer::new("acme").token(json!({ "sub": "ada" }));
    assert_eq!(app.status("/me", &forged).await, 401);
    assert_eq!(count(), 0);
}

/// Row 179: judged anew at each use.
#[tokio::test]
async fn a_remembered_token_ends_with_its_time_and_with_the_keys_of_its_issuer() {
    for capacity in [0, 1, 4096] {
        let issuer = acme();
        let clock = TestClock::at(NOW);
        let app = App::of(Auth::builder().remember_tokens(capacity).trust(issuer.issuer()), &clock);
        let (token, other) = (issuer.token(json!({ "sub": "ada" })), issuer.token(json!({ "sub": "max" })));
        for token in [&token, &other, &token, &token, &other] {
            assert_eq!(app.status("/me", token).await, 200);
            assert_eq!(app.status("/admin", token).await, 403, "the rule is judged each time");
        }
        clock.advance(Duration::from_secs(3600 + 59));
        assert_eq!(app.status("/me", &token).await, 200, "within the leeway");
        clock.advance(Duration::from_secs(1));
        assert_eq!(app.status("/me", &token).await, 401, "{capacity}");
        let token = issuer.token(json!({ "exp": NOW + 9000 }));
        assert_eq!(app.status("/me", &token).await, 200);
        assert!(!app.auth.forget_issuer_keys("acme"), "keys at hand cannot be fetched again");
        assert!(!app.auth.forget_issuer_keys("globex"));
    }
}
