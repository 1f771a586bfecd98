//! The object that keeps sessions.

use std::cell::Cell;
use std::time::Duration;

use worker::{DurableObject, Env, Request, Response, SqlStorageValue, State, durable_object};
// The macro names it.
use worker::wasm_bindgen;

use crate::sql::{Answer, HAS_SESSIONS, Operation, Question, SCHEMA, Value};

/// How many rows one statement of a purge removes at most.
const BATCH: u32 = 1000;
const HOUR: Duration = Duration::from_secs(60 * 60);
/// The variable of a Worker that holds the seconds between two purges of an object.
const PURGE_EVERY: &str = "COUNTERSIGN_PURGE_EVERY";

/// The Durable Object that a [`DurableObjectStore`](crate::DurableObjectStore) keeps its sessions in. A Worker that links this crate
/// exports it; the configuration names it, as an object with SQLite storage:
///
/// ```toml
/// [[durable_objects.bindings]]
/// name = "SESSIONS"
/// class_name = "CountersignSessions"
///
/// [[migrations]]
/// tag = "v1"
/// new_sqlite_classes = ["CountersignSessions"]
/// ```
///
/// An object that has sessions wakes once an hour and removes those that have expired. The variable `COUNTERSIGN_PURGE_EVERY` sets
/// another number of seconds. One without sessions sleeps and costs nothing.
#[durable_object(alarm)]
#[derive(Debug)]
pub struct CountersignSessions {
    state: State,
    purge_every: Duration,
    has_tables: Cell<bool>,
}

impl DurableObject for CountersignSessions {
    fn new(state: State, env: Env) -> Self {
        let seconds = env.var(PURGE_EVERY).ok().and_then(|seconds| seconds.to_string().parse().ok());
        let purge_every = seconds.filter(|&seconds| seconds > 0).map_or(HOUR, Duration::from_secs);
        Self { state, purge_every, has_tables: Cell::new(false) }
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let question: Question = serde_json::from_str(&request.text().await?)?;
        if question.operation == Operation::Insert {
            self.set_alarm().await?;
        }
        // From here on nothing is awaited: the object does one thing at a time.
        let answer: Answer =
            self.run(question.operation.statement(), question.values).map_err(|error| error.to_string());
        Response::ok(serde_json::to_string(&answer)?)
    }

    async fn alarm(&self) -> worker::Result<Response> {
        let now = worker::Date::now().as_millis() / 1000;
        let purge = vec![Value::Text(now.to_string()), Value::Text(BATCH.to_string())];
        let purged = self.run(Operation::Purge.statement(), purge)?;
        // The rest is for the next alarm: the questions that came meanwhile go first.
        if purged.len() >= BATCH as usize {
            self.state.storage().set_alarm(Duration::ZERO).await?;
        } else if !self.run(HAS_SESSIONS, Vec::new())?.is_empty() {
            self.set_alarm().await?;
        }
        Response::empty()
    }
}

impl CountersignSessions {
    /// Sets the alarm, unless it is set.
    async fn set_alarm(&self) -> worker::Result<()> {
        let storage = self.state.storage();
        if storage.get_alarm().await?.is_none() {
            storage.set_alarm(self.purge_every).await?;
        }
        Ok(())
    }

    fn run(&self, statement: &str, values: Vec<Value>) -> worker::Result<Vec<Vec<Value>>> {
        let sql = self.state.storage().sql();
        if !self.has_tables.get() {
            for table in SCHEMA {
                sql.exec(table, None)?;
            }
            self.has_tables.set(true);
        }
        let values: Vec<_> = values.into_iter().map(SqlStorageValue::from).collect();
        let rows = sql.exec(statement, values)?.raw();
        rows.map(|row| row?.into_iter().map(Value::try_from).collect()).collect()
    }
}

impl From<Value> for SqlStorageValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Text(text) => Self::String(text),
            Value::Bytes(bytes) => Self::Blob(bytes),
        }
    }
}

impl TryFrom<SqlStorageValue> for Value {
    type Error = worker::Error;

    fn try_from(value: SqlStorageValue) -> worker::Result<Self> {
        match value {
            SqlStorageValue::Null => Ok(Self::Null),
            SqlStorageValue::String(text) => Ok(Self::Text(text)),
            SqlStorageValue::Blob(bytes) => Ok(Self::Bytes(bytes)),
            // The `1` of a statement that only counts.
            SqlStorageValue::Integer(number) => Ok(Self::Text(number.to_string())),
            SqlStorageValue::Boolean(_) | SqlStorageValue::Float(_) => {
                Err("a value of an unexpected type".into())
            }
        }
    }
}
