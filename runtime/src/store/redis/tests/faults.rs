//! A server that fails.

use std::error::Error as _;

use tokio::sync::mpsc;

use super::*;
use crate::testing::conformance::owner;

fn assert_says_nothing(error: &StoreError) {
    assert_eq!(error.to_string(), "the session store is unavailable");
    assert!(error.source().is_some());
}

/// Every operation fails; the conditional write does not report a conflict instead.
async fn assert_all_fail(store: &RedisStore, record: &SessionRecord) {
    assert_says_nothing(&store.insert(super::record("bob")).await.unwrap_err());
    assert_says_nothing(&store.load(&record.id).await.unwrap_err());
    assert_says_nothing(&store.replace(next(record), record.version).await.unwrap_err());
    assert_says_nothing(&store.remove(&record.id).await.unwrap_err());
    assert_says_nothing(&store.list(&owner(&record.user_id), Page::first(1000)).await.unwrap_err());
    assert_says_nothing(&store.remove_all(&owner(&record.user_id), None).await.unwrap_err());
    assert_says_nothing(&store.purge_expired(START, 1000).await.unwrap_err());
}

/// The first requests after an outage may still fail.
async fn wait_for(store: &RedisStore, id: &SessionId) -> Option<SessionRecord> {
    for _ in 0..50 {
        if let Ok(record) = store.load(id).await {
            return record;
        }
    }
    panic!("the store does not come back");
}

/// Rows 83 and 90.
#[tokio::test]
async fn a_server_that_is_killed_and_started_again_costs_no_session() {
    let server = Redis::start();
    let store = store_on(&server, "{myapp}:").await;
    let before = sessions(&store);
    let first = TokenHash::of("first");
    let id = before.open("ann", first.clone(), SessionMetadata::default()).await.unwrap().id;
    refresh(&before, &id, &first).await.unwrap();
    let (last, _) = refresh(&before, &id, &child(&first)).await.unwrap();

    server.stop();
    assert_all_fail(&store, &last).await;
    let failed = refresh(&before, &id, &last.current).await;
    assert!(matches!(failed, Err(SessionError::Store(_))), "{failed:?}");

    server.start_again();
    assert_eq!(wait_for(&store, &id).await.as_ref(), Some(&last), "nothing was consumed");
    let replay = refresh(&before, &id, &first).await;
    assert!(matches!(replay, Err(SessionError::Reused(ReuseKind::OlderAncestor))), "{replay:?}");
    assert_eq!(store.load(&id).await.unwrap(), None);
}

/// Refreshes one session in a loop, as a client that repeats every failed refresh, until the receiver of the results is dropped.
async fn keep_refreshing(sessions: Arc<Sessions>, user: u32, successes: mpsc::UnboundedSender<bool>) {
    let mut token = TokenHash::of("first");
    let opened = sessions.open(&user.to_string(), token.clone(), SessionMetadata::default()).await;
    let id = opened.unwrap().id;
    let mut version = 0;
    loop {
        let result = refresh(&sessions, &id, &token).await;
        let succeeded = result.is_ok();
        match result {
            Ok((record, _)) => {
                version += 1;
                token = child(&token);
                assert_eq!((record.version, &record.current), (version, &token));
            }
            Err(SessionError::Store(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
        if successes.send(succeeded).is_err() {
            return;
        }
    }
}

/// Row 90.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_is_killed_under_load_costs_no_session() {
    let server = Redis::start();
    let sessions = Arc::new(sessions(&store_on(&server, "{myapp}:").await));
    let (sender, mut successes) = mpsc::unbounded_channel();
    let clients: Vec<_> = (0..8)
        .map(|user| tokio::spawn(keep_refreshing(Arc::clone(&sessions), user, sender.clone())))
        .collect();
    drop(sender);
    for _ in 0..3 {
        while !successes.recv().await.unwrap() {}
        tokio::task::block_in_place(|| server.stop());
        while successes.recv().await.unwrap() {}
        tokio::task::block_in_place(|| server.start_again());
    }
    while !successes.recv().await.unwrap() {}
    drop(successes);
    for client in clients {
        client.await.unwrap();
    }
}

#[tokio::test]
async fn a_connection_that_was_dropped_is_made_again_before_it_is_needed() {
    let server = Redis::start();
    let admin = store_on(&server, "{myapp}:").await;
    let store = store_on(&server, "{myapp}:").await;
    let _: u32 = admin.ask(&["CLIENT", "KILL", "TYPE", "normal"]).await;
    for _ in 0..10_000 {
        let clients: String = admin.ask(&["CLIENT", "LIST", "TYPE", "normal"]).await;
        if clients.lines().count() == 2 {
            store.insert(record("ann")).await.unwrap();
            return;
        }
    }
    panic!("it is not made again");
}

/// Row 90.
#[tokio::test]
async fn a_server_that_hangs_is_an_error() {
    let server = Redis::start();
    let store = store_on(&server, "{myapp}:").await;
    let record = record("ann");
    store.insert(record.clone()).await.unwrap();
    // The server has the script already, so the next call is a single request.
    assert_eq!(store.replace(next(&record), 7).await.unwrap(), Replaced::Conflict);
    server.pause();
    assert_says_nothing(&store.replace(next(&record), 0).await.unwrap_err());
    server.resume();
    // The server carried the request out late: the answer was lost, but not the write.
    assert_eq!(wait_for(&store, &record.id).await, Some(next(&record)));
}

#[tokio::test]
async fn scripts_that_the_server_forgot_are_sent_again() {
    let server = Redis::start();
    let store = store_on(&server, "{myapp}:").await;
    let record = record("ann");
    let flush = async || store.ask::<()>(&["SCRIPT", "FLUSH"]).await;
    for _ in 0..2 {
        flush().await;
        store.insert(record.clone()).await.unwrap();
        flush().await;
        assert_eq!(store.replace(next(&record), 0).await.unwrap(), Replaced::Yes);
        flush().await;
        assert_eq!(store.list(&owner("ann"), Page::first(1000)).await.unwrap(), [next(&record)]);
        flush().await;
        assert_eq!(store.purge_expired(START, 1000).await.unwrap(), 0);
        flush().await;
        assert!(store.remove(&record.id).await.unwrap());
        flush().await;
        assert_eq!(store.remove_all(&owner("ann"), None).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn full_memory_is_an_error_and_sessions_can_still_be_ended() {
    let server = Redis::start();
    let store = store_on(&server, "{myapp}:").await;
    let [first, second, third] = [record("ann"), record("ann"), record("bob")];
    for record in [&first, &second, &third] {
        store.insert(record.clone()).await.unwrap();
    }
    let _: () = store.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let before = store.keys().await.len();
    // An expired record, so that the script would have an index entry to remove before the write.
    let _: u32 = store.ask(&["DEL", &store.record(&second.id)]).await;
    assert_says_nothing(&store.insert(record("cyd")).await.unwrap_err());
    assert_says_nothing(&store.replace(next(&first), 0).await.unwrap_err());
    assert_eq!(store.keys().await.len(), before - 1, "nothing was written");
    assert_eq!(store.load(&first.id).await.unwrap().as_ref(), Some(&first));

    assert_eq!(store.list(&owner("ann"), Page::first(1000)).await.unwrap(), [first]);
    assert_eq!(store.remove_all(&owner("ann"), None).await.unwrap(), 1);
    assert!(store.remove(&third.id).await.unwrap());
    assert_eq!(store.purge_expired(START + DAY, 1000).await.unwrap(), 0);
}

#[tokio::test]
async fn a_value_of_another_type_is_an_error() {
    let record = record("ann");
    let store = fresh_store().await;
    let _: () = store.ask(&["SET", &store.record(&record.id), "a string"]).await;
    assert!(store.insert(record.clone()).await.is_err());
    assert!(store.load(&record.id).await.is_err());
    assert!(store.replace(record.clone(), 0).await.is_err());
    assert!(store.remove(&record.id).await.is_err());

    for index in [RedisStore::all_sessions as fn(&_) -> _, |store: &RedisStore| store.index_of("ann")] {
        let store = fresh_store().await;
        store.insert(record.clone()).await.unwrap();
        let index = index(&store);
        let _: () = store.ask(&["SET", &index, "a string"]).await;
        let other = super::record("ann");
        assert!(store.insert(other.clone()).await.is_err());
        assert_eq!(store.load(&other.id).await.unwrap(), None, "nothing was written");
        assert!(store.replace(next(&record), 0).await.is_err());
        assert!(store.remove_all(&owner("ann"), None).await.is_err());
        assert_eq!(store.load(&record.id).await.unwrap().as_ref(), Some(&record), "nothing was written");
        if index == store.all_sessions() {
            assert!(store.purge_expired(START, 1000).await.is_err());
        } else {
            assert!(store.list(&owner("ann"), Page::first(1000)).await.is_err());
        }
        assert!(store.remove(&record.id).await.is_err());
        assert_eq!(store.load(&record.id).await.unwrap(), None, "the session ends all the same");
    }
}

/// Keys that scripts build themselves have the same hash tag, so that they are in the same slot of a cluster.
#[tokio::test]
async fn an_account_for_the_prefix_alone_is_enough() {
    let server = Redis::start();
    let admin = store_on(&server, "{myapp}:").await;
    let rules = "on >secret ~{myapp}:* -@all +@hash +@sortedset +@keyspace +@scripting -@dangerous";
    let account: Vec<_> = ["ACL", "SETUSER", "countersign"].into_iter().chain(rules.split(' ')).collect();
    let _: () = admin.ask(&account).await;

    let address = server.url().replace("redis://", "redis://countersign:secret@");
    let connect = async || RedisStore::connect(&address).await.unwrap();
    let store = connect().await.with_prefix("{myapp}:");
    let records = [record("ann"), record("ann"), record("bob"), record("cyd")];
    for record in &records {
        store.insert(record.clone()).await.unwrap();
        assert_eq!(store.replace(next(record), 0).await.unwrap(), Replaced::Yes);
    }
    assert_eq!(store.list(&owner("ann"), Page::first(1000)).await.unwrap().len(), 2);
    assert!(store.remove(&records[0].id).await.unwrap());
    assert_eq!(store.remove_all(&owner("ann"), None).await.unwrap(), 1);
    assert_eq!(store.load(&records[2].id).await.unwrap(), Some(next(&records[2])));
    assert_eq!(store.purge_expired(START + DAY, 1000).await.unwrap(), 2);
    assert!(connect().await.insert(record("ann")).await.is_err(), "another prefix");
}

#[tokio::test]
async fn a_failed_connection_is_an_error_that_does_not_name_the_address() {
    let server = Redis::start();
    server.stop();
    for address in [&*server.url(), "not an address", "http://127.0.0.1", "rediss://127.0.0.1:1"] {
        assert_says_nothing(&RedisStore::connect(address).await.unwrap_err());
    }
}

#[tokio::test]
async fn a_wrong_password_is_an_error() {
    let address = Redis::shared().url().replace("redis://", "redis://ann:wrong@");
    assert_says_nothing(&RedisStore::connect(&address).await.unwrap_err());
}
