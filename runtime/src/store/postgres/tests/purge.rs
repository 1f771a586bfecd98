//! The purge, in steps.

use super::*;

const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);
const ENDED: u64 = 10_000;
const STEP: u32 = 1000;

/// Ended sessions, and one that goes on.
async fn store_with_ended_sessions() -> (PostgresStore, SessionRecord) {
    let store = fresh_store().await;
    let fill = "
        INSERT INTO countersign_sessions (id, user_id, current_hash, may_be_lost, rotated_at, created_at,
            authenticated_at, last_used_at, idle_expires_at, absolute_expires_at, ends_with_browser, version, purge_day)
        SELECT substr(sha256(number::text::bytea), 1, 16), 'ann', sha256('token'), 0, 0, 0, 0, 0, $1, $1, 0, 0, $2
        FROM generate_series(1, $3) AS number";
    let fill = sqlx::query(fill).bind(NOW.unix()).bind(day(NOW)).bind(i64::try_from(ENDED).unwrap());
    fill.execute(&store.pool).await.unwrap();
    let end = Timestamp::from_unix(NOW.unix() + 1);
    let mut kept = SessionRecord::new(any_id().unwrap(), "", TokenHash::of("jti"), NOW, end, end);
    kept.sequence = store.insert(kept.clone()).await.unwrap();
    (store, kept)
}

fn a_batch() -> Query {
    sqlx::query(PURGE).bind(day(NOW)).bind(NOW.unix()).bind(i64::from(STEP))
}

async fn count(pool: &PgPool, condition: &str) -> u64 {
    let count = format!("SELECT count(*) FROM (SELECT FROM countersign_sessions {condition}) AS rows");
    let count: i64 = sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(pool).await.unwrap();
    u64::try_from(count).unwrap()
}

/// Row 162. Each step removes as many as it may, until none is left.
#[tokio::test]
async fn a_purge_takes_steps() {
    let (store, kept) = store_with_ended_sessions().await;
    for _ in 0..ENDED / u64::from(STEP) {
        assert_eq!(store.purge_expired(NOW, STEP).await.unwrap(), u64::from(STEP));
    }
    assert_eq!(store.purge_expired(NOW, STEP).await.unwrap(), 0);
    assert_eq!(count(&store.pool, "").await, 1);
    assert_eq!(store.load(&kept.id).await.unwrap(), Some(kept));
}

/// Row 162. A step locks its own rows and no others. A sign-in that ends one of these waits until the step is done, and for no
/// other step; every other sign-in waits for nothing.
#[tokio::test]
async fn a_sign_in_waits_for_one_step_of_a_purge_at_most() {
    let (store, _) = store_with_ended_sessions().await;
    let mut step = store.pool.begin().await.unwrap();
    assert_eq!(a_batch().execute(&mut *step).await.unwrap().rows_affected(), u64::from(STEP));
    let free = count(&store.pool, "FOR UPDATE SKIP LOCKED").await;
    assert_eq!(free, ENDED + 1 - u64::from(STEP), "the step locks its own rows alone");
    let locked: Vec<u8> = sqlx::query_scalar(
        "SELECT id FROM countersign_sessions
         EXCEPT SELECT id FROM (SELECT id FROM countersign_sessions FOR UPDATE SKIP LOCKED) AS free LIMIT 1",
    )
    .fetch_one(&store.pool)
    .await
    .unwrap();

    // None of these waits, or the test would not go on.
    sign_in(&sessions(&store)).await;
    assert_eq!(store.purge_expired(NOW, STEP).await.unwrap(), u64::from(STEP));
    let locked = read_id(locked).unwrap();
    let makes_room = tokio::spawn({
        let store = store.clone();
        async move { store.remove_each(&[locked]).await }
    });
    wait_for_a_blocked_statement(&store.pool).await;
    step.commit().await.unwrap();
    assert_eq!(makes_room.await.unwrap().unwrap(), []);
    // The session that the sign-in opened, and the one that goes on.
    assert_eq!(count(&store.pool, "").await, ENDED + 2 - 2 * u64::from(STEP));
}

/// A session that was prolonged while the purge looked for ended ones goes on.
#[tokio::test]
async fn a_purge_leaves_what_is_being_prolonged() {
    let store = fresh_store().await;
    let (id, _) = sign_in(&sessions(&store)).await;
    let end = |time: Timestamp| {
        sqlx::query("UPDATE countersign_sessions SET idle_expires_at = $1, purge_day = $2")
            .bind(time.unix())
            .bind(day(time))
    };
    end(NOW).execute(&store.pool).await.unwrap();
    let mut writer = store.pool.begin().await.unwrap();
    end(Timestamp::from_unix(NOW.unix() + 60)).execute(&mut *writer).await.unwrap();
    assert_eq!(store.purge_expired(NOW, STEP).await.unwrap(), 0);
    writer.commit().await.unwrap();
    assert_eq!(store.purge_expired(NOW, STEP).await.unwrap(), 0);
    assert!(store.load(&id).await.unwrap().is_some());
}

/// Of many servers one purges at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_server_has_the_turn_to_purge() {
    let store = fresh_store().await;
    for round in 0..3 {
        let now = Timestamp::from_unix(NOW.unix() + 60 * round);
        let until = Timestamp::from_unix(now.unix() + 60);
        let claims: Vec<_> = (0..8)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.claim_purge(now, until).await })
            })
            .collect();
        let mut granted = 0;
        for claim in claims {
            granted += usize::from(claim.await.unwrap().unwrap());
        }
        assert_eq!(granted, 1);
        assert!(!store.claim_purge(Timestamp::from_unix(until.unix() - 1), until).await.unwrap());
    }
}
