//! A server that fails.

use std::error::Error as _;

use tokio::sync::mpsc;

use super::*;

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
    assert_says_nothing(&store.remove_each(&[record.id]).await.unwrap_err());
    assert_says_nothing(&store.salt(PartitionSalt::from_bytes([7; 16])).await.unwrap_err());
    assert_says_nothing(&store.claim_purge(START, START + DAY).await.unwrap_err());
    assert_says_nothing(&store.announce(&[Ending::Session(record.id)], START + DAY).await.unwrap_err());
    let error = store.endings(None).await.unwrap_err();
    assert_says_nothing(&error);
    assert!(error.is_unreachable());
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
    let store = store_on(&server, "myapp:").await;
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
            // Failures come at once while the store is known to be down, so a client that did not wait would keep the test busy.
            Err(SessionError::Store(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
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
    let sessions = Arc::new(sessions(&store_on(&server, "myapp:").await));
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
    let admin = store_on(&server, "myapp:").await;
    let store = store_on(&server, "myapp:").await;
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
    let store = store_on(&server, "myapp:").await;
    let mut record = record("ann");
    store.add(&mut record).await;
    // The server has the script already, so the next call is a single request.
    assert_eq!(store.replace(next(&record), 7).await.unwrap(), Replaced::Conflict);
    server.pause();
    let error = store.replace(next(&record), 0).await.unwrap_err();
    assert_says_nothing(&error);
    assert!(error.is_unreachable());
    server.resume();
    // The server carried the request out late: the answer was lost, but not the write.
    assert_eq!(wait_for(&store, &record.id).await, Some(next(&record)));
}

#[tokio::test]
async fn scripts_that_the_server_forgot_are_sent_again() {
    let server = Redis::start();
    let store = store_on(&server, "myapp:").await;
    let mut record = record("ann");
    let flush = async || store.ask::<()>(&["SCRIPT", "FLUSH"]).await;
    for _ in 0..2 {
        flush().await;
        store.add(&mut record).await;
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
    let store = store_on(&server, "myapp:").await;
    let [mut first, mut second, mut third] = [record("ann"), record("ann"), record("bob")];
    for record in [&mut first, &mut second, &mut third] {
        store.add(record).await;
    }
    let mut prolonged = next(&third);
    prolonged.idle_expires_at = START + 3 * DAY;
    assert_eq!(store.replace(prolonged.clone(), 0).await.unwrap(), Replaced::Yes);
    let _: () = store.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let before = store.keys().await.len();
    // An expired record, so that the script would have an index entry to remove before the write.
    let _: u32 = store.ask(&["DEL", &store.record(&second.id)]).await;
    for error in [
        store.insert(record("cyd")).await.unwrap_err(),
        store.replace(next(&first), 0).await.unwrap_err(),
        store.announce(&[Ending::Session(first.id)], START + DAY).await.unwrap_err(),
        store.salt(PartitionSalt::from_bytes([7; 16])).await.unwrap_err(),
    ] {
        assert_says_nothing(&error);
        assert!(error.source().unwrap().to_string().contains("OOM"), "{error:?}");
        assert!(!error.is_unreachable(), "it has answered");
    }
    assert_eq!(store.keys().await.len(), before - 1, "nothing was written");
    assert_eq!(store.load(&first.id).await.unwrap().as_ref(), Some(&first));
    assert_eq!(store.list_of("ann").await, [first.clone()]);

    // A purge passes over the entry that it cannot move, and removes what has ended.
    assert_eq!(store.purge_expired(START + DAY, 1000).await.unwrap(), 1);
    assert_eq!(store.load(&first.id).await.unwrap(), None);
    assert_eq!(store.load(&third.id).await.unwrap(), Some(prolonged));
    assert_eq!(store.remove_all(&owner("bob"), None).await.unwrap(), 1);
    let _: () = store.ask(&["CONFIG", "SET", "maxmemory", "0"]).await;
    let mut again = record("ann");
    store.add(&mut again).await;
    let _: () = store.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
    assert!(store.remove(&again.id).await.unwrap());
    assert_eq!(store.list_of("ann").await, []);
}

/// The session ends although its end could not be announced, which the caller is told.
#[tokio::test]
async fn full_memory_does_not_keep_a_sign_out_from_ending_the_session() {
    let server = Redis::start();
    let store = store_on(&server, "myapp:").await;
    let sessions = sessions(&store);
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(sessions.open("ann", TokenHash::of("first"), SessionMetadata::default()).await.unwrap().id);
    }
    let _: () = store.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let told = [
        sessions.end(&open[0]).await.unwrap_err(),
        sessions.revoke("ann", &open[1]).await.unwrap_err(),
        sessions.end_all("ann", None).await.unwrap_err(),
    ];
    for error in told {
        let SessionError::Store(cause) = error else { panic!("{error:?}") };
        assert!(cause.source().unwrap().to_string().contains("OOM"), "{cause:?}");
    }
    for id in open {
        assert_eq!(store.load(&id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_value_of_another_type_is_an_error() {
    let mut record = record("ann");
    let store = fresh_store().await;
    let _: () = store.ask(&["SET", &store.record(&record.id), "a string"]).await;
    assert!(store.insert(record.clone()).await.is_err());
    assert!(store.load(&record.id).await.is_err());
    assert!(store.replace(record.clone(), 0).await.is_err());
    assert!(store.remove(&record.id).await.is_err());

    for index in [RedisStore::ends_of, RedisStore::index_of, RedisStore::sequence_of] {
        let store = fresh_store().await;
        store.add(&mut record).await;
        let index = index(&store, "ann");
        let _: () = store.ask(&["SET", &index, "a string"]).await;
        let other = super::record("ann");
        assert!(store.insert(other.clone()).await.is_err());
        assert_eq!(store.load(&other.id).await.unwrap(), None, "nothing was written");
        let mut shortened = next(&record);
        shortened.idle_expires_at = START;
        let replaced = store.replace(shortened, 0).await;
        if index == store.ends_of("ann") {
            assert!(replaced.is_err());
            assert!(store.purge_expired(START, 1000).await.is_err());
            assert_eq!(store.load(&record.id).await.unwrap().as_ref(), Some(&record), "nothing was written");
        } else {
            assert_eq!(replaced.unwrap(), Replaced::Yes);
        }
        if index == store.index_of("ann") {
            assert!(store.remove_all(&owner("ann"), None).await.is_err());
            assert!(store.list(&owner("ann"), Page::first(1000)).await.is_err());
        }
        assert!(store.remove(&record.id).await.unwrap(), "the session ends all the same");
        assert_eq!(store.load(&record.id).await.unwrap(), None);
    }
}

/// The rule that the documentation of the store gives.
#[tokio::test]
async fn an_account_for_the_prefix_alone_is_enough() {
    let server = Redis::start();
    let admin = store_on(&server, "myapp:").await;
    let rules =
        "on >secret ~myapp:* -@all +@hash +@sortedset +@stream +@string +@keyspace +@scripting -@dangerous";
    let account: Vec<_> = ["ACL", "SETUSER", "countersign"].into_iter().chain(rules.split(' ')).collect();
    let _: () = admin.ask(&account).await;

    let address = server.url().replace("redis://", "redis://countersign:secret@");
    let connect = async || RedisStore::connect(&address).await.unwrap();
    let store = connect().await.with_prefix("myapp:");
    let mut records = [record("ann"), record("ann"), record("bob"), record("cyd")];
    for record in &mut records {
        store.add(record).await;
        assert_eq!(store.replace(next(record), 0).await.unwrap(), Replaced::Yes);
    }
    assert_eq!(store.list(&owner("ann"), Page::first(1000)).await.unwrap().len(), 2);
    assert!(store.remove(&records[0].id).await.unwrap());
    assert_eq!(store.remove_all(&owner("ann"), None).await.unwrap(), 1);
    assert_eq!(store.load(&records[2].id).await.unwrap(), Some(next(&records[2])));
    assert_eq!(store.purge_expired(START + DAY, 1000).await.unwrap(), 2);
    let salt = PartitionSalt::from_bytes([7; 16]);
    assert_eq!(store.salt(salt).await.unwrap(), salt);
    assert!(store.claim_purge(START, START + DAY).await.unwrap());
    let ending = Ending::Session(records[0].id);
    store.announce(&[ending], START + DAY).await.unwrap();
    assert_eq!(store.endings(None).await.unwrap().unwrap().endings, [ending]);
    store.purge_expired(START + DAY, 1000).await.unwrap();
    assert_eq!(store.endings(None).await.unwrap().unwrap().endings, []);
    assert!(connect().await.insert(record("ann")).await.is_err(), "another prefix");
}

#[tokio::test]
async fn patience_is_as_the_application_says() {
    let server = Redis::start();
    let patience = Duration::from_millis(300);
    let store = RedisStore::connect_with_patience(&server.url(), patience).await.unwrap();
    server.pause();
    let start = std::time::Instant::now();
    assert!(store.endings(None).await.unwrap_err().is_unreachable());
    let waited = start.elapsed();
    server.resume();
    assert!((patience..PATIENCE).contains(&waited), "{waited:?}");
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
