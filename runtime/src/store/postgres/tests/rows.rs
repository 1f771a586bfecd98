//! What a session takes, and what a rotation writes. All of it is counted by the server, so that no time matters.

use super::*;
use crate::session::{DeviceKind, Fingerprint};

const SESSIONS: i32 = 20_000;
const ROTATIONS: i32 = 6000;

/// Copies the only session to as many others, of a user each.
const COPY: &str = "
    INSERT INTO countersign_sessions
        (id, user_id, current_hash, may_be_lost, rotated_at, created_at, authenticated_at, last_used_at,
         idle_expires_at, absolute_expires_at, ends_with_browser, address, device_kind, fingerprint, version, purge_day)
    SELECT substr(sha256(int4send(number)), 1, 16), gen_random_uuid()::text::bytea, current_hash,
        may_be_lost, rotated_at, created_at, authenticated_at, last_used_at, idle_expires_at, absolute_expires_at,
        ends_with_browser, address, device_kind, fingerprint, version, purge_day
    FROM generate_series(2, $1) AS number, countersign_sessions";

fn id_of(number: i32) -> SessionId {
    let mut id = [0; 16];
    id.copy_from_slice(&TokenHash::of(number.to_be_bytes()).as_bytes()[..16]);
    SessionId::from_bytes(id)
}

/// At most 410 bytes for a session with its indexes. Of the rotations at least nine in ten write no index, and each writes at most
/// 370 bytes of log.
#[tokio::test]
async fn a_rotation_writes_little() {
    // The log is that of the whole server.
    let server = Server::start();
    let store = PostgresStore::connect(&server.url()).await.unwrap();
    let pool = PgPool::connect(&server.url()).await.unwrap();
    let sessions = sessions(&store);
    let first = TokenHash::of("first");
    let metadata = SessionMetadata::default()
        .with_address([203, 0, 113, 77].into())
        .with_device_kind(DeviceKind::Desktop)
        .with_fingerprint(Fingerprint::from_bytes([7; 32]));
    sessions.open("ann", first.clone(), metadata).await.unwrap();
    sqlx::query(COPY).bind(SESSIONS).execute(&pool).await.unwrap();
    let mut current = vec![first; usize::try_from(SESSIONS).unwrap() + 1];
    let size = "SELECT pg_total_relation_size('countersign_sessions')";
    let size: i64 = sqlx::query_scalar(size).fetch_one(&pool).await.unwrap();
    let size = size / i64::from(SESSIONS);
    assert!(size <= 410, "{size} bytes for a session");

    let log_position = "SELECT (pg_current_wal_lsn() - '0/0')::bigint";
    let before: i64 = sqlx::query_scalar(log_position).fetch_one(&pool).await.unwrap();
    let mut random: u64 = 1;
    for _ in 0..ROTATIONS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let chosen = 2 + i32::try_from((random >> 33) % 19_999).unwrap();
        let token = &mut current[usize::try_from(chosen).unwrap()];
        refresh(&sessions, &id_of(chosen), token).await.unwrap();
        *token = child(token);
    }
    let after: i64 = sqlx::query_scalar(log_position).fetch_one(&pool).await.unwrap();
    let written = (after - before) / i64::from(ROTATIONS);
    assert!(written <= 370, "{written} bytes of log for a rotation");

    // A process of the server counts for others when it ends.
    drop((sessions, store));
    let counted =
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'countersign_sessions'";
    let (rotations, without_index) = loop {
        let (rotations, without_index): (i64, i64) = sqlx::query_as(counted).fetch_one(&pool).await.unwrap();
        if rotations >= i64::from(ROTATIONS) {
            break (rotations, without_index);
        }
        tokio::task::yield_now().await;
    };
    assert!(without_index * 10 >= rotations * 9, "{without_index} of {rotations} rotations wrote no index");
}
