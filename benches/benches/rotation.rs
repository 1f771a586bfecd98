//! `cargo bench -p benches --bench rotation`: a refresh, beside a bare read and a bare compare-and-swap on the same server.

#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "each benchmark is named, and one that cannot start has nothing to report"
)]

use std::sync::Arc;

use countersign::session::{SessionError, SessionId, SessionMetadata, SessionPolicy, Sessions, TokenHash};
use countersign::store::{MemoryStore, PostgresStore, RedisStore, SessionStore, SqliteStore};
use countersign::token::{Algorithm, Key};
use countersign::{Auth, AuthBuilder, SessionClaims, SystemClock};
use divan::Bencher;
use redis::aio::ConnectionManager;
use redis::{Client, Script};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _, PgConnection, PgPool, SqliteConnection, SqlitePool,
};
use tempfile::TempDir;
use test_servers::{Postgres, Redis};
use tokio::runtime::Builder;

fn main() {
    divan::main();
}

#[derive(Clone, Copy, Debug)]
enum Server {
    Memory,
    Sqlite,
    SqlitePool,
    Postgres,
    PostgresPool,
    Redis,
}

// One server after the other, so that compared functions run at about the same time.
macro_rules! benchmarks {
    ($module:ident: $server:expr, $($what:ident = $subject:ident::$call:ident,)+) => {
        mod $module {
            use super::*;

            $(
                #[divan::bench(sample_count = 500)]
                fn $what(bencher: Bencher<'_, '_>) {
                    measure(bencher, $subject::new, $server, async |subject| subject.$call().await);
                }
            )+
        }
    };
}

macro_rules! beside_bare_statements {
    ($module:ident: $server:expr) => {
        benchmarks! {
            $module: $server,
            a_read = Row::read,
            b_compare_and_swap = Row::compare_and_swap,
            c_both = Row::read_and_compare_and_swap,
            d_sessions = Signed::rotate,
            e_refresh = Signed::refresh,
        }
    };
}

benchmarks! { in_memory: Server::Memory, d_sessions = Signed::rotate, e_refresh = Signed::refresh, }
beside_bare_statements! { in_sqlite: Server::Sqlite }
beside_bare_statements! { in_postgres: Server::Postgres }
benchmarks! { in_sqlite_on_a_pool: Server::SqlitePool, c_both = Row::read_and_compare_and_swap, }
benchmarks! { in_postgres_on_a_pool: Server::PostgresPool, c_both = Row::read_and_compare_and_swap, }
beside_bare_statements! { in_redis: Server::Redis }

/// In one thread, one after the other.
fn measure<T>(
    bencher: Bencher<'_, '_>,
    make: impl AsyncFn(Server) -> T,
    server: Server,
    run: impl AsyncFn(&mut T),
) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("the runtime starts");
    let mut subject = runtime.block_on(make(server));
    bencher.bench_local(|| runtime.block_on(run(&mut subject)));
}

const ID: &str = "c2Vzc2lvbi1pZGVudGlmaWVy";
const TABLE: &str =
    "CREATE TABLE raw (id TEXT NOT NULL PRIMARY KEY, hash BYTEA NOT NULL, version BIGINT NOT NULL)";
const INSERT: &str = "INSERT INTO raw (id, hash, version) VALUES ($1, $2, 0)";
const SELECT: &str = "SELECT hash, version FROM raw WHERE id = $1";
const UPDATE: &str = "UPDATE raw SET hash = $1, version = version + 1 WHERE id = $2 AND version = $3";
const SCRIPT: &str = "
    if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 0 end
    redis.call('HSET', KEYS[1], 'hash', ARGV[2])
    redis.call('HINCRBY', KEYS[1], 'version', 1)
    return 1";

/// A row with a hash and a version, on a connection of its own.
struct Row {
    connection: Connection,
    version: i64,
    _folder: TempDir,
}

enum Connection {
    Sqlite(SqliteConnection),
    SqlitePool(SqlitePool),
    Postgres(PgConnection),
    PostgresPool(PgPool),
    Redis(ConnectionManager, Script),
}

impl Row {
    async fn new(server: Server) -> Self {
        let folder = folder();
        let mut row = Self { connection: connect(server, &folder).await, version: 0, _folder: folder };
        let hash = row.hash();
        match &mut row.connection {
            Connection::Sqlite(connection) => {
                connection.execute(TABLE).await.expect("the table is made");
                let insert = sqlx::query(INSERT).bind(ID).bind(hash);
                insert.execute(connection).await.expect("the row is written");
            }
            Connection::Postgres(connection) => {
                connection.execute(TABLE).await.expect("the table is made");
                let insert = sqlx::query(INSERT).bind(ID).bind(hash);
                insert.execute(connection).await.expect("the row is written");
            }
            Connection::SqlitePool(pool) => {
                pool.execute(TABLE).await.expect("the table is made");
                sqlx::query(INSERT).bind(ID).bind(hash).execute(&*pool).await.expect("the row is written");
            }
            Connection::PostgresPool(pool) => {
                pool.execute(TABLE).await.expect("the table is made");
                sqlx::query(INSERT).bind(ID).bind(hash).execute(&*pool).await.expect("the row is written");
            }
            Connection::Redis(connection, _) => {
                let mut command = redis::cmd("HSET");
                command.arg(ID).arg("hash").arg(hash).arg("version").arg(0);
                command.exec_async(connection).await.expect("the hash is written");
            }
        }
        row
    }

    fn hash(&self) -> Vec<u8> {
        TokenHash::of(self.version.to_be_bytes()).as_bytes().to_vec()
    }

    async fn read(&mut self) {
        let (_, version): (Vec<u8>, i64) = match &mut self.connection {
            Connection::Sqlite(connection) => {
                sqlx::query_as(SELECT).bind(ID).fetch_one(connection).await.expect("there is a row")
            }
            Connection::Postgres(connection) => {
                sqlx::query_as(SELECT).bind(ID).fetch_one(connection).await.expect("there is a row")
            }
            Connection::SqlitePool(pool) => {
                sqlx::query_as(SELECT).bind(ID).fetch_one(&*pool).await.expect("there is a row")
            }
            Connection::PostgresPool(pool) => {
                sqlx::query_as(SELECT).bind(ID).fetch_one(&*pool).await.expect("there is a row")
            }
            Connection::Redis(connection, _) => {
                let mut command = redis::cmd("HMGET");
                command.arg(ID).arg("hash").arg("version");
                command.query_async(connection).await.expect("there is a hash")
            }
        };
        assert_eq!(version, self.version);
    }

    /// The least that any rotation has to do, by hand.
    async fn read_and_compare_and_swap(&mut self) {
        self.read().await;
        self.compare_and_swap().await;
    }

    async fn compare_and_swap(&mut self) {
        let (hash, version) = (self.hash(), self.version);
        let written = match &mut self.connection {
            Connection::Sqlite(connection) => {
                let update = sqlx::query(UPDATE).bind(hash).bind(ID).bind(version);
                update.execute(connection).await.expect("the database answers").rows_affected()
            }
            Connection::Postgres(connection) => {
                let update = sqlx::query(UPDATE).bind(hash).bind(ID).bind(version);
                update.execute(connection).await.expect("the database answers").rows_affected()
            }
            Connection::SqlitePool(pool) => {
                let update = sqlx::query(UPDATE).bind(hash).bind(ID).bind(version);
                update.execute(&*pool).await.expect("the database answers").rows_affected()
            }
            Connection::PostgresPool(pool) => {
                let update = sqlx::query(UPDATE).bind(hash).bind(ID).bind(version);
                update.execute(&*pool).await.expect("the database answers").rows_affected()
            }
            Connection::Redis(connection, script) => {
                let mut call = script.key(ID);
                call.arg(version).arg(hash).invoke_async(connection).await.expect("the server answers")
            }
        };
        assert_eq!(written, 1);
        self.version += 1;
    }
}

async fn connect(server: Server, folder: &TempDir) -> Connection {
    match server {
        Server::Memory => unreachable!("memory has no server"),
        Server::Sqlite => Connection::Sqlite(sqlite_options(folder).connect().await.expect("the file opens")),
        Server::SqlitePool => {
            let pool = SqlitePool::connect_with(sqlite_options(folder)).await;
            Connection::SqlitePool(pool.expect("the file opens"))
        }
        Server::Postgres => {
            let url = Postgres::shared().database();
            Connection::Postgres(PgConnection::connect(&url).await.expect("the database answers"))
        }
        Server::PostgresPool => {
            let url = Postgres::shared().database();
            Connection::PostgresPool(PgPool::connect(&url).await.expect("the database answers"))
        }
        Server::Redis => {
            let client = Client::open(Redis::shared().url()).expect("the address is one");
            let connection = ConnectionManager::new(client).await.expect("the server answers");
            Connection::Redis(connection, Script::new(SCRIPT))
        }
    }
}

/// Opened as by `SqliteStore::open`: a write is on the disk before it is confirmed.
fn sqlite_options(folder: &TempDir) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(folder.path().join("raw.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

/// Two sessions on one store: one with tokens, and one with their hashes alone.
struct Signed {
    auth: Auth<User>,
    refresh_token: String,
    sessions: Sessions,
    session: SessionId,
    current: TokenHash,
    _folder: TempDir,
}

impl Signed {
    async fn new(server: Server) -> Self {
        let folder = folder();
        let (builder, sessions) = on_store_of(server, &folder).await;
        let key = || Key::generate_secret(Algorithm::Hs256).expect("there is randomness");
        let auth = builder
            .access_key(key())
            .refresh_key(key())
            .issuer("https://auth.example.com")
            .audience("https://api.example.com")
            .claims_source(|id| async move { Ok(Some(User { id })) })
            .build()
            .expect("the configuration is good");
        let pair = auth.login(&User { id: 7 }, SessionMetadata::default()).await.expect("the store answers");
        let current = TokenHash::of("first");
        let opened = sessions.open("8", current.clone(), SessionMetadata::default()).await;
        let session = opened.expect("the store answers").id;
        Self { auth, refresh_token: pair.refresh_token, sessions, session, current, _folder: folder }
    }

    /// The rotation rule and the record, without tokens.
    async fn rotate(&mut self) {
        let next = TokenHash::of(self.current.as_bytes());
        let prepared = self.sessions.prepare(&self.session, &self.current, &next).await;
        let prepared = prepared.expect("the token is good");
        let committed = self.sessions.commit(prepared, |_, _| Ok::<_, SessionError>(())).await;
        committed.expect("no other writer rotates");
        self.current = next;
    }

    /// The refresh token is verified, the session rotated, and both new tokens are signed.
    async fn refresh(&mut self) {
        let pair = self.auth.refresh(&self.refresh_token).await.expect("the token is good");
        self.refresh_token = pair.refresh_token;
    }
}

async fn on_store_of(server: Server, folder: &TempDir) -> (AuthBuilder<User>, Sessions) {
    fn on(store: impl SessionStore + Clone) -> (AuthBuilder<User>, Sessions) {
        let sessions =
            Sessions::new(store.clone(), Arc::new(SystemClock::default()), SessionPolicy::default());
        (Auth::builder().store(store), sessions)
    }
    match server {
        Server::Memory => on(MemoryStore::new()),
        Server::Sqlite | Server::SqlitePool => {
            on(SqliteStore::open(folder.path().join("sessions.db")).await.expect("the file opens"))
        }
        Server::Postgres | Server::PostgresPool => {
            let url = Postgres::shared().database();
            on(PostgresStore::connect(&url).await.expect("the database answers"))
        }
        Server::Redis => on(RedisStore::connect(&Redis::shared().url()).await.expect("the server answers")),
    }
}
