//! The store over objects in this process: each one a SQLite database in memory, with the statements that run in a Worker.

use std::collections::{BTreeMap, HashMap};
use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign::Timestamp;
use countersign::session::{
    Partition, PartitionSalt, SessionError, SessionId, SessionPolicy, SessionRecord, Sessions, TokenHash,
};
use countersign::store::{SessionStore, StoreError};
use countersign::testing::{TestClock, store_conformance};
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions as _, Row as _, SqliteConnection, TypeInfo as _, ValueRef as _};
use tokio::sync::Mutex;

use crate::sql::{Answer, Operation, Question, SCHEMA, Value};
use crate::{DurableObjectStore, EndedCache, Entries, Objects};

/// Objects by name. Each does one thing at a time, as a Durable Object does.
#[derive(Clone, Default)]
struct InProcess(Arc<Mutex<HashMap<String, Arc<Mutex<SqliteConnection>>>>>);

impl InProcess {
    async fn object(&self, name: &str) -> Result<Arc<Mutex<SqliteConnection>>, sqlx::Error> {
        let mut objects = self.0.lock().await;
        if let Some(object) = objects.get(name) {
            return Ok(object.clone());
        }
        let mut connection = SqliteConnectOptions::new().in_memory(true).connect().await?;
        for table in SCHEMA {
            sqlx::query(table).execute(&mut connection).await?;
        }
        let object = Arc::new(Mutex::new(connection));
        objects.insert(name.to_owned(), object.clone());
        Ok(object)
    }

    async fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.0.lock().await.keys().cloned().collect();
        names.sort();
        names
    }
}

impl Objects for InProcess {
    async fn ask(&self, name: &str, question: String) -> Result<String, StoreError> {
        let Question { operation, values } = serde_json::from_str(&question).map_err(StoreError::new)?;
        let object = self.object(name).await.map_err(StoreError::new)?;
        let mut query = sqlx::query(operation.statement());
        for value in values {
            query = match value {
                Value::Null => query.bind(None::<String>),
                Value::Text(text) => query.bind(text),
                Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        let rows = query.fetch_all(&mut *object.lock().await).await;
        let rows = rows.and_then(|rows| rows.iter().map(read).collect());
        let answer: Answer = rows.map_err(|error| error.to_string());
        serde_json::to_string(&answer).map_err(StoreError::new)
    }
}

fn read(row: &SqliteRow) -> Result<Vec<Value>, sqlx::Error> {
    let column = |place| {
        let value = row.try_get_raw(place)?;
        Ok(match (value.is_null(), value.type_info().name()) {
            (true, _) => Value::Null,
            (false, "TEXT") => Value::Text(row.try_get(place)?),
            (false, "BLOB") => Value::Bytes(row.try_get(place)?),
            (false, _) => Value::Text(row.try_get::<i64, _>(place)?.to_string()),
        })
    };
    (0..row.len()).map(column).collect()
}

/// Entries in memory: the value and the life of each key. Every other one is lost, unless told otherwise.
#[derive(Clone)]
struct Forgetful {
    state: Arc<Mutex<Memory>>,
    loses: bool,
}

#[derive(Default)]
struct Memory {
    entries: BTreeMap<String, (String, u64)>,
    written: u64,
    fails: bool,
}

impl Default for Forgetful {
    fn default() -> Self {
        Self { state: Arc::default(), loses: true }
    }
}

impl Forgetful {
    async fn all(&self) -> Vec<(String, String, u64)> {
        let state = self.state.lock().await;
        state.entries.iter().map(|(key, (value, life))| (key.clone(), value.clone(), *life)).collect()
    }
}

impl Entries for Forgetful {
    async fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        let state = self.state.lock().await;
        if state.fails {
            return Err(StoreError::new("unreadable"));
        }
        Ok(state.entries.get(key).map(|(value, _)| value.clone()))
    }

    async fn put(&self, key: &str, value: &str, life: Duration) -> Result<(), StoreError> {
        let mut state = self.state.lock().await;
        state.written += 1;
        if state.fails || (self.loses && state.written.is_multiple_of(2)) {
            return Err(StoreError::new("lost"));
        }
        state.entries.insert(key.to_owned(), (value.to_owned(), life.as_secs()));
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.state.lock().await.entries.remove(key);
        Ok(())
    }
}

// Each object is a connection with a thread of its own, so there are few.
store_conformance!(objects, async { DurableObjectStore::new(InProcess::default()).object_bits(2) });
store_conformance!(ended_cache, async {
    EndedCache::new(DurableObjectStore::new(InProcess::default()).object_bits(1), Forgetful::default())
});

const START: Timestamp = Timestamp::from_unix(1_700_000_000);

fn record(partition: u16, end: Timestamp) -> SessionRecord {
    let id = SessionId::generate(Partition::new(partition)).unwrap();
    SessionRecord::new(id, "ann", TokenHash::of("first"), START, end, end)
}

/// Row 160. Every partition has one object, which follows from its leading bits.
#[tokio::test]
async fn a_partition_has_one_object() {
    for (bits, partition, object) in [
        (0, 0xffff, "countersign-0-0000"),
        (1, 0x7fff, "countersign-1-0000"),
        (1, 0x8000, "countersign-1-0001"),
        (8, 0x00ff, "countersign-8-0000"),
        (8, 0xab01, "countersign-8-00ab"),
        (16, 0xab01, "countersign-16-ab01"),
        (17, 0xab01, "countersign-16-ab01"),
    ] {
        let objects = InProcess::default();
        let store = DurableObjectStore::new(objects.clone()).object_bits(bits);
        let record = record(partition, START);
        let salt = PartitionSalt::from_bytes([1; 16]);
        store.insert(record.clone()).await.unwrap();
        store.load(&record.id).await.unwrap().unwrap();
        store.remove_each(&[record.id]).await.unwrap();
        store.salt(salt).await.unwrap();
        assert_eq!(objects.names().await, [object, "countersign-salt"], "{bits} bits, {partition:#x}");
    }
    let store = DurableObjectStore::new(InProcess::default());
    assert_eq!(format!("{store:?}"), "DurableObjectStore { object_bits: 8, .. }");
}

/// Row 162. A step of a purge keeps to its limit, over all objects.
#[tokio::test]
async fn a_purge_goes_from_object_to_object() {
    let store = DurableObjectStore::new(InProcess::default()).object_bits(2);
    for number in 0..30 {
        store.insert(record(number << 11, START)).await.unwrap();
    }
    let later = record(0, START + Duration::from_secs(1));
    store.insert(later.clone()).await.unwrap();
    let mut steps = Vec::new();
    for _ in 0..6 {
        steps.push(store.purge_expired(START, 7).await.unwrap());
    }
    assert_eq!(steps, [7, 7, 7, 7, 2, 0]);
    assert!(store.load(&later.id).await.unwrap().is_some());
}

/// An index answers every statement that looks for more than one identifier.
#[tokio::test]
async fn no_statement_reads_the_whole_table() {
    let object = InProcess::default().object("x").await.unwrap();
    for operation in
        [Operation::Insert, Operation::List, Operation::RemoveEach, Operation::RemoveAll, Operation::Purge]
    {
        let statement = format!("EXPLAIN QUERY PLAN {}", operation.statement());
        let mut query = sqlx::query(sqlx::AssertSqlSafe(statement));
        for _ in 0..21 {
            query = query.bind("1");
        }
        let plan = query.fetch_all(&mut *object.lock().await).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        let scans = plan.iter().filter(|step| step.starts_with("SCAN") && !step.contains("json_each"));
        assert_eq!(scans.count(), 0, "{operation:?}: {plan:?}");
    }
}

/// Objects that answer with a text of their own.
struct Broken(&'static str);

impl Objects for Broken {
    async fn ask(&self, _: &str, _: String) -> Result<String, StoreError> {
        Ok(self.0.to_owned())
    }
}

/// An answer that cannot be understood is an error, which says nothing of what it read.
#[tokio::test]
async fn an_answer_of_something_else_is_an_error() {
    for answer in
        ["", "<h1>secret</h1>", r#"{"Ok":[["secret!"]]}"#, r#"{"Ok":[["'secret"]]}"#, r#"{"Ok":[[]]}"#]
    {
        let id = SessionId::generate(Partition::new(0)).unwrap();
        let error = DurableObjectStore::new(Broken(answer)).load(&id).await.unwrap_err();
        let cause = error.source().unwrap().to_string();
        assert!(!cause.contains("secret"), "{answer}: {cause}");
    }
    let id = SessionId::generate(Partition::new(0)).unwrap();
    let error = DurableObjectStore::new(Broken(r#"{"Err":"disk full"}"#)).load(&id).await.unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "disk full");
}

/// Objects of which the first is gone. The first question to it fails, and the others wait for an answer.
struct WithoutTheFirst(InProcess, AtomicBool);

impl Objects for WithoutTheFirst {
    async fn ask(&self, name: &str, question: String) -> Result<String, StoreError> {
        if name.ends_with("-0000") {
            if self.1.swap(true, Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            return Err(StoreError::unreachable("gone"));
        }
        self.0.ask(name, question).await
    }
}

/// Row 161. While one object is gone, the sessions in the others go on. A store that is gone as a whole would be asked by one request
/// at a time.
#[tokio::test]
async fn an_object_that_is_gone_stops_no_other() {
    let objects = InProcess::default();
    let whole = DurableObjectStore::new(objects.clone()).object_bits(1);
    let [gone, there] = [0, 0x8000].map(|partition| record(partition, START));
    for record in [&gone, &there] {
        whole.insert(record.clone()).await.unwrap();
    }
    let clock = Arc::new(TestClock::at(START.unix() - 10));
    let store = DurableObjectStore::new(WithoutTheFirst(objects, AtomicBool::new(false))).object_bits(1);
    let sessions = Arc::new(Sessions::new(store, clock, SessionPolicy::default()));
    assert!(matches!(sessions.live(&gone.id).await, Err(SessionError::Store(_))));
    let waiting = tokio::spawn({
        let sessions = sessions.clone();
        async move { sessions.live(&gone.id).await.is_ok() }
    });
    tokio::task::yield_now().await;
    assert!(sessions.live(&there.id).await.unwrap().is_some());
    assert!(!waiting.is_finished());
}

async fn cache(life: Duration) -> (EndedCache<DurableObjectStore<InProcess>, Forgetful>, Forgetful) {
    let entries = Forgetful { loses: false, ..Forgetful::default() };
    let store = DurableObjectStore::new(InProcess::default()).object_bits(0);
    (EndedCache::new(store, entries.clone()).prefix("app:").life(life), entries)
}

#[tokio::test]
async fn what_has_ended_is_remembered_and_what_lives_is_not() {
    let (store, entries) = cache(Duration::from_secs(90)).await;
    let [removed, revoked, live] = [1, 2, 3].map(|partition| record(partition, START));
    for record in [&removed, &revoked, &live] {
        store.insert(record.clone()).await.unwrap();
        assert!(store.load(&record.id).await.unwrap().is_some());
    }
    assert_eq!(entries.all().await, []);

    store.remove(&removed.id).await.unwrap();
    store.remove_each(&[revoked.id]).await.unwrap();
    let entry = |record: &SessionRecord| (format!("app:{}", record.id), "ended".to_owned(), 90);
    assert_eq!(entries.all().await, [entry(&removed)]);
    // The first look-up that finds nothing writes down that there is nothing.
    assert!(store.load(&revoked.id).await.unwrap().is_none());
    let mut both = [entry(&removed), entry(&revoked)];
    both.sort();
    assert_eq!(entries.all().await, both);
}

/// An entry counts if this crate has written it.
#[tokio::test]
async fn an_entry_says_ended_or_nothing() {
    let (store, entries) = cache(Duration::ZERO).await;
    let live = record(1, START);
    store.insert(live.clone()).await.unwrap();
    let key = format!("app:{}", live.id);
    for value in ["", "live", "ended "] {
        entries.put(&key, value, Duration::from_secs(60)).await.unwrap();
        assert!(store.load(&live.id).await.unwrap().is_some(), "{value:?}");
        assert_eq!(entries.all().await, [], "{value:?}");
    }
    entries.put(&key, "ended", Duration::from_secs(60)).await.unwrap();
    assert!(store.load(&live.id).await.unwrap().is_none());
    entries.delete(&key).await.unwrap();
    // A life that is too short is the shortest.
    let other = record(2, START);
    store.remove(&other.id).await.unwrap();
    assert_eq!(entries.all().await, [(format!("app:{}", other.id), "ended".to_owned(), 60)]);
}

/// An isolate writes each entry once, and remembers a thousand sessions without them.
#[tokio::test]
async fn an_isolate_remembers_the_last_thousand_itself() {
    let (store, entries) = cache(Duration::ZERO).await;
    let ids: Vec<_> = (0..1001).map(|_| SessionId::generate(Partition::new(1)).unwrap()).collect();
    for id in &ids {
        for _ in 0..2 {
            assert!(store.load(id).await.unwrap().is_none());
        }
    }
    assert_eq!(entries.state.lock().await.written, 1001);
    let [first, .., last] = ids.as_slice() else { unreachable!() };
    for (id, is_remembered) in [(last, true), (first, false)] {
        entries.put(&format!("app:{id}"), "something else", Duration::from_secs(60)).await.unwrap();
        store.load(id).await.unwrap();
        let was_read = !entries.all().await.iter().any(|(_, value, _)| value == "something else");
        assert_eq!(was_read, !is_remembered);
        entries.delete(&format!("app:{id}")).await.unwrap();
    }
}

/// Where the entries cannot be read or written, the store decides.
#[tokio::test]
async fn entries_that_fail_change_nothing() {
    let (store, entries) = cache(Duration::ZERO).await;
    entries.state.lock().await.fails = true;
    let live = record(1, START);
    store.insert(live.clone()).await.unwrap();
    assert!(store.load(&live.id).await.unwrap().is_some());
    assert!(store.remove(&live.id).await.unwrap());
    assert!(!store.remove(&live.id).await.unwrap());
    assert!(store.load(&live.id).await.unwrap().is_none());
}
