//! The parts that the SQL stores share: the columns of a record, statements, and the choice of pending migrations.

use std::time::Duration;

use sqlx::query::Query;
use sqlx::{ColumnIndex, Database, Decode, Encode, Row, Type};

use super::StoreError;
use crate::clock::Timestamp;
use crate::session::{
    DeviceKind, Fingerprint, PartitionSalt, SessionId, SessionMetadata, SessionRecord, TokenHash,
};
use crate::token::StoredKeys;

/// The start of every statement that reads records, with the end of one of them.
///
/// It names the columns: with `*`, a column that a newer version of this crate adds would break the statements that servers of
/// this version have prepared.
macro_rules! select_where {
    ($condition:literal) => {
        concat!(
            "SELECT id, user_id, sequence, current_hash, previous_hash, may_be_lost, rotated_at, created_at,
                authenticated_at, last_used_at, idle_ttl, idle_expires_at, absolute_expires_at, access_not_before,
                ends_with_browser, address, user_agent, device_label, device_kind, fingerprint, version
            FROM countersign_sessions
            WHERE ",
            $condition
        )
    };
}

pub(super) const LOAD: &str = select_where!("id = $1");

/// The sessions of a user lie between the first and the last identifier of the partition, so they need no index of their own. The
/// plus keeps SQLite, where the sequence is the number of the row, from going through the sessions of all users by it.
pub(super) const LIST: &str =
    select_where!("id BETWEEN $1 AND $2 AND user_id = $3 ORDER BY +sequence DESC, id DESC LIMIT $4");
pub(super) const LIST_AFTER: &str = select_where!(
    "id BETWEEN $1 AND $2 AND user_id = $3 AND (+sequence, id) < ($5, $6) ORDER BY +sequence DESC, id DESC LIMIT $4"
);

pub(super) const INSERT: &str = "
    INSERT INTO countersign_sessions (id, current_hash, previous_hash, may_be_lost, rotated_at, authenticated_at,
        last_used_at, idle_expires_at, access_not_before, version, purge_day, user_id, created_at, idle_ttl,
        absolute_expires_at, ends_with_browser, address, user_agent, device_label, device_kind, fingerprint)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
    RETURNING sequence";

pub(super) const REPLACE: &str = "
    UPDATE countersign_sessions
    SET current_hash = $2, previous_hash = $3, may_be_lost = $4, rotated_at = $5, authenticated_at = $6,
        last_used_at = $7, idle_expires_at = $8, access_not_before = $9, version = $10, purge_day = $11
    WHERE id = $1 AND version = $12";

pub(super) const REMOVE: &str = "DELETE FROM countersign_sessions WHERE id = $1";

pub(super) const SALT: &str = "SELECT value FROM countersign_settings WHERE name = 'partition_salt'";
pub(super) const KEEP_SALT: &str = "
    INSERT INTO countersign_settings (name, value) VALUES ('partition_salt', $1) ON CONFLICT (name) DO NOTHING";

pub(super) const LOAD_KEYS: &str = "SELECT version, document FROM countersign_keys";
pub(super) const FIRST_KEYS: &str = "
    INSERT INTO countersign_keys (version, document) VALUES (1, $1) ON CONFLICT DO NOTHING";
pub(super) const REPLACE_KEYS: &str = "
    UPDATE countersign_keys SET version = $2 + 1, document = $1 WHERE version = $2";

/// One statement, so of two servers that ask at once one gets the turn.
pub(super) const CLAIM_PURGE: &str = "
    INSERT INTO countersign_settings (name, until) VALUES ('purge', $2)
    ON CONFLICT (name) DO UPDATE SET until = excluded.until WHERE countersign_settings.until <= $1";

pub(super) const APPLIED_MIGRATIONS: &str = "SELECT coalesce(max(version), 0) FROM countersign_migrations";
pub(super) const RECORD_MIGRATION: &str = "INSERT INTO countersign_migrations (version) VALUES ($1)";

/// The `migrations` after the first `applied` ones, each with its number.
pub(super) fn pending_migrations(
    migrations: &'static [&'static str],
    applied: i64,
) -> Result<impl Iterator<Item = (i64, &'static str)>, StoreError> {
    let pending = usize::try_from(applied).ok().and_then(|applied| migrations.get(applied..));
    let pending = pending
        .ok_or_else(|| StoreError::new("the tables were written by a newer version of countersign"))?;
    Ok(pending.iter().zip(applied + 1..).map(|(migration, version)| (version, *migration)))
}

const DAY: i64 = 24 * 60 * 60;

/// The day on which a session ends. A purge finds sessions by it. It changes once a day and not with every rotation, so a rotation
/// changes no index.
pub(super) fn purge_day(record: &SessionRecord) -> i64 {
    day(record.idle_expires_at.min(record.absolute_expires_at))
}

pub(super) fn day(time: Timestamp) -> i64 {
    time.unix().div_euclid(DAY)
}

/// Binds the columns that a rotation changes, as `$1` to `$11`.
pub(super) fn bind_changes<'q, DB>(
    query: Query<'q, DB, DB::Arguments>,
    record: &SessionRecord,
) -> Result<Query<'q, DB, DB::Arguments>, StoreError>
where
    DB: Database,
    Vec<u8>: Type<DB> + for<'t> Encode<'t, DB>,
    Option<Vec<u8>>: for<'t> Encode<'t, DB>,
    i64: Type<DB> + for<'t> Encode<'t, DB>,
    Option<i64>: for<'t> Encode<'t, DB>,
{
    Ok(query
        .bind(record.id.as_bytes().to_vec())
        .bind(record.current.as_bytes().to_vec())
        .bind(record.previous.as_ref().map(|hash| hash.as_bytes().to_vec()))
        .bind(i64::from(record.may_be_lost))
        .bind(record.rotated_at.unix())
        .bind(record.authenticated_at.unix())
        .bind(record.last_used_at.unix())
        .bind(record.idle_expires_at.unix())
        .bind(record.access_not_before.map(Timestamp::unix))
        .bind(stored_number(record.version)?)
        .bind(purge_day(record)))
}

/// Binds a whole record but its sequence, as `$1` to `$21`. `Text` is the type in which the database keeps a string of any characters.
pub(super) fn bind_record<'q, DB, Text>(
    query: Query<'q, DB, DB::Arguments>,
    record: &SessionRecord,
) -> Result<Query<'q, DB, DB::Arguments>, StoreError>
where
    DB: Database,
    Text: From<String> + Type<DB> + for<'t> Encode<'t, DB>,
    Option<Text>: for<'t> Encode<'t, DB>,
    String: Type<DB> + for<'t> Encode<'t, DB>,
    Option<String>: for<'t> Encode<'t, DB>,
    Vec<u8>: Type<DB> + for<'t> Encode<'t, DB>,
    Option<Vec<u8>>: for<'t> Encode<'t, DB>,
    i64: Type<DB> + for<'t> Encode<'t, DB>,
    Option<i64>: for<'t> Encode<'t, DB>,
{
    let metadata = &record.metadata;
    let text = |text: &str| Text::from(text.to_owned());
    Ok(bind_changes(query, record)?
        .bind(text(&record.user_id))
        .bind(record.created_at.unix())
        .bind(record.idle_ttl.map(|ttl| i64::try_from(ttl.as_secs())).transpose().map_err(StoreError::new)?)
        .bind(record.absolute_expires_at.unix())
        .bind(i64::from(record.ends_with_browser))
        .bind(metadata.address().map(|address| address.to_string()))
        .bind(metadata.user_agent().map(text))
        .bind(metadata.device_label().map(text))
        .bind(metadata.device_kind().map(|kind| kind.as_str().to_owned()))
        .bind(metadata.fingerprint().map(|fingerprint| fingerprint.as_bytes().to_vec())))
}

pub(super) fn stored_number(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(StoreError::new)
}

/// Reads the identifier of a session.
pub(super) fn read_id(bytes: Vec<u8>) -> Result<SessionId, StoreError> {
    let bytes = bytes.try_into().map_err(|_| StoreError::new("an identifier is not 16 bytes long"))?;
    Ok(SessionId::from_bytes(bytes))
}

/// Reads the salt of the partitions.
pub(super) fn read_salt(bytes: Vec<u8>) -> Result<PartitionSalt, StoreError> {
    let bytes = bytes.try_into().map_err(|_| StoreError::new("the salt is not 16 bytes long"))?;
    Ok(PartitionSalt::from_bytes(bytes))
}

/// Reads the columns of the keys.
pub(super) fn read_keys(
    version: Result<i64, sqlx::Error>,
    document: Result<Vec<u8>, sqlx::Error>,
) -> Result<StoredKeys, StoreError> {
    let version = u64::try_from(version.map_err(StoreError::new)?).map_err(StoreError::new)?;
    Ok(StoredKeys::new(version, document.map_err(StoreError::new)?))
}

/// Reads a record from a row with every column.
pub(super) fn read_record<R>(row: &R) -> Result<SessionRecord, StoreError>
where
    R: Row,
    String: Type<R::Database> + for<'r> Decode<'r, R::Database>,
    Vec<u8>: Type<R::Database> + for<'r> Decode<'r, R::Database>,
    i64: Type<R::Database> + for<'r> Decode<'r, R::Database>,
    for<'c> &'c str: ColumnIndex<R>,
{
    let number = |column: &str| row.try_get::<i64, _>(column).map_err(StoreError::new);
    let time = |column: &str| number(column).map(Timestamp::from_unix);
    let bytes = |column: &str| row.try_get::<Option<Vec<u8>>, _>(column).map_err(StoreError::new);
    let text = |column: &str| match bytes(column)? {
        // The error of `String` would quote the text, which does not belong in a log.
        Some(bytes) => {
            String::from_utf8(bytes).map(Some).map_err(|error| StoreError::new(error.utf8_error()))
        }
        None => Ok(None),
    };
    let digest = |column: &str| {
        let digest = bytes(column)?.map(<[u8; 32]>::try_from).transpose();
        digest.map_err(|_| StoreError::new("a hash is not 32 bytes long"))
    };
    let hash = |column: &str| digest(column).map(|bytes| bytes.map(TokenHash::from_bytes));
    let address: Option<String> = row.try_get("address").map_err(StoreError::new)?;
    let optional = |column: &str| row.try_get::<Option<i64>, _>(column).map_err(StoreError::new);
    let access_not_before = optional("access_not_before")?;
    let idle_ttl = optional("idle_ttl")?.map(u64::try_from).transpose().map_err(StoreError::new)?;

    let mut record = SessionRecord::new(
        read_id(bytes("id")?.ok_or_else(no_value)?)?,
        text("user_id")?.ok_or_else(no_value)?,
        hash("current_hash")?.ok_or_else(no_value)?,
        time("created_at")?,
        time("idle_expires_at")?,
        time("absolute_expires_at")?,
    );
    record.sequence = u64::try_from(number("sequence")?).map_err(StoreError::new)?;
    record.previous = hash("previous_hash")?;
    record.may_be_lost = number("may_be_lost")? != 0;
    record.rotated_at = time("rotated_at")?;
    record.last_used_at = time("last_used_at")?;
    record.access_not_before = access_not_before.map(Timestamp::from_unix);
    record.authenticated_at = time("authenticated_at")?;
    record.idle_ttl = idle_ttl.map(Duration::from_secs);
    record.ends_with_browser = number("ends_with_browser")? != 0;
    record.version = u64::try_from(number("version")?).map_err(StoreError::new)?;
    let address = address.map(|address| address.parse().map_err(StoreError::new)).transpose()?;
    let device_kind: Option<String> = row.try_get("device_kind").map_err(StoreError::new)?;
    record.metadata = SessionMetadata::restored(
        address,
        text("user_agent")?,
        text("device_label")?,
        device_kind.as_deref().and_then(DeviceKind::named),
        digest("fingerprint")?.map(Fingerprint::from_bytes),
    );
    Ok(record)
}

fn no_value() -> StoreError {
    StoreError::new("a required column is empty")
}
