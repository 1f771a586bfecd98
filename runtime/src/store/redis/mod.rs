//! Sessions in Redis.

mod key_ring;
mod keys;
mod log;
mod purge;
mod scripts;
mod stored;

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU16;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{
    Client, Cmd, FromRedisValue, IntoConnectionInfo, ProtocolVersion, RedisError, RedisResult, ToRedisArgs,
};

use self::keys::{Keys, Tag};
use self::scripts::Lua;
use self::stored::Fields;
use super::{Replaced, SessionStore, StoreError};
use crate::clock::Timestamp;
use crate::session::{Cursor, Ending, Endings, Owner, Page, PartitionSalt, SessionId, SessionRecord};

/// How long an answer may take, and how long a lost connection may stay undetected.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an attempt to connect may take at most. An operation fails after two attempts.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);
const RETRIES: usize = 1;
const RETRY_DELAY: Duration = Duration::from_millis(100);
const KEEPALIVE: Duration = Duration::from_secs(30);

const DEFAULT_PREFIX: &str = "countersign:";
/// How many records are asked for before their answers are awaited.
const READ_AT_ONCE: u32 = 500;
/// How many entries of indexes one command removes.
const TIDIED_AT_ONCE: usize = 1000;
/// For a script without arguments.
const NONE: &[&str] = &[];

/// Keeps sessions in Redis 6 or later, in Redis Cluster, or in Valkey.
///
/// Clones share their connection, and a lost connection is made again. Needs the feature `redis`.
///
/// ```no_run
/// # async fn run() -> Result<(), countersign::store::StoreError> {
/// use countersign::store::RedisStore;
///
/// let store = RedisStore::connect("redis://127.0.0.1/").await?.with_prefix("myapp:");
/// # Ok(())
/// # }
/// ```
///
/// # Content
///
/// Each session is a hash, which expires by itself a day or two after the session has ended. Two sorted sets find sessions: those of a user by the
/// order of sign-ins, and those that end next. Refresh tokens are stored as hashes only, and the names of keys contain no user id. Indexes
/// expire two days after the last of their sessions must have ended, so [`purge_expired`](SessionStore::purge_expired) only frees memory earlier
/// and need not be called. What stays is a counter for each hash tag, at most 4,096 of them, and the salt of the partitions. The log of
/// endings is one stream; an entry stays for an hour at most.
///
/// A rotation reads and writes the session's own key, and no index. A list is read key by key, and a purge goes in scripts of a hundred sessions, so
/// other clients wait for less than a millisecond. Only [`remove_each`](SessionStore::remove_each) and
/// [`remove_all`](SessionStore::remove_all) are one script over all their sessions: about 4 ms for a thousand.
///
/// # Cluster
///
/// All sessions of a user have one hash tag, which is the first 12 bits of their [partition](crate::session::Partition), so users spread over 4,096
/// tags and these over the nodes. Give [`with_connection`](Self::with_connection) a connection of the crate `redis` with its feature
/// `cluster-async`:
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use countersign::store::RedisStore;
/// use redis::ProtocolVersion;
/// use redis::cluster::ClusterClient;
///
/// let nodes = ["redis://10.0.0.1/", "redis://10.0.0.2/", "redis://10.0.0.3/"];
/// let client = ClusterClient::builder(nodes)
///     .use_protocol(ProtocolVersion::RESP3)
///     .connection_timeout(Duration::from_secs(2))
///     .response_timeout(Duration::from_secs(5))
///     // While a slot moves, a command may have to be repeated. Waiting times are in milliseconds.
///     .retries(8)
///     .min_retry_wait(20)
///     .max_retry_wait(500)
///     .build()?;
/// let store = RedisStore::with_connection(client.get_async_connection().await?);
/// # Ok(())
/// # }
/// ```
///
/// - **A master that is down** takes its users with it until a replica has its place. The others go on if the cluster has
///   `cluster-require-full-coverage no`; the default stops all of them. Salt, turn to purge and log of endings are three keys, each on one node.
///   Without the log, live checks ask for the session and sign-outs report an error, though the session has ended.
/// - **A slot that moves** to another node costs no session. Refreshes, look-ups and single sign-outs go on. What needs several keys at once
///   (sign-ins, [`remove_each`](SessionStore::remove_each), [`remove_all`](SessionStore::remove_all), a purge) is refused before it has done anything,
///   until the slot has moved, and can be repeated.
/// - **Replicas** are for failover alone. Do not call `read_from_replicas`.
///
/// # Operation
///
/// - **Durability.** When its machine crashes, Redis loses every write that is not yet on the disk: up to a second of writes
///   with `appendonly yes` and `appendfsync everysec`, none with `appendfsync always`, and all of them without `appendonly` and
///   snapshots, which signs out every user.
/// - **Failover.** A replica takes over without the writes that it has not received. A lost rotation is undone: the old token
///   is good again, and its successor, which a client may already hold, counts as a stolen token because the server does not
///   know it. The session then ends, and the user has to sign in again. **A revocation that was confirmed may be undone: the session is
///   live again.** A crash has the same effects. `min-replicas-to-write` makes them rarer, and `cluster-replica-validity-factor` keeps a
///   replica that lags far behind from taking over. If a revocation must never be undone, keep sessions in an SQL database.
/// - **Partition.** A master on the smaller side of a cluster that is cut in two accepts writes for up to `cluster-node-timeout`, and loses
///   them as in a failover. After that its users get 503.
/// - **Memory.** `maxmemory-policy` must be `noeviction`. Other policies evict sessions that have not ended, or an index, and
///   then [`remove_all`](SessionStore::remove_all) misses sessions, or the salt, and then new sessions of a user are in another partition. When
///   memory is full, sign-ins and refreshes fail. Ending sessions works, but cannot be announced, which is reported as an error.
/// - **Replicas** lag behind. A connection that reads from them breaks the second promise of [`SessionStore`]. A server that
///   becomes a replica has to disconnect its clients, as Sentinel makes it do. Until it does, this store stays connected to it,
///   and every write fails.
/// - **Rights.** `~myapp:* -@all +@hash +@sortedset +@stream +@string +@keyspace +@scripting -@dangerous` is enough, with the prefix in
///   the place of `myapp:`. In a cluster add `+cluster|slots +asking +ping`.
#[derive(Clone)]
pub struct RedisStore<C = ConnectionManager> {
    connection: C,
    keys: Keys,
    /// Whether no answer means that the whole store is gone. Of a cluster it may be one master that does not answer.
    is_one_server: bool,
    /// The number of the tag with which the next step of a purge begins.
    purge_from: Arc<AtomicU16>,
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
        Self::connect_with_patience(url, PATIENCE).await
    }

    /// As [`connect`](Self::connect), with another time than 5 seconds. The server must answer within it, also while its disk is
    /// busy or a replica is copied.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_with_patience(url: &str, patience: Duration) -> Result<Self, StoreError> {
        let connection = connect(url, patience).await.map_err(|error| failure(error, true))?;
        Ok(Self::with_connection(connection))
    }
}

async fn connect(url: &str, patience: Duration) -> RedisResult<ConnectionManager> {
    let server = url.into_connection_info()?;
    let settings = server.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let server = server.set_redis_settings(settings).set_tcp_settings(tcp_settings(patience));
    let config = ConnectionManagerConfig::new()
        .set_response_timeout(Some(patience))
        .set_connection_timeout(Some(patience.min(CONNECT_PATIENCE)))
        .set_number_of_retries(RETRIES)
        .set_min_delay(RETRY_DELAY);
    ConnectionManager::new_with_config(Client::open(server)?, config).await
}

/// Detects a server that vanished without closing the connection. The manager reconnects when the connection breaks, and not
/// when an answer is late.
fn tcp_settings(patience: Duration) -> TcpSettings {
    let settings = TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(TcpKeepalive::new().with_time(KEEPALIVE).with_interval(PATIENCE));
    #[cfg(target_os = "linux")]
    let settings = settings.set_user_timeout(patience);
    #[cfg(not(target_os = "linux"))]
    let _ = patience;
    settings
}

impl<C: 'static> RedisStore<C> {
    /// Uses the application's own connection with its TLS, protocol and time-outs: a [`ConnectionManager`], the connection to a
    /// [cluster](Self#cluster), or another one that reconnects and whose clones share it. It must have a response time-out; without one,
    /// a request may wait forever.
    ///
    /// A [`ConnectionManager`] notices a closed connection only if it speaks RESP3 (`?protocol=resp3` in the address). With the older
    /// protocol, the first request after a restart of the server fails.
    pub fn with_connection(connection: C) -> Self {
        let any: &dyn Any = &connection;
        let is_one_server = any.is::<ConnectionManager>() || any.is::<MultiplexedConnection>();
        Self {
            connection,
            keys: Keys::with_prefix(DEFAULT_PREFIX),
            is_one_server,
            purge_from: Arc::default(),
        }
    }

    /// Starts the names of all keys with `prefix` instead of `countersign:`. Applications that share a database need different
    /// prefixes. One prefix names one set of sessions.
    ///
    /// The names contain hash tags of the store's own. A prefix with a tag would put all sessions of a cluster into one slot, so braces in
    /// it count for nothing: they are written as `%7B` and `%7D`, and `%` as `%25`.
    #[must_use]
    pub fn with_prefix(self, prefix: impl AsRef<str>) -> Self {
        Self { keys: Keys::with_prefix(prefix.as_ref()), ..self }
    }
}

/// Tells an outage from other failures.
fn failure(error: RedisError, is_one_server: bool) -> StoreError {
    if is_one_server && error.is_io_error() { StoreError::unreachable(error) } else { StoreError::new(error) }
}

impl<C: ConnectionLike + Clone + Send + Sync> RedisStore<C> {
    async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        let answer = command.query_async(&mut self.connection.clone()).await;
        answer.map_err(|error| failure(error, self.is_one_server))
    }

    async fn call<T: FromRedisValue>(
        &self,
        script: &Lua,
        keys: &[String],
        arguments: impl ToRedisArgs,
    ) -> Result<T, StoreError> {
        let answer = script.call(&mut self.connection.clone(), keys, arguments).await;
        answer.map_err(|error| failure(error, self.is_one_server))
    }

    async fn read(&self, record: &str) -> Result<Option<SessionRecord>, StoreError> {
        let mut command = redis::cmd("HMGET");
        command.arg(record).arg(&stored::FIELDS);
        let fields: Fields = self.query(&command).await?;
        stored::read(fields)
    }

    /// Reads records all at once. Not with a script: that would hold up other clients, and while a slot moves to another node, these commands
    /// find each record.
    async fn read_each(&self, records: &[String]) -> Result<Vec<Option<SessionRecord>>, StoreError> {
        let read = try_join_all(records.iter().map(|record| self.read(record))).await;
        if self.is_one_server || read.is_ok() {
            return read;
        }
        // The connection to a cluster follows a slot that moves with two commands, which others on the same connection may separate.
        let mut read = Vec::new();
        for record in records {
            read.push(self.read(record).await?);
        }
        Ok(read)
    }

    /// Every identifier in the index of a user, in the order of sequences, also of records that are gone.
    async fn every_id(&self, sessions: &str) -> Result<Vec<String>, StoreError> {
        let mut command = redis::cmd("ZRANGE");
        self.query(command.arg(sessions).arg(0).arg(-1)).await
    }

    /// Removes index entries of records that are gone. An entry that stays does no harm, so this does not fail: the sessions have ended.
    async fn tidy(&self, tag: Tag, user: &str, ids: &[&str]) {
        let indexes = [self.keys.ends(tag), self.keys.sessions_of(tag, user)];
        for ids in ids.chunks(TIDIED_AT_ONCE) {
            let removals = indexes.iter().map(|index| {
                let mut command = redis::cmd("ZREM");
                command.arg(index).arg(ids);
                async move { self.query::<u64>(&command).await }
            });
            join_all(removals).await;
        }
    }
}

impl<C> SessionStore for RedisStore<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
        let key = self.keys.of_deployment("salt");
        let mut get = redis::cmd("GET");
        get.arg(&key);
        let mut salt: Option<Vec<u8>> = self.query(&get).await?;
        if salt.is_none() {
            let mut keep = redis::cmd("SET");
            let _first: Option<String> =
                self.query(keep.arg(&key).arg(proposed.as_bytes()).arg("NX")).await?;
            salt = self.query(&get).await?;
        }
        let salt = salt.and_then(|salt| salt.try_into().ok());
        salt.map(PartitionSalt::from_bytes).ok_or_else(|| StoreError::new("the salt is damaged"))
    }

    async fn insert(&self, record: SessionRecord) -> Result<u64, StoreError> {
        let tag = Tag::of(record.id.partition());
        let user = stored::name_of_user(&record.user_id);
        let keys = [
            self.keys.record(&record.id),
            self.keys.sessions_of(tag, &user),
            self.keys.ends(tag),
            self.keys.last_sequence(tag),
        ];
        // The identifier is as random as a number made for the purpose.
        let [.., a, b, c, d] = *record.id.as_bytes();
        let places = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let written = (
            record.id.as_str(),
            record.version,
            &user,
            stored::encode_data(&record)?,
            stored::encode_state(&record)?,
            stored::end(&record).unix(),
            stored::kept_until(&record).unix(),
            stored::time_to_live(&record),
            stored::time_to_live_of_indexes(&record),
            self.keys.records(tag),
            places,
        );
        let sequence: Option<u64> = self.call(&scripts::INSERT, &keys, written).await?;
        sequence.ok_or_else(|| StoreError::new("a session with this identifier exists already"))
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        match self.read(&self.keys.record(id)).await? {
            Some(record) if record.id != *id => {
                Err(StoreError::new("a record is stored under the key of another session"))
            }
            record => Ok(record),
        }
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        let keys = [self.keys.record(&record.id), self.keys.ends(Tag::of(record.id.partition()))];
        let written = (
            expected_version,
            record.version,
            stored::encode_state(&record)?,
            stored::end(&record).unix(),
            stored::kept_until(&record).unix(),
            stored::time_to_live(&record),
            record.id.as_str(),
        );
        let mut result: u8 = self.call(&scripts::REPLACE, &keys[..1], &written).await?;
        if result == 2 {
            result = self.call(&scripts::REPLACE, &keys, &written).await?;
        }
        Ok(if result == 1 { Replaced::Yes } else { Replaced::Conflict })
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        Ok(!self.remove_each(std::slice::from_ref(id)).await?.is_empty())
    }

    async fn remove_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        let Some(first) = ids.first() else { return Ok(Vec::new()) };
        let records: Vec<_> = ids.iter().map(|id| self.keys.record(id)).collect();
        let users: Vec<Option<String>> = self.call(&scripts::REMOVE_EACH, &records, NONE).await?;
        let removed = ids.iter().zip(&users).filter(|(_, user)| user.is_some());
        let removed: Vec<_> = removed.map(|(id, _)| *id).collect();
        if let Some(user) = users.iter().flatten().next() {
            let ids: Vec<_> = removed.iter().map(SessionId::as_str).collect();
            self.tidy(Tag::of(first.partition()), user, &ids).await;
        }
        Ok(removed)
    }

    async fn list(&self, owner: &Owner<'_>, page: Page) -> Result<Vec<SessionRecord>, StoreError> {
        let tag = Tag::of(owner.partition());
        let sessions = self.keys.sessions_of(tag, &stored::name_of_user(owner.user_id()));
        let records = self.keys.records(tag);
        let mut below = page.after.map(|place| place.sequence);
        let mut found = Vec::new();
        loop {
            let missing = page.limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
            let wanted = missing.min(READ_AT_ONCE);
            if wanted == 0 {
                return Ok(found);
            }
            let mut command = redis::cmd("ZREVRANGEBYSCORE");
            let highest = below.map_or("+inf".to_owned(), |sequence| format!("({sequence}"));
            command.arg(&sessions).arg(highest).arg("-inf").arg("LIMIT").arg(0).arg(wanted);
            let ids: Vec<String> = self.query(&command).await?;
            let keys: Vec<_> = ids.iter().map(|id| format!("{records}{id}")).collect();
            let mut gone = Vec::new();
            for (id, record) in ids.iter().zip(self.read_each(&keys).await?) {
                match record {
                    Some(record) if record.id.as_str() != id || record.user_id != owner.user_id() => {
                        return Err(StoreError::new("a record is stored under the key of another session"));
                    }
                    Some(record) => found.push(record),
                    None => gone.push(id.as_str()),
                }
            }
            if !gone.is_empty() {
                let mut command = redis::cmd("ZREM");
                self.query::<u64>(command.arg(&sessions).arg(gone)).await?;
            }
            if u32::try_from(ids.len()).is_ok_and(|count| count < wanted) {
                return Ok(found);
            }
            below = found.last().map(|record| record.sequence).or(below);
        }
    }

    async fn remove_all(&self, owner: &Owner<'_>, except: Option<&SessionId>) -> Result<u64, StoreError> {
        let tag = Tag::of(owner.partition());
        let user = stored::name_of_user(owner.user_id());
        let sessions = self.keys.sessions_of(tag, &user);
        let records = self.keys.records(tag);
        loop {
            let ids = self.every_id(&sessions).await?;
            let Some(newest) = ids.last() else { return Ok(0) };
            let others = ids.iter().map(String::as_str);
            let ids: Vec<_> = others.filter(|id| except.is_none_or(|kept| kept.as_str() != *id)).collect();
            let records = ids.iter().map(|id| format!("{records}{id}"));
            let keys: Vec<_> = std::iter::once(sessions.clone()).chain(records).collect();
            let removed: Option<u64> = self.call(&scripts::REMOVE_ALL, &keys, newest).await?;
            if let Some(removed) = removed {
                self.tidy(tag, &user, &ids).await;
                return Ok(removed);
            }
        }
    }

    async fn purge_expired(&self, now: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        self.trim_log(now).await?;
        self.purge_sessions(now, at_most).await
    }

    async fn claim_purge(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        self.claim_turn_to_purge(now, until).await
    }

    async fn announce(&self, endings: &[Ending], until: Timestamp) -> Result<(), StoreError> {
        self.write_log(endings, until).await
    }

    async fn endings(&self, after: Option<&Cursor>) -> Result<Option<Endings>, StoreError> {
        self.read_log(after).await.map(Some)
    }
}

impl<C> fmt::Debug for RedisStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
