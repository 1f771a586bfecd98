mod cluster;
mod content;
mod faults;

use std::collections::HashMap;
use std::sync::Arc;

use test_servers::Redis;

use super::*;
use crate::session::{
    Outcome, Partition, ReuseKind, SessionError, SessionMetadata, SessionPolicy, Sessions, TokenHash,
};
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
    format!("{}:", any_id().unwrap())
}

async fn store_on(server: &Redis, prefix: &str) -> RedisStore {
    RedisStore::connect(&server.url()).await.unwrap().with_prefix(prefix)
}

/// A record that lives for a day.
fn record(user_id: &str) -> SessionRecord {
    let id = SessionId::generate(owner(user_id).partition()).unwrap();
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

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
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
            let pattern = format!("{}*", self.keys.prefix());
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

    fn record(&self, id: &SessionId) -> String {
        self.keys.record(id)
    }

    fn index_of(&self, user_id: &str) -> String {
        self.keys.sessions_of(Tag::of(owner(user_id).partition()), &stored::name_of_user(user_id))
    }

    fn ends_of(&self, user_id: &str) -> String {
        self.keys.ends(Tag::of(owner(user_id).partition()))
    }

    fn sequence_of(&self, user_id: &str) -> String {
        self.keys.last_sequence(Tag::of(owner(user_id).partition()))
    }

    /// Inserts a record, and notes its sequence.
    async fn add(&self, record: &mut SessionRecord) {
        record.sequence = self.insert(record.clone()).await.unwrap();
    }

    async fn list_of(&self, user_id: &str) -> Vec<SessionRecord> {
        self.list(&owner(user_id), Page::first(u32::MAX)).await.unwrap()
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
    store.add(&mut first).await;
    assert_eq!(store.replace(next(&first), 1 << 53).await.unwrap(), Replaced::Conflict);
    assert_eq!(store.load(&first.id).await.unwrap().as_ref(), Some(&first));
    assert_eq!(store.replace(next(&first), first.version).await.unwrap(), Replaced::Yes);
    assert_eq!(store.load(&first.id).await.unwrap(), Some(next(&first)));
}

/// Row 162. A step goes on where the one before it has ended, and one with fewer than it may has been everywhere.
#[tokio::test]
async fn a_purge_goes_through_every_partition_in_steps() {
    let store = fresh_store().await;
    let add = async |partition: u16, lives: Duration| {
        let id = SessionId::generate(Partition::new(partition)).unwrap();
        let user = partition.to_string();
        let end = START + lives;
        store.insert(SessionRecord::new(id, user, TokenHash::of("first"), START, end, end)).await.unwrap();
    };
    for partition in [0, 1, 15, 16, 17, 0x7fff, 0x8000, 0xfff0, 0xffff] {
        for _ in 0..20 {
            add(partition, DAY).await;
        }
    }
    add(17, 2 * DAY).await;
    // More than one script may take.
    let many = 2 * u64::from(purge::PURGED_AT_ONCE) + 1;
    for _ in 0..many {
        add(0x1234, DAY).await;
    }
    let all = 180 + many;

    assert_eq!(store.purge_expired(START + DAY, 0).await.unwrap(), 0);
    let mut steps = Vec::new();
    while steps.last().is_none_or(|removed| *removed == 70) {
        steps.push(store.purge_expired(START + DAY, 70).await.unwrap());
    }
    assert_eq!(steps.iter().sum::<u64>(), all, "{steps:?}");
    assert_eq!(steps.len() as u64, all / 70 + 1);
    assert_eq!(store.purge_expired(START + DAY, 1000).await.unwrap(), 0);
    let keys = store.keys().await;
    let left: Vec<_> = keys.keys().filter(|key| !key.ends_with("}sequence")).collect();
    assert_eq!(left.len(), 3, "the record and its two indexes: {left:?}");
}

/// A rotation does not tell the purge of the later end. The purge finds it out.
#[tokio::test]
async fn a_purge_spares_sessions_that_were_prolonged_and_takes_those_that_were_cut_short() {
    let store = fresh_store().await;
    let [mut prolonged, mut shortened, mut same] = [record("ann"), record("ann"), record("ann")];
    for record in [&mut prolonged, &mut shortened, &mut same] {
        store.add(record).await;
    }
    let due = async |record: &SessionRecord| {
        let score: String = store.ask(&["ZSCORE", &store.ends_of("ann"), record.id.as_str()]).await;
        score.parse::<f64>().unwrap() as i64 - START.unix()
    };
    let day = DAY.as_secs() as i64;
    let write = async |record: &mut SessionRecord, end: Timestamp| {
        record.idle_expires_at = end;
        record.version += 1;
        assert_eq!(store.replace(record.clone(), record.version - 1).await.unwrap(), Replaced::Yes);
    };
    write(&mut prolonged, START + 2 * DAY).await;
    write(&mut prolonged, START + 3 * DAY).await;
    assert_eq!(due(&prolonged).await, day, "a rotation writes no index");
    write(&mut shortened, START + 2 * DAY).await;
    write(&mut shortened, START + DAY / 2).await;
    assert_eq!(due(&shortened).await, day / 2);

    assert_eq!(store.purge_expired(START + DAY / 2, 1000).await.unwrap(), 1);
    assert_eq!(store.load(&shortened.id).await.unwrap(), None);
    assert_eq!(store.purge_expired(START + DAY, 1000).await.unwrap(), 1);
    assert_eq!(store.load(&same.id).await.unwrap(), None);
    assert_eq!(due(&prolonged).await, 3 * day);
    assert_eq!(store.purge_expired(START + 3 * DAY - Duration::from_secs(1), 1000).await.unwrap(), 0);
    // Cut short again, to a time after the one with which it began.
    write(&mut prolonged, START + 2 * DAY).await;
    assert_eq!(due(&prolonged).await, 2 * day);
    assert_eq!(store.purge_expired(START + 2 * DAY, 1000).await.unwrap(), 1);
}

#[tokio::test]
async fn two_prefixes_do_not_see_each_other() {
    let [one, other] = [fresh_store().await, fresh_store().await];
    let mut record = record("ann");
    one.add(&mut record).await;
    assert_eq!(other.load(&record.id).await.unwrap(), None);
    assert_eq!(other.list_of("ann").await, []);
    assert_eq!(other.remove_all(&owner("ann"), None).await.unwrap(), 0);
    assert_eq!(other.purge_expired(START + 30 * DAY, 1000).await.unwrap(), 0);
    one.announce(&[Ending::Session(record.id)], START + DAY).await.unwrap();
    assert_eq!(other.endings(None).await.unwrap().unwrap().endings, []);
    assert!(one.claim_purge(START, START + DAY).await.unwrap());
    assert!(other.claim_purge(START, START + DAY).await.unwrap());
    assert_eq!(one.list_of("ann").await, [record]);
}

/// A connection to a cluster sends a call once more when its answer was lost.
#[tokio::test]
async fn a_call_that_is_repeated_recognises_its_own_write() {
    let store = fresh_store().await;
    let mut first = record("ann");
    store.add(&mut first).await;
    let keys = [store.record(&first.id)];
    let replace = async |version: u64, state: &str| -> u8 {
        let end = first.idle_expires_at.unix();
        let written = (version - 1, version, state, end, end, 1_000_000, first.id.as_str());
        store.call(&scripts::REPLACE, &keys, written).await.unwrap()
    };
    let [one, other] = [&next(&first), &next(&first)].map(|record| stored::encode_state(record).unwrap());
    assert_eq!(replace(1, &one).await, 1);
    assert_eq!(replace(1, &one).await, 1);
    assert_eq!(replace(1, &other).await, 0, "two writes are told apart even if they say the same");
    assert_eq!(replace(2, &other).await, 1);
    assert_eq!(replace(1, &one).await, 0);
    assert_eq!(store.load(&first.id).await.unwrap().unwrap().version, 2);

    let new = record("ann");
    let tag = Tag::of(new.id.partition());
    let keys = [store.record(&new.id), store.index_of("ann"), store.ends_of("ann"), store.sequence_of("ann")];
    let insert = async |state: &str| -> Option<u64> {
        let data = stored::encode_data(&new).unwrap();
        let end = new.idle_expires_at.unix();
        let user = stored::name_of_user("ann");
        let (records, id) = (store.keys.records(tag), new.id.as_str());
        let written = (id, 0, user, data, state, end, end, 1_000_000, 1_000_000, records, (1, 2));
        store.call(&scripts::INSERT, &keys, written).await.unwrap()
    };
    assert_eq!(insert(&one).await, Some(first.sequence + 1));
    assert_eq!(insert(&one).await, Some(first.sequence + 1));
    assert_eq!(insert(&other).await, None);
    assert_eq!(store.list_of("ann").await.len(), 2);
}

#[tokio::test]
async fn the_log_keeps_an_ending_until_its_time() {
    let store = fresh_store().await;
    let [first, second] = [1, 2].map(|number| Ending::OfUser([number; 16]));
    let at = Timestamp::from_unix;
    store.announce(&[first], at(10)).await.unwrap();
    let cursor = store.endings(None).await.unwrap().unwrap().next;
    store.announce(&[second], at(20)).await.unwrap();
    for (now, all) in [(9, vec![first, second]), (10, vec![second]), (20, vec![])] {
        store.purge_expired(at(now), 1000).await.unwrap();
        assert_eq!(store.endings(None).await.unwrap().unwrap().endings, all, "{now}");
    }
    assert_eq!(store.endings(Some(&cursor)).await.unwrap().unwrap().endings, []);
    for _ in 0..250 {
        store.announce(&[first], at(30)).await.unwrap();
    }
    store.announce(&[second], at(31)).await.unwrap();
    store.purge_expired(at(30), 1000).await.unwrap();
    assert_eq!(store.endings(None).await.unwrap().unwrap().endings, [second]);
}

/// Where no purge runs. The numbers of entries are milliseconds of the server's clock.
#[tokio::test]
async fn the_log_forgets_what_is_old() {
    let store = fresh_store().await;
    let log = store.keys.of_deployment("endings");
    let text = Ending::OfUser([1; 16]).to_string();
    for number in 1..=25 {
        let id = format!("{number}-0");
        let _: String = store.ask(&["XADD", &log, &id, "until", "0", "endings", &text]).await;
    }
    let mut lengths = Vec::new();
    for _ in 0..4 {
        store.announce(&[Ending::OfUser([2; 16])], START).await.unwrap();
        lengths.push(store.ask::<u32>(&["XLEN", &log]).await);
    }
    assert_eq!(lengths, [16, 7, 3, 4]);
    assert!(store.keys().await[&log] > 3_500_000);
}

/// Row 161. A replica takes over that lacks the last entries, and whose clock is behind: the entries that it adds have earlier numbers.
#[tokio::test]
async fn a_log_that_has_lost_its_end_is_read_anew() {
    let store = fresh_store().await;
    let log = store.keys.of_deployment("endings");
    let [kept, lost, new] = [1, 2, 3].map(|number| Ending::OfUser([number; 16]));
    let add = async |id: &str, ending: Ending| {
        let _: String = store.ask(&["XADD", &log, id, "until", "0", "endings", &ending.to_string()]).await;
    };
    add("1000-0", kept).await;
    add("3000-0", lost).await;
    let read = store.endings(None).await.unwrap().unwrap();
    assert_eq!((read.endings, read.next.as_str()), (vec![kept, lost], "3000-0"));
    for id in ["2000-0", "4000-0"] {
        let _: u32 = store.ask(&["DEL", &log]).await;
        add("1000-0", kept).await;
        add(id, new).await;
        let read = store.endings(Some(&Cursor::new("3000-0"))).await.unwrap().unwrap();
        assert_eq!((read.endings, read.next.as_str()), (vec![kept, new], id));
    }
    let _: u32 = store.ask(&["DEL", &log]).await;
    let read = store.endings(Some(&Cursor::new("3000-0"))).await.unwrap().unwrap();
    assert_eq!((read.endings, read.next.as_str()), (vec![], "0-0"));
    assert!(store.endings(Some(&Cursor::new("no cursor"))).await.is_err());
}

/// With the older protocol, which `connect` does not speak, and in another database.
#[tokio::test]
async fn a_connection_of_the_application_is_used() {
    let address = format!("{}/7?protocol=resp2", Redis::shared().url());
    let connection = ConnectionManager::new(Client::open(address).unwrap()).await.unwrap();
    let store = RedisStore::with_connection(connection).with_prefix(fresh_prefix());
    let mut record = record("ann");
    store.add(&mut record).await;
    assert!(store.insert(record.clone()).await.is_err());
    assert_eq!(store.replace(next(&record), 0).await.unwrap(), Replaced::Yes);
    assert_eq!(store.replace(next(&record), 0).await.unwrap(), Replaced::Conflict);
    assert_eq!(store.load(&record.id).await.unwrap(), Some(next(&record)));
    assert_eq!(store.list(&owner("ann"), Page::first(1000)).await.unwrap(), [next(&record)]);
    assert_eq!(store.purge_expired(START, 1000).await.unwrap(), 0);
    assert!(store.remove(&record.id).await.unwrap());
    assert_eq!(store.load(&record.id).await.unwrap(), None);
    assert_eq!(store.remove_all(&owner("ann"), None).await.unwrap(), 0);
    let salt = PartitionSalt::from_bytes([7; 16]);
    assert_eq!(store.salt(salt).await.unwrap(), salt);
    assert!(store.claim_purge(START, START + DAY).await.unwrap());
    let ending = Ending::Session(record.id);
    store.announce(&[ending], START + DAY).await.unwrap();
    assert_eq!(store.endings(None).await.unwrap().unwrap().endings, [ending]);
}
