//! The store of a Worker.

use std::fmt;

use countersign::Timestamp;
use countersign::session::{Owner, Page, Partition, PartitionSalt, SessionId, SessionRecord};
use countersign::store::{Replaced, SessionStore, StoreError};
use worker::ObjectNamespace;

use crate::objects::Objects;
use crate::row::{
    array, bytes, changing, lasting, number, parsed, record, required, session_id, stored, text, time,
};
use crate::sql::{Answer, Operation, Question, Value};

/// The bits of a partition that choose its object, unless set.
const BITS: u32 = 8;

/// Keeps sessions in Durable Objects with SQLite storage, spread over them by partition, so that each user's sessions are in one
/// object.
///
/// An object does one thing at a time, and each comparison is in one statement with its write. So a refresh token has one
/// successor, however many requests present it, wherever they come in. The salt of the partitions is in an object of its own.
///
/// There is no log of endings: isolates do not live long enough to hear of them. A `live` check asks the object of the session,
/// and sees what happened before.
///
/// ```
/// use countersign::{Auth, ConfigError, SessionClaims};
/// use countersign::token::{Algorithm, Key};
/// use countersign_workers::DurableObjectStore;
/// use worker::Env;
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: u64 }
///
/// fn auth(env: &Env) -> Result<Auth<User>, Box<dyn std::error::Error>> {
///     let secret = |name| env.secret(name).map(|secret| secret.to_string());
///     let auth = Auth::builder()
///         .access_key(Key::from_secret(Algorithm::Hs256, secret("ACCESS_SECRET")?)?)
///         .refresh_key(Key::from_secret(Algorithm::Hs256, secret("REFRESH_SECRET")?)?)
///         .issuer("https://example.com")
///         .audience("https://example.com")
///         .store(DurableObjectStore::new(env.durable_object("SESSIONS")?))
///         .build()?;
///     Ok(auth)
/// }
/// ```
#[derive(Clone)]
pub struct DurableObjectStore<O = ObjectNamespace> {
    objects: O,
    bits: u32,
}

impl<O: Objects> DurableObjectStore<O> {
    /// Takes the binding of the objects, which are [`CountersignSessions`](crate::CountersignSessions). It uses 256 of them.
    pub const fn new(objects: O) -> Self {
        Self { objects, bits: BITS }
    }

    /// Sets the number of objects to 2 to the power of `bits`, at most 16; 8 is the default. An object serves some hundred requests a
    /// second.
    ///
    /// It stays as it is once there are sessions: with another number they are not found again, and the users have to sign in.
    #[must_use]
    pub const fn object_bits(mut self, bits: u32) -> Self {
        self.bits = if bits < u16::BITS { bits } else { u16::BITS };
        self
    }

    fn number_of(&self, partition: Partition) -> u32 {
        u32::from(partition.number()) >> (u16::BITS - self.bits)
    }

    async fn ask(
        &self,
        object: &str,
        operation: Operation,
        values: Vec<Value>,
    ) -> Result<Vec<Vec<Value>>, StoreError> {
        let question = serde_json::to_string(&Question { operation, values }).map_err(StoreError::new)?;
        let answer = self.objects.ask(object, question).await.map_err(of_one_object)?;
        // The text may be that of a proxy, or of an object that broke. It does not belong in a log.
        let answer: Answer = serde_json::from_str(&answer)
            .map_err(|_| StoreError::new("an object gave no answer of this crate"))?;
        answer.map_err(StoreError::new)
    }

    async fn ask_object(
        &self,
        number: u32,
        operation: Operation,
        values: Vec<Value>,
    ) -> Result<Vec<Vec<Value>>, StoreError> {
        self.ask(&format!("countersign-{}-{number:04x}", self.bits), operation, values).await
    }

    async fn ask_partition(
        &self,
        partition: Partition,
        operation: Operation,
        values: Vec<Value>,
    ) -> Result<Vec<Vec<Value>>, StoreError> {
        self.ask_object(self.number_of(partition), operation, values).await
    }
}

/// One object that gives no answer says nothing about the others, so they go on being asked.
fn of_one_object(error: StoreError) -> StoreError {
    if error.is_unreachable() { StoreError::new(error) } else { error }
}

/// The user, and the range of their partition: an object holds several partitions.
fn sessions_of(owner: &Owner<'_>) -> Vec<Value> {
    let partition = owner.partition();
    vec![text(owner.user_id()), bytes(partition.first().as_bytes()), bytes(partition.last().as_bytes())]
}

/// Before the newest session of every user.
const FROM_THE_START: (i64, [u8; 16]) = (i64::MAX, [u8::MAX; 16]);

/// The one value of the one row of a statement that returns it always.
fn single(rows: Vec<Vec<Value>>) -> Result<Value, StoreError> {
    let value = rows.into_iter().next().and_then(|row| row.into_iter().next());
    value.ok_or_else(|| StoreError::new("a statement returned no row"))
}

fn count(rows: &[Vec<Value>]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}

impl<O: Objects> SessionStore for DurableObjectStore<O> {
    async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
        let rows = self.ask("countersign-salt", Operation::Salt, vec![bytes(proposed.as_bytes())]).await?;
        Ok(PartitionSalt::from_bytes(required(array(single(rows)?)?)?))
    }

    async fn insert(&self, record: SessionRecord) -> Result<u64, StoreError> {
        let partition = record.id.partition();
        let mut values = changing(&record)?;
        values.extend(lasting(&record)?);
        required(parsed(single(self.ask_partition(partition, Operation::Insert, values).await?)?)?)
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        let rows = self.ask_partition(id.partition(), Operation::Load, vec![bytes(id.as_bytes())]).await?;
        rows.into_iter().next().map(self::record).transpose()
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        let mut values = changing(&record)?;
        values.push(number(stored(expected_version)?));
        let rows = self.ask_partition(record.id.partition(), Operation::Replace, values).await?;
        Ok(if rows.is_empty() { Replaced::Conflict } else { Replaced::Yes })
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        let rows = self.ask_partition(id.partition(), Operation::Remove, vec![bytes(id.as_bytes())]).await?;
        Ok(!rows.is_empty())
    }

    async fn remove_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        let Some(first) = ids.first() else { return Ok(Vec::new()) };
        let hexadecimal =
            |id: &SessionId| id.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let list: Vec<_> = ids.iter().map(hexadecimal).collect();
        let list = serde_json::to_string(&list).map_err(StoreError::new)?;
        let rows = self.ask_partition(first.partition(), Operation::RemoveEach, vec![text(list)]).await?;
        rows.into_iter().map(|row| required(session_id(single(vec![row])?)?)).collect()
    }

    async fn list(&self, owner: &Owner<'_>, page: Page) -> Result<Vec<SessionRecord>, StoreError> {
        let (sequence, id) = match page.after {
            Some(place) => (stored(place.sequence).unwrap_or(i64::MAX), *place.id.as_bytes()),
            None => FROM_THE_START,
        };
        let mut values = sessions_of(owner);
        values.extend([number(sequence), bytes(&id), number(page.limit)]);
        let rows = self.ask_partition(owner.partition(), Operation::List, values).await?;
        rows.into_iter().map(record).collect()
    }

    async fn remove_all(&self, owner: &Owner<'_>, except: Option<&SessionId>) -> Result<u64, StoreError> {
        let mut values = sessions_of(owner);
        values.push(except.map_or(Value::Null, |id| bytes(id.as_bytes())));
        Ok(count(&self.ask_partition(owner.partition(), Operation::RemoveAll, values).await?))
    }

    /// Asks one object after the other until it has removed enough. A Worker need not call it: each object purges itself.
    async fn purge_expired(&self, now: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        let at_most = u64::from(at_most);
        let mut removed = 0;
        for object in 0..1 << self.bits {
            if removed >= at_most {
                break;
            }
            let values = vec![time(now), number(at_most - removed)];
            removed += count(&self.ask_object(object, Operation::Purge, values).await?);
        }
        Ok(removed)
    }
}

impl<O> fmt::Debug for DurableObjectStore<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DurableObjectStore").field("object_bits", &self.bits).finish_non_exhaustive()
    }
}
