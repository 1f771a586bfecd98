//! The form of a refusal, and the facts that it does not reveal.

use std::sync::Arc;

use axum::http::{StatusCode, header};
use countersign::testing::{Fault, FaultyStore, TestClock};
use countersign::{Auth, AuthError, BoxError};

use crate::support::{App, NOW, Role, User, builder};

/// Rows 127 and 129.
#[tokio::test]
async fn refusal_is_a_problem_document_without_internal_detail() {
    let app = App::new();
    let answer = app.get("/me", Some("a.b.c")).await;
    answer.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    assert_eq!(
        answer.json(),
        serde_json::json!({
            "type": "about:blank",
            "title": "Unauthorized",
            "status": 401,
            "code": "invalid_token",
            "detail": "The access token is not valid. Refresh it or sign in again.",
        })
    );
    assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), Some("nosniff"));
    assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
}

/// Row 69.
#[tokio::test]
async fn missing_role_is_named_only_where_the_application_discloses_it() {
    let silent = App::new();
    let pair = silent.login(&[]).await;
    let answer = silent.get("/admin", Some(&pair.access_token)).await;
    assert!(!String::from_utf8_lossy(&answer.body).contains("admin"));
    let open = App::with(|builder| builder.disclose_requirements(true));
    let pair = open.login(&[]).await;
    let answer = open.get("/admin", Some(&pair.access_token)).await;
    answer.refused(StatusCode::FORBIDDEN, "insufficient_scope");
    assert_eq!(answer.text("required"), "role `admin`");
}

/// Row 68.
#[tokio::test]
async fn realm_that_does_not_fit_a_challenge_is_refused_at_build() {
    for realm in ["", "a\"b", "a\\b", "a\nb", "ä"] {
        assert!(builder(&TestClock::at(NOW)).realm(realm).build().is_err(), "{realm:?}");
    }
}

/// Rows 90 and 128.
#[tokio::test]
async fn store_failure_is_503_without_its_cause_and_consumes_nothing() {
    let store = Arc::new(FaultyStore::new(countersign::store::MemoryStore::new()));
    let app = App::with(|builder| builder.store(Arc::clone(&store)));
    let pair = app.login(&[]).await;
    for fault in [Fault::Read, Fault::BeforeWrite, Fault::AfterWrite] {
        store.inject(fault);
        let answer = app.refresh(&pair.refresh_token).await;
        answer.refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
        assert!(!String::from_utf8_lossy(&answer.body).contains("fault"));
    }
    store.heal();
    assert_eq!(app.refresh(&pair.refresh_token).await.status, StatusCode::OK);
}

/// Rows 90 and 93: a sign-out that was confirmed has taken place.
#[tokio::test]
async fn store_failure_is_no_sign_out() {
    let store = Arc::new(FaultyStore::new(countersign::store::MemoryStore::new()));
    let app = App::with(|builder| builder.store(Arc::clone(&store)));
    let pair = app.login(&[]).await;
    let session = app.auth.sessions(&7).await.unwrap().remove(0).id;
    store.inject(Fault::BeforeWrite);
    for result in [
        app.auth.logout(&pair.access_token).await,
        app.auth.logout(&pair.refresh_token).await,
        app.auth.end_session(&session).await,
        app.auth.logout_all(&7).await.map(drop),
        app.auth.revoke(&7, &session).await.map(drop),
    ] {
        assert!(matches!(result, Err(AuthError::Unavailable(_))), "{result:?}");
    }
    store.heal();
    assert_eq!(app.auth.sessions(&7).await.unwrap().len(), 1);
}

/// Row 90.
#[tokio::test]
async fn claims_source_failure_is_503_and_consumes_nothing() {
    let fails = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let down = Arc::clone(&fails);
    let app = App::with(|builder| {
        builder.claims_source(move |id| {
            let down = down.load(std::sync::atomic::Ordering::SeqCst);
            async move {
                if down {
                    return Err(BoxError::from("secret-hostname:5432 refused the connection"));
                }
                Ok(Some(User { id, ..User::with(&[Role::Member]) }))
            }
        })
    });
    let pair = app.login(&[]).await;
    let answer = app.refresh(&pair.refresh_token).await;
    answer.refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    assert!(!String::from_utf8_lossy(&answer.body).contains("secret-hostname"));
    fails.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(app.refresh(&pair.refresh_token).await.status, StatusCode::OK);
}

/// Row 30.
#[test]
fn debug_output_shows_no_secret() {
    let builder = builder(&TestClock::at(NOW));
    let mut shown = format!("{builder:?}");
    let auth: Auth<User> = builder.build().unwrap();
    shown += &format!("{auth:?} {:?}", crate::support::key(crate::support::ACCESS_SECRET));
    for secret in [crate::support::ACCESS_SECRET, crate::support::REFRESH_SECRET] {
        let text = str::from_utf8(secret).unwrap();
        let bytes = format!("{:?}", &secret[..4]);
        assert!(!shown.contains(&text[..8]) && !shown.contains(bytes.trim_matches(['[', ']'])), "{shown}");
    }
}

/// Row 30.
#[tokio::test]
async fn debug_output_of_tokens_shows_none() {
    let pair = App::new().login(&[]).await;
    let shown = format!("{pair:?}");
    for token in [&pair.access_token, &pair.refresh_token] {
        assert!(token.split('.').all(|part| !shown.contains(part)), "{shown}");
    }
}

/// Row 130.
#[tokio::test]
async fn a_signed_in_user_without_the_role_is_not_asked_to_sign_in() {
    let app = App::new();
    let pair = app.login(&[Role::Support]).await;
    assert_eq!(app.get("/admin", Some(&pair.access_token)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(app.get("/admin", None).await.status, StatusCode::UNAUTHORIZED);
}
