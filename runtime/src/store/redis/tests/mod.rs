mod content;
mod faults;

use std::collections::HashMap;
use std::sync::Arc;

use test_servers::Redis;

use super::*;
use crate::session::{Outcome, ReuseKind, SessionError, SessionMetadata, SessionPolicy, Sessions, TokenHash};
use crate::testing::TestClock;
use crate::testing::conformance::{any_id, owner};

crate::testing::store_conformance!(conformance, fresh_store());

const START: Timestamp = Timestamp::from_unix(1_700_000_000);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An empty store on the server that all tests share.
async fn fresh_store() -> RedisStore {
    store_on(Redis::shared(), &fresh_prefix()).await
}

fn fresh_prefix() -> String {
    format!("{{{}}}:", any_id().unwrap())
}

async fn store_on(server: &Redis, prefix: &str) -> RedisStore {
    RedisStore::connect(&server.url()).await.unwrap().with_prefix(prefix)
}

/// A record that lives for a day.
fn record(user_id: &str) -> SessionRecord {
    let id = any_id().unwrap();
    SessionRecord::new(id, user_id, TokenHash::of("first"), START, START + DAY, START + 7 * DAY)
}

fn next(record: &SessionRecord) -> SessionRecord {
    let mut next = record.clone();
    next.version += 1;
    next
}

fn child(token: &TokenHash) -> TokenHash {
    TokenHash::of(token.as_bytes())
}

fn sessions(store: &RedisStore) -> Sessions {
    Sessions::new(store.clone(), Arc::new(TestClock::at(START.unix())), SessionPolicy::default())
}

async fn refresh(
    sessions: &Sessions,
    id: &SessionId,
    token: &TokenHash,
) -> Result<(SessionRecord, Outcome), SessionError> {
    let prepared = sessions.prepare(id, token, &child(token)).await?;
    sessions.commit(prepared, |record, outcome| Ok((record.clone(), outcome))).await
}

impl RedisStore {
    /// Runs any command.
    async fn ask<T: FromRedisValue>(&self, command: &[&str]) -> T {
        let mut call = redis::cmd(command[0]);
        call.arg(&command[1..]);
        call.query_async(&mut self.connection.clone()).await.unwrap()
    }

    /// Every key of this store with its time to live in milliseconds.
    async fn keys(&self) -> HashMap<String, i64> {
        let mut keys = HashMap::new();
        let mut cursor = "0".to_owned();
        loop {
            let pattern = format!("{}*", self.prefix);
            let (next, found): (String, Vec<String>) =
                self.ask(&["SCAN", &cursor, "MATCH", &pattern, "COUNT", "1000"]).await;
            for key in found {
                let time_to_live = self.ask(&["PTTL", &key]).await;
                keys.insert(key, time_to_live);
            }
            if next == "0" {
                return keys;
            }
            cursor = next;
        }
    }

    fn index_of(&self, user_id: &str) -> String {
        self.sessions_of(&stored::name_of_user(user_id))
    }
}

/// Row 77. Two processes on one server, each with a connection of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_servers_give_out_one_successor() {
    let prefix = fresh_prefix();
    let server = Redis::shared();
    let stores = [store_on(server, &prefix).await, store_on(server, &prefix).await];
    let servers = stores.map(|store| Arc::new(sessions(&store)));
    let first = TokenHash::of("first");
    let id = servers[0].open("ann", first.clone(), SessionMetadata::default()).await.unwrap().id;
    let tasks: Vec<_> = (0..100)
        .map(|number| {
            let (server, id, first) = (Arc::clone(&servers[number % 2]), id, first.clone());
            tokio::spawn(async move { refresh(&server, &id, &first).await })
        })
        .collect();
    let mut rotations = 0;
    for task in tasks {
        let (record, outcome) = task.await.unwrap().unwrap();
        assert_eq!((record.version, record.current), (1, child(&first)));
        rotations += u32::from(outcome == Outcome::Rotated);
    }
    assert_eq!(rotations, 1);
}

#[tokio::test]
async fn versions_are_compared_to_the_last_digit() {
    let store = fresh_store().await;
    let mut first = record("ann");
    // As a number of Lua, this version equals the one before it.
    first.version = (1 << 53) + 1;
    store.insert(first.clone()).await.unwrap();
    assert_eq!(store.replace(next(&first), 1 << 53).await.unwrap(), Replaced::Conflict);
    assert_eq!(store.load(&first.id).await.unwrap().as_ref(), Some(&first));
    assert_eq!(store.replace(next(&first), first.version).await.unwrap(), Replaced::Yes);
    assert_eq!(store.load(&first.id).await.unwrap(), Some(next(&first)));
}

#[tokio::test]
async fn a_purge_of_many_takes_them_all() {
    let store = fresh_store().await;
    for number in 0..2 * PURGED_AT_ONCE + 1 {
        store.insert(record(&number.to_string())).await.unwrap();
    }
    let mut later = record("ann");
    later.idle_expires_at = START + 2 * DAY;
    store.insert(later.clone()).await.unwrap();

    assert_eq!(store.purge_expired(START + DAY, 1000).await.unwrap(), u64::from(2 * PURGED_AT_ONCE + 1));
    assert_eq!(store.list(&owner("ann"), Page::first(1000)).await.unwrap(), [later]);
    assert_eq!(store.keys().await.len(), 3, "the record and its two indexes");
}

#[tokio::test]
async fn two_prefixes_do_not_see_each_other() {
    let [one, other] = [fresh_store().await, fresh_store().await];
    let record = record("ann");
    one.insert(record.clone()).await.unwrap();
    assert_eq!(other.load(&record.id).await.unwrap(), None);
    assert_eq!(other.list(&owner("ann"), Page::first(9)).await.unwrap(), []);
    assert_eq!(other.remove_all(&owner("ann"), None).await.unwrap(), 0);
    assert_eq!(other.purge_expired(START + 30 * DAY, 1000).await.unwrap(), 0);
    assert_eq!(one.list(&owner("ann"), Page::first(9)).await.unwrap(), [record]);
}

#[test]
fn every_prefix_has_a_hash_tag() {
    for prefix in ["{a}", "{myapp}:", "live:{myapp}:", "{a}{", "}{a}", "{{a}}"] {
        assert_eq!(with_hash_tag(prefix), prefix);
    }
    for prefix in ["", "myapp:", "{}", "{}{a}", "{a", "a}", "}a{"] {
        assert_eq!(with_hash_tag(prefix), format!("{{countersign}}:{prefix}"));
    }
}

/// With the older protocol, which `connect` does not speak, and in another database.
#[tokio::test]
async fn a_connection_of_the_application_is_used() {
    let address = format!("{}/7?protocol=resp2", Redis::shared().url());
    let connection = ConnectionManager::new(Client::open(address).unwrap()).await.unwrap();
    let store = RedisStore::with_connection(connection).with_prefix(fresh_prefix());
    let record = record("ann");
    store.insert(record.clone()).await.unwrap();
    assert!(store.insert(record.clone()).await.is_err());
    assert_eq!(store.replace(next(&record), 0).await.unwrap(), Replaced::Yes);
    assert_eq!(store.replace(next(&record), 0).await.unwrap(), Replaced::Conflict);
    assert_eq!(store.load(&record.id).await.unwrap(), Some(next(&record)));
    assert_eq!(store.list(&owner("ann"), Page::first(1000)).await.unwrap(), [next(&record)]);
    assert_eq!(store.purge_expired(START, 1000).await.unwrap(), 0);
    assert!(store.remove(&record.id).await.unwrap());
    assert_eq!(store.load(&record.id).await.unwrap(), None);
    assert_eq!(store.remove_all(&owner("ann"), None).await.unwrap(), 0);
}
