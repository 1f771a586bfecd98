//! Sessions in Redis.

mod scripts;
mod stored;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{
    Client, FromRedisValue, IntoConnectionInfo, ProtocolVersion, RedisResult, Script, ScriptInvocation,
};

use self::stored::Fields;
use super::{Replaced, SessionStore, StoreError};
use crate::clock::Timestamp;
use crate::session::{Owner, Page, PartitionSalt, SessionId, SessionRecord};

/// How long an answer may take, and how long a lost connection may stay undetected.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an attempt to connect may take. An operation fails after two attempts.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);
const RETRIES: usize = 1;
const RETRY_DELAY: Duration = Duration::from_millis(100);
const KEEPALIVE: Duration = Duration::from_secs(30);

const DEFAULT_PREFIX: &str = "{countersign}:";
/// How many records a purge removes in one script. Other clients wait while it runs.
const PURGED_AT_ONCE: u32 = 1000;

/// Keeps sessions in Redis 6 or later, or in Valkey.
///
/// Clones share their connection, and a lost connection is made again. Needs the feature `redis`.
///
/// ```no_run
/// # async fn run() -> Result<(), countersign::store::StoreError> {
/// use countersign::store::RedisStore;
///
/// let store = RedisStore::connect("redis://127.0.0.1/").await?.with_prefix("{myapp}:");
/// # Ok(())
/// # }
/// ```
///
/// # Content
///
/// Each session is a hash. Sorted sets find the sessions of a user and those that have ended. Refresh tokens are stored as
/// hashes only, and the names of keys contain no user id. Every key expires by itself, an hour after the last session that
/// needs it, so [`purge_expired`](SessionStore::purge_expired) only frees memory earlier and need not be called.
///
/// Each operation is one script and therefore atomic, however many sessions a user has. Only a purge takes several scripts.
/// Other clients wait while a script runs: about 40 ms for the 10,000 sessions of one user.
///
/// # Operation
///
/// - **Durability.** When its machine crashes, Redis loses every write that is not yet on the disk: up to a second of writes
///   with `appendonly yes` and `appendfsync everysec`, none with `appendfsync always`, and all of them without `appendonly` and
///   snapshots, which signs out every user.
/// - **Failover.** A replica takes over without the writes that it has not received. A lost rotation is undone: the old token
///   is good again, and its successor, which a client may already hold, counts as a stolen token because the server does not
///   know it. The session then ends, and the user has to sign in again. A session whose end is lost is live again. A crash has
///   the same effects. `min-replicas-to-write` makes them rarer. If a revocation must never be undone, keep sessions in an SQL
///   database.
/// - **Memory.** `maxmemory-policy` must be `noeviction`. Other policies evict sessions that have not ended, or an index, and
///   then [`remove_all`](SessionStore::remove_all) misses sessions. When memory is full, sign-ins and refreshes fail, and ending
///   sessions works.
/// - **Cluster.** The hash tag of the prefix puts every key into one slot, because a script needs a session and its indexes
///   together. One node therefore carries all sessions. Scripts also access keys of that slot by names that they read or build,
///   which Redis and Valkey allow.
/// - **Replicas** lag behind. A connection that reads from them breaks the second promise of [`SessionStore`]. A server that
///   becomes a replica has to disconnect its clients, as Sentinel makes it do. Until it does, this store stays connected to it,
///   and every write fails.
/// - **Rights.** `~{countersign}:* -@all +@hash +@sortedset +@keyspace +@scripting -@dangerous` is enough.
#[derive(Clone)]
pub struct RedisStore<C = ConnectionManager> {
    connection: C,
    prefix: Arc<str>,
}

impl RedisStore {
    /// Connects to the server at `redis://[<user>][:<password>@]<host>[:<port>][/<database>]`. `rediss://` needs a TLS feature of
    /// the crate `redis`, which is the application's choice.
    ///
    /// A lost connection is made again before the next request needs it. That requires RESP3, which is used whatever the address
    /// says. An operation waits 5 seconds for its answer and about as long for a connection, and then fails.
    ///
    /// # Errors
    ///
    /// When the address is malformed or needs a feature that is off, and when the connection fails.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let connection = connect(url).await.map_err(StoreError::new)?;
        Ok(Self::with_connection(connection))
    }
}

async fn connect(url: &str) -> RedisResult<ConnectionManager> {
    let server = url.into_connection_info()?;
    let settings = server.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let server = server.set_redis_settings(settings).set_tcp_settings(tcp_settings());
    let config = ConnectionManagerConfig::new()
        .set_response_timeout(Some(PATIENCE))
        .set_connection_timeout(Some(CONNECT_PATIENCE))
        .set_number_of_retries(RETRIES)
        .set_min_delay(RETRY_DELAY);
    ConnectionManager::new_with_config(Client::open(server)?, config).await
}

/// Detects a server that vanished without closing the connection. The manager reconnects when the connection breaks, and not
/// when an answer is late.
fn tcp_settings() -> TcpSettings {
    let settings = TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(TcpKeepalive::new().with_time(KEEPALIVE).with_interval(PATIENCE));
    #[cfg(target_os = "linux")]
    let settings = settings.set_user_timeout(PATIENCE);
    settings
}

impl<C> RedisStore<C> {
    /// Uses the application's own connection with its TLS, protocol and time-outs: a [`ConnectionManager`], the connection to a
    /// cluster, or another one that reconnects and whose clones share it. It must have a response time-out; without one, a
    /// request may wait forever.
    pub fn with_connection(connection: C) -> Self {
        Self { connection, prefix: DEFAULT_PREFIX.into() }
    }

    /// Starts the names of all keys with `prefix` instead of `{countersign}:`. Applications that share a database need different
    /// prefixes. One prefix names one set of sessions.
    ///
    /// A prefix needs a hash tag, which is a part in braces that is not empty. A prefix without one gets the default in front:
    /// `myapp:` becomes `{countersign}:myapp:`.
    #[must_use]
    pub fn with_prefix(self, prefix: impl AsRef<str>) -> Self {
        Self { prefix: with_hash_tag(prefix.as_ref()).into(), ..self }
    }

    fn records(&self) -> String {
        format!("{}session:", self.prefix)
    }

    fn record(&self, id: &SessionId) -> String {
        format!("{}session:{id}", self.prefix)
    }

    fn users(&self) -> String {
        format!("{}user:", self.prefix)
    }

    fn sessions_of(&self, name_of_user: &str) -> String {
        format!("{}user:{name_of_user}", self.prefix)
    }

    fn all_sessions(&self) -> String {
        format!("{}sessions", self.prefix)
    }
}

/// Finds the hash tag as a server does: between the first `{` and the first `}` after it.
fn with_hash_tag(prefix: &str) -> String {
    let tag = prefix.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
    match tag {
        Some((tag, _)) if !tag.is_empty() => prefix.to_owned(),
        _ => format!("{DEFAULT_PREFIX}{prefix}"),
    }
}

impl<C: ConnectionLike + Clone + Send + Sync> RedisStore<C> {
    async fn every_record(&self, user_id: &str) -> Result<Vec<SessionRecord>, StoreError> {
        let mut call = scripts::LIST.prepare_invoke();
        call.key(self.sessions_of(&stored::name_of_user(user_id))).arg(self.records());
        let records: Vec<Fields> = self.run(&call).await?;
        records.into_iter().filter_map(|fields| stored::read(fields).transpose()).collect()
    }

    async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, StoreError> {
        script.invoke_async(&mut self.connection.clone()).await.map_err(StoreError::new)
    }

    /// Prepares the call of a script that starts with `keep.lua`.
    fn keep<'s>(
        &self,
        script: &'s Script,
        record: &SessionRecord,
    ) -> Result<ScriptInvocation<'s>, StoreError> {
        let user = stored::name_of_user(&record.user_id);
        let mut call = script.prepare_invoke();
        call.key(self.record(&record.id))
            .key(self.sessions_of(&user))
            .key(self.all_sessions())
            .arg(record.id.as_str())
            .arg(record.version)
            .arg(user)
            .arg(stored::encode(record)?)
            .arg(stored::end(record).unix())
            .arg(stored::time_to_live(record).as_millis().to_string())
            .arg(self.records())
            .arg(record.authenticated_at.unix());
        Ok(call)
    }
}

impl<C> SessionStore for RedisStore<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
        let key = format!("{}salt", self.prefix);
        let mut keep = redis::cmd("SET");
        keep.arg(&key).arg(proposed.as_bytes()).arg("NX");
        let _kept: Option<String> =
            keep.query_async(&mut self.connection.clone()).await.map_err(StoreError::new)?;
        let salt: Vec<u8> = redis::cmd("GET")
            .arg(&key)
            .query_async(&mut self.connection.clone())
            .await
            .map_err(StoreError::new)?;
        let salt = salt.try_into().map_err(|_| StoreError::new("the salt is not 16 bytes long"))?;
        Ok(PartitionSalt::from_bytes(salt))
    }

    async fn insert(&self, mut record: SessionRecord) -> Result<u64, StoreError> {
        let records = self.every_record(&record.user_id).await?;
        record.sequence = records.iter().map(|other| other.sequence).max().unwrap_or(0) + 1;
        if self.run(&self.keep(&scripts::INSERT, &record)?).await? {
            Ok(record.sequence)
        } else {
            Err(StoreError::new("a session with this identifier exists already"))
        }
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        let mut command = redis::cmd("HMGET");
        command.arg(self.record(id)).arg(&["version", "user", "data", "authenticated_at"]);
        let fields: Fields =
            command.query_async(&mut self.connection.clone()).await.map_err(StoreError::new)?;
        match stored::read(fields)? {
            Some(record) if record.id != *id => {
                Err(StoreError::new("a record is stored under the key of another session"))
            }
            record => Ok(record),
        }
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        let mut call = self.keep(&scripts::REPLACE, &record)?;
        let written: bool = self.run(call.arg(expected_version)).await?;
        Ok(if written { Replaced::Yes } else { Replaced::Conflict })
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        let mut call = scripts::REMOVE.prepare_invoke();
        call.key(self.record(id)).key(self.all_sessions()).arg(id.as_str()).arg(self.users());
        self.run(&call).await
    }

    async fn remove_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        let mut existed = Vec::new();
        for id in ids {
            if self.remove(id).await? {
                existed.push(*id);
            }
        }
        Ok(existed)
    }

    async fn list(&self, owner: &Owner<'_>, page: Page) -> Result<Vec<SessionRecord>, StoreError> {
        let mut records = self.every_record(owner.user_id()).await?;
        records.retain(|record| page.after.is_none_or(|after| record.place() < after));
        records.sort_by_key(|record| std::cmp::Reverse(record.place()));
        records.truncate(page.limit as usize);
        Ok(records)
    }

    async fn remove_all(&self, owner: &Owner<'_>, except: Option<&SessionId>) -> Result<u64, StoreError> {
        let mut call = scripts::REMOVE_ALL.prepare_invoke();
        call.key(self.sessions_of(&stored::name_of_user(owner.user_id())))
            .key(self.all_sessions())
            .arg(self.records())
            .arg(except.map_or("", SessionId::as_str));
        self.run(&call).await
    }

    async fn purge_expired(&self, now: Timestamp, _at_most: u32) -> Result<u64, StoreError> {
        let mut call = scripts::PURGE.prepare_invoke();
        call.key(self.all_sessions())
            .arg(now.unix())
            .arg(PURGED_AT_ONCE)
            .arg(self.records())
            .arg(self.users());
        let mut total = 0;
        loop {
            let (found, removed): (u32, u64) = self.run(&call).await?;
            total += removed;
            if found < PURGED_AT_ONCE {
                return Ok(total);
            }
        }
    }
}

impl<C> fmt::Debug for RedisStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
