//! The log of endings.

use std::collections::HashSet;

use tokio::task::JoinSet;

use super::*;
use crate::store::postgres::endings::announce;

const END: Timestamp = Timestamp::from_unix(1_800_000_000);

fn ending(number: u8) -> Ending {
    Ending::OfUser([number; 16])
}

async fn read(store: &PostgresStore, after: Option<&Cursor>) -> (Vec<Ending>, Cursor) {
    let Endings { mut endings, next } = store.endings(after).await.unwrap().unwrap();
    endings.sort_by_key(|ending| ending.to_string());
    (endings, next)
}

/// A row whose transaction began earlier and is committed later is in the next part.
#[tokio::test]
async fn an_ending_that_is_committed_late_is_not_missed() {
    let store = fresh_store().await;
    let mut late = store.pool.begin().await.unwrap();
    announce(&[ending(1)], END).execute(&mut *late).await.unwrap();
    let mut later = store.pool.begin().await.unwrap();
    announce(&[ending(2)], END).execute(&mut *later).await.unwrap();
    store.announce(&[ending(3), ending(4)], END).await.unwrap();

    let (first, cursor) = read(&store, None).await;
    assert_eq!(first, [ending(3), ending(4)]);
    later.commit().await.unwrap();
    let (second, cursor) = read(&store, Some(&cursor)).await;
    assert_eq!(second, [ending(2)]);
    late.commit().await.unwrap();
    store.announce(&[ending(5)], END).await.unwrap();
    let (third, cursor) = read(&store, Some(&cursor)).await;
    assert_eq!(third, [ending(1), ending(5)]);
    assert_eq!(read(&store, Some(&cursor)).await.0, []);
    assert_eq!(read(&store, None).await.0, [1, 2, 3, 4, 5].map(ending));
}

/// Eight servers announce while one reads: it hears everything, and each ending once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_hears_every_ending_once() {
    let store = fresh_store().await;
    let mut servers = JoinSet::new();
    for server in 0..8_u8 {
        let store = store.clone();
        servers.spawn(async move {
            for number in 0..30 {
                store.announce(&[ending(server * 30 + number)], END).await.unwrap();
            }
        });
    }
    let (mut heard, mut cursor) = read(&store, None).await;
    loop {
        let is_last = servers.is_empty();
        let (part, next) = read(&store, Some(&cursor)).await;
        heard.extend(part);
        cursor = next;
        if is_last {
            break;
        }
        while let Some(done) = servers.try_join_next() {
            done.unwrap();
        }
    }
    assert_eq!(heard.len(), 240);
    assert_eq!(heard.into_iter().collect::<HashSet<_>>(), (0..240).map(ending).collect());
}

/// After a crash, numbers of transactions may be given out again, and a standby may not have seen all of them. Everything is then
/// read again, and so it is with a snapshot that is older than the cursor.
#[tokio::test]
async fn numbers_of_transactions_that_return_hide_no_ending() {
    let primary = Server::start();
    let store = PostgresStore::connect(&primary.url()).await.unwrap();
    store.announce(&[ending(1)], END).await.unwrap();
    let (_, cursor) = read(&store, None).await;
    let (none, cursor) = read(&store, Some(&cursor)).await;
    assert_eq!(none, []);

    primary.stop();
    primary.start_again();
    let store = PostgresStore::connect(&primary.url()).await.unwrap();
    let (after_crash, cursor) = read(&store, Some(&cursor)).await;
    assert_eq!(after_crash, [ending(1)]);
    assert_eq!(read(&store, Some(&cursor)).await.0, []);

    let standby = Server::standby_of(&primary);
    standby.promote();
    let promoted = PostgresStore::connect(&standby.url()).await.unwrap();
    assert_eq!(read(&promoted, Some(&cursor)).await.0, [ending(1)]);

    let (incarnation, _) = cursor.as_str().split_once('/').unwrap();
    let from_the_future = Cursor::new(format!("{incarnation}/1000000:1000000:"));
    assert_eq!(read(&store, Some(&from_the_future)).await.0, [ending(1)]);
    for foreign in ["", "17", "17/", "x/1:1:", "17/1:2"] {
        assert!(store.endings(Some(&Cursor::new(foreign))).await.is_err(), "{foreign:?}");
    }
}

/// A purge removes what need no longer be kept.
#[tokio::test]
async fn endings_are_forgotten_in_time() {
    let store = fresh_store().await;
    let kept = Timestamp::from_unix(END.unix() + 1);
    store.announce(&[ending(1), ending(2), ending(3)], END).await.unwrap();
    store.announce(&[ending(4)], kept).await.unwrap();
    assert_eq!(store.purge_expired(Timestamp::from_unix(END.unix() - 1), 2).await.unwrap(), 0);
    assert_eq!(read(&store, None).await.0.len(), 4);
    // All that are old, in steps of two: there may be more of them than of sessions that expire.
    store.purge_expired(END, 2).await.unwrap();
    assert_eq!(read(&store, None).await.0, [ending(4)]);
}
