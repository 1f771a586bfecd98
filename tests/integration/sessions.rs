//! Sessions as the application sees them.

use axum::http::StatusCode;
use countersign::session::SessionMetadata;

use crate::support::{App, SECOND, User};

fn laptop() -> SessionMetadata {
    SessionMetadata::default().with_user_agent("curl/8").with_device_label("laptop")
}

/// Row 98.
#[tokio::test]
async fn list_shows_living_sessions_newest_first_without_token_material() {
    let app = App::new();
    app.auth.login(&User::with(&[]), SessionMetadata::default()).await.unwrap();
    app.clock.advance(SECOND * 5);
    app.auth.login(&User::with(&[]), laptop()).await.unwrap();
    let sessions = app.auth.sessions(&7).await.unwrap();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0].metadata.device_label(), Some("laptop"));
    assert!(sessions[0].created_at > sessions[1].created_at);
    app.clock.advance(SECOND * 30 * 86_400 - SECOND * 5);
    assert_eq!(app.auth.sessions(&7).await.unwrap().len(), 1);
    assert_eq!(app.auth.purge_expired().await.unwrap(), 1);
}

/// Row 93.
#[tokio::test]
async fn logout_is_the_same_for_living_ended_expired_and_unknown_tokens() {
    let app = App::new();
    let pair = app.login(&[]).await;
    app.clock.advance(SECOND * 3600);
    assert_eq!(app.get("/me", Some(&pair.access_token)).await.status, StatusCode::UNAUTHORIZED);
    for token in [pair.access_token.as_str(), &pair.access_token, &pair.refresh_token, "nonsense"] {
        app.auth.logout(token).await.unwrap();
        assert!(app.auth.sessions(&7).await.unwrap().is_empty());
    }
    app.refresh(&pair.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
}

#[tokio::test]
async fn forged_token_ends_no_session() {
    let app = App::new();
    let pair = app.login(&[]).await;
    let (signed, _) = pair.access_token.rsplit_once('.').unwrap();
    app.auth.logout(&format!("{signed}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")).await.unwrap();
    assert_eq!(app.auth.sessions(&7).await.unwrap().len(), 1);
}

/// Row 94: the refresh token dies at once, access tokens live out their short life.
#[tokio::test]
async fn ended_session_cannot_be_refreshed_and_its_access_token_runs_out() {
    let app = App::new();
    let pair = app.login(&[]).await;
    app.auth.logout(&pair.refresh_token).await.unwrap();
    app.refresh(&pair.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    assert_eq!(app.get("/me", Some(&pair.access_token)).await.status, StatusCode::OK);
    app.clock.advance(SECOND * 961);
    assert_eq!(app.get("/me", Some(&pair.access_token)).await.status, StatusCode::UNAUTHORIZED);
}

/// Row 95.
#[tokio::test]
async fn revoking_a_foreign_session_looks_like_revoking_an_unknown_one() {
    let app = App::new();
    app.login(&[]).await;
    let foreign = app.auth.sessions(&7).await.unwrap().remove(0).id;
    assert!(!app.auth.revoke(&8, &foreign).await.unwrap());
    assert!(!app.auth.revoke(&8, &"AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap()).await.unwrap());
    assert_eq!(app.auth.sessions(&7).await.unwrap().len(), 1);
    assert!(app.auth.revoke(&7, &foreign).await.unwrap());
}

/// Row 96.
#[tokio::test]
async fn every_session_but_one_can_be_ended() {
    let app = App::new();
    for _ in 0..3 {
        app.login(&[]).await;
    }
    let kept = app.auth.sessions(&7).await.unwrap().remove(1).id;
    assert_eq!(app.auth.revoke_all_except(&7, &kept).await.unwrap(), 2);
    assert_eq!(app.auth.sessions(&7).await.unwrap()[0].id, kept);
    assert_eq!(app.auth.logout_all(&7).await.unwrap(), 1);
    assert!(app.auth.sessions(&7).await.unwrap().is_empty());
}
