//! Faults of real stores, as callers see them.

use std::time::Duration;

use axum::http::StatusCode;
use countersign::store::PostgresStore;
use sqlx::postgres::PgPoolOptions;
use test_servers::Postgres;

use crate::support::App;

/// Row 90.
#[tokio::test]
async fn exhausted_pool_is_503_and_consumes_nothing() {
    let options = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_millis(100));
    let pool = options.connect_lazy(&Postgres::shared().database()).unwrap();
    let store = PostgresStore::with_pool(pool.clone()).await.unwrap();
    let app = App::with(|builder| builder.store(store));
    let pair = app.login(&[]).await;

    let taken = pool.acquire().await.unwrap();
    let answer = app.refresh(&pair.refresh_token).await;
    answer.refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    assert!(!answer.json().to_string().contains("pool"));
    assert!(app.auth.logout(&pair.refresh_token).await.is_err());

    drop(taken);
    let refreshed = app.refresh(&pair.refresh_token).await;
    assert_eq!(refreshed.status, StatusCode::OK);
    assert_eq!(app.auth.sessions(&7).await.unwrap().len(), 1);
}
