//! `cargo bench -p benches --bench rows`: what PostgreSQL writes for a rotation and keeps for a session, and how long a rotation takes, at
//! different numbers of sessions; and a purge of a million ended sessions beside sign-ins.
//!
//! `ROWS=1000,1000000,10000000` chooses the numbers, the first two without it.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints what it measures, and one that cannot start has nothing to report"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use countersign::session::{DeviceKind, SessionId, SessionMetadata, SessionPolicy, Sessions, TokenHash};
use countersign::session::{Outcome, SessionError};
use countersign::store::{PostgresStore, SessionStore as _};
use countersign::{Clock as _, SystemClock};
use sqlx::{Connection as _, PgConnection};
use test_servers::Postgres;
use tokio::runtime::Builder;

const ROTATIONS: usize = 20_000;
const ENDED: i64 = 1_000_000;
const STEP: u32 = 1000;

/// Copies the only session to as many others, of a user each.
const COPY: &str = "
    INSERT INTO countersign_sessions
        (id, user_id, current_hash, may_be_lost, rotated_at, created_at, authenticated_at, last_used_at,
         idle_expires_at, absolute_expires_at, ends_with_browser, address, device_kind, version, purge_day)
    SELECT substr(sha256(int8send(number)), 1, 16), gen_random_uuid()::text::bytea, current_hash,
        may_be_lost, rotated_at, created_at, authenticated_at, last_used_at, idle_expires_at, absolute_expires_at,
        ends_with_browser, address, device_kind, version, purge_day
    FROM generate_series(2, $1) AS number, (SELECT * FROM countersign_sessions LIMIT 1) AS session";

fn main() {
    let rows = std::env::var("ROWS").unwrap_or_else(|_| "1000,1000000".to_owned());
    let runtime = Builder::new_current_thread().enable_all().build().expect("the runtime starts");
    println!(
        "| sessions | rotation, median | 99 of 100 | HOT | log for a rotation | a session, with its indexes |"
    );
    println!("|---|---|---|---|---|---|");
    for rows in rows.split(',') {
        let rows = rows.parse().expect("a number of sessions");
        println!("{}", runtime.block_on(rotations_among(rows)));
    }
    println!("\n{}", runtime.block_on(purge_beside_sign_ins()));
}

fn id_of(number: i64) -> SessionId {
    let mut id = [0; 16];
    id.copy_from_slice(&TokenHash::of(number.to_be_bytes()).as_bytes()[..16]);
    SessionId::from_bytes(id)
}

fn sessions(store: &PostgresStore) -> Sessions {
    Sessions::new(store.clone(), Arc::new(SystemClock::default()), SessionPolicy::default())
}

/// A server of its own, since the log is that of the whole server.
async fn filled(rows: i64) -> (Postgres, PostgresStore, PgConnection, TokenHash) {
    let server = Postgres::start();
    let store = PostgresStore::connect(&server.url()).await.expect("the server answers");
    let mut connection = PgConnection::connect(&server.url()).await.expect("the server answers");
    let first = TokenHash::of("first");
    let metadata = SessionMetadata::default()
        .with_address([203, 0, 113, 77].into())
        .with_device_kind(DeviceKind::Desktop);
    sessions(&store).open("ann", first.clone(), metadata).await.expect("the server answers");
    sqlx::query(COPY).bind(rows).execute(&mut connection).await.expect("the copies are made");
    sqlx::query("VACUUM ANALYZE").execute(&mut connection).await.expect("the table is counted");
    (server, store, connection, first)
}

async fn number(connection: &mut PgConnection, question: &'static str) -> i64 {
    sqlx::query_scalar(question).fetch_one(connection).await.expect("the server answers")
}

const SIZE: &str = "SELECT pg_total_relation_size('countersign_sessions')";
const LOG: &str = "SELECT (pg_current_wal_lsn() - '0/0')::bigint";
const UPDATES: &str = "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'countersign_sessions'";
const HOT: &str = "SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'countersign_sessions'";

async fn rotations_among(rows: i64) -> String {
    let (_server, store, mut connection, first) = filled(rows).await;
    let size = number(&mut connection, SIZE).await / rows;
    let sessions = sessions(&store);
    let count = usize::try_from(rows).expect("a number of sessions");
    let mut current = vec![None; count + 1];
    let mut times = Vec::with_capacity(ROTATIONS);
    let mut random: u64 = 1;
    let before = number(&mut connection, LOG).await;
    for _ in 0..ROTATIONS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let chosen = 2 + usize::try_from(random >> 33).expect("31 bits") % (count - 1);
        let token = current[chosen].take().unwrap_or_else(|| first.clone());
        let next = TokenHash::of(token.as_bytes());
        let id = id_of(i64::try_from(chosen).expect("a number of a session"));
        let start = Instant::now();
        let prepared = sessions.prepare(&id, &token, &next).await.expect("the token is good");
        let outcome = sessions.commit(prepared, |_, outcome| Ok::<_, SessionError>(outcome)).await;
        times.push(start.elapsed());
        assert_eq!(outcome.expect("no other writer rotates"), Outcome::Rotated);
        current[chosen] = Some(next);
    }
    let rotations = i64::try_from(ROTATIONS).expect("a number of rotations");
    let log = (number(&mut connection, LOG).await - before) / rotations;
    drop((sessions, store));
    // A process of the server counts for others when it ends.
    while number(&mut connection, UPDATES).await < rotations {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let hot = 100 * number(&mut connection, HOT).await / number(&mut connection, UPDATES).await;
    times.sort();
    let [median, late] = [times[ROTATIONS / 2], times[ROTATIONS * 99 / 100]].map(|time| time.as_micros());
    format!("| {rows} | {median} µs | {late} µs | {hot} % | {log} B | {size} B |")
}

async fn purge_beside_sign_ins() -> String {
    let (_server, store, mut connection, _) = filled(ENDED).await;
    let now = SystemClock::default().now();
    let ended = "UPDATE countersign_sessions SET idle_expires_at = 0, purge_day = 0";
    sqlx::query(ended).execute(&mut connection).await.expect("the sessions end");
    sqlx::query("VACUUM FULL ANALYZE").execute(&mut connection).await.expect("the table is counted");

    let is_done = Arc::new(AtomicBool::new(false));
    let signing_in = {
        let (is_done, sessions) = (Arc::clone(&is_done), sessions(&store));
        async move {
            let mut times = Vec::new();
            while !is_done.load(Ordering::Relaxed) {
                let start = Instant::now();
                let token = TokenHash::of(times.len().to_be_bytes());
                sessions.open("bob", token, SessionMetadata::default()).await.expect("the server answers");
                times.push(start.elapsed());
                if times.len() % 50 == 0 {
                    sessions.end_all("bob", None).await.expect("the server answers");
                }
            }
            times
        }
    };
    let purging = async {
        let mut times = Vec::new();
        loop {
            let start = Instant::now();
            let purged = store.purge_expired(now, STEP).await.expect("the server answers");
            times.push(start.elapsed());
            if purged < u64::from(STEP) {
                is_done.store(true, Ordering::Relaxed);
                return times;
            }
        }
    };
    let (steps, mut sign_ins) = tokio::join!(purging, signing_in);
    let whole: Duration = steps.iter().sum();
    let [first, last] =
        [&steps[..50], &steps[steps.len() - 50..]].map(|steps| steps.iter().sum::<Duration>() / 50);
    let longest = steps.iter().max().copied().unwrap_or_default();
    sign_ins.sort();
    format!(
        "{ENDED} ended sessions purged in {} steps of {STEP}, {whole:.1?}: {first:.1?} a step at first, {last:.1?} at last, \
         {longest:.1?} at most. {} sign-ins beside them took {:.1?} in the median, {:.1?} at most.",
        steps.len(),
        sign_ins.len(),
        sign_ins[sign_ins.len() / 2],
        sign_ins[sign_ins.len() - 1],
    )
}
