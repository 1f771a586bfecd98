//! A server whose sessions outlive it, for the fault tests, which kill it, restart it and run two of it on one store.
//!
//! `STORE` is the URL of a PostgreSQL database or of a Redis server, the URLs of the nodes of a Redis Cluster with commas between them, or
//! the path of a SQLite file. Keys and rotation window come from the
//! variables of `.env.example`. `CLOCK_OFFSET` is how many seconds its clock is ahead. It says on standard output where it listens, and
//! ends with its standard input.

use std::error::Error;
use std::io::Read as _;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use countersign::session::SessionMetadata;
use countersign::store::{PostgresStore, RedisStore, SqliteStore};
use countersign::{
    Auth, AuthBuilder, AuthRejection, AuthRouter, Clock, SessionClaims, SystemClock, Timestamp, TokenPair,
    authenticated, public, routes, typed_refresh_handler,
};
use redis::ProtocolVersion;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use utoipa::ToSchema;

/// The signed-in user.
#[derive(SessionClaims, Serialize, Deserialize, ToSchema, Clone)]
struct User {
    #[claims(subject)]
    id: String,
}

/// Sign in without a password
#[public(reason = "callers are not signed in yet")]
#[utoipa::path(post, path = "/login", request_body = User, responses((status = 200, body = TokenPair)))]
async fn login(State(auth): State<Auth<User>>, Json(user): Json<User>) -> Result<TokenPair, AuthRejection> {
    Ok(auth.login(&user, SessionMetadata::default()).await?)
}

/// Who am I?
#[authenticated]
#[utoipa::path(get, path = "/me", responses((status = 200, body = User)))]
async fn me(user: User) -> Json<User> {
    Json(user)
}

/// How often each session of the caller was written
#[authenticated]
#[utoipa::path(get, path = "/sessions", responses((status = 200, body = Vec<u64>)))]
async fn sessions(State(auth): State<Auth<User>>, user: User) -> Result<Json<Vec<u64>>, AuthRejection> {
    let sessions = auth.sessions(&user.id).await?;
    Ok(Json(sessions.iter().map(|session| session.version).collect()))
}

typed_refresh_handler!(refresh, Auth<User>);

/// The session to end.
#[derive(Deserialize, ToSchema)]
struct Held {
    refresh_token: String,
}

/// Sign out
#[public(reason = "the refresh token says which session ends")]
#[utoipa::path(post, path = "/logout", request_body = Held, responses((status = 204)))]
async fn logout(State(auth): State<Auth<User>>, Json(held): Json<Held>) -> Result<StatusCode, AuthRejection> {
    auth.logout(&held.refresh_token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The system's clock, set forward or back.
struct OffsetClock(i64);

impl Clock for OffsetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(SystemClock::default().now().unix() + self.0)
    }
}

async fn connect_to_cluster(urls: &str) -> Result<RedisStore<ClusterConnection>, Box<dyn Error>> {
    let client = ClusterClient::builder(urls.split(','))
        .use_protocol(ProtocolVersion::RESP3)
        .connection_timeout(Duration::from_secs(2))
        .response_timeout(Duration::from_secs(5))
        .retries(4)
        .min_retry_wait(20)
        .max_retry_wait(500)
        .build()?;
    Ok(RedisStore::with_connection(client.get_async_connection().await?))
}

async fn with_store(builder: AuthBuilder<User>, store: &str) -> Result<AuthBuilder<User>, Box<dyn Error>> {
    Ok(match store.split_once("://") {
        Some(("postgres", _)) => builder.store(PostgresStore::connect(store).await?),
        Some(_) if store.contains(',') => builder.store(connect_to_cluster(store).await?),
        Some(_) => builder.store(RedisStore::connect(store).await?),
        None => builder.store(SqliteStore::open(store).await?),
    })
}

fn end_with_standard_input() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
}

#[expect(clippy::print_stdout, reason = "this is how the test learns the address")]
fn say_address(listener: &TcpListener) -> Result<(), Box<dyn Error>> {
    println!("http://{}", listener.local_addr()?);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    end_with_standard_input();
    let offset = std::env::var("CLOCK_OFFSET").map_or(Ok(0), |seconds| seconds.parse())?;
    let auth = with_store(Auth::from_env()?, &std::env::var("STORE")?)
        .await?
        .clock(OffsetClock(offset))
        .claims_source(|id| async move { Ok(Some(User { id })) })
        .build()?;
    let (router, _) = AuthRouter::new()
        .routes(routes!(login))
        .routes(routes!(me))
        .routes(routes!(sessions))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .with_state(auth)
        .split_for_parts();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say_address(&listener)?;
    Ok(axum::serve(listener, router).await?)
}
