//! The parts that the SQL stores share: the columns of a record, and the choice of pending migrations.

use std::time::Duration;

use sqlx::query::Query;
use sqlx::{ColumnIndex, Database, Decode, Encode, Row, Type};

use super::StoreError;
use crate::clock::Timestamp;
use crate::session::{DeviceKind, Fingerprint, SessionMetadata, SessionRecord, TokenHash};

/// The start of every statement that reads records, with the end of one of them.
///
/// It names the columns: with `*`, a column that a newer version of this crate adds would break the statements that servers of
/// this version have prepared.
macro_rules! select_where {
    ($condition:literal) => {
        concat!(
            "SELECT id, user_id, current_hash, previous_hash, rotated_at, created_at, last_used_at, idle_expires_at,
                absolute_expires_at, address, user_agent, device_label, version, access_not_before, authenticated_at,
                idle_ttl, ends_with_browser, may_be_lost, device_kind, fingerprint
            FROM countersign_sessions
            WHERE ",
            $condition
        )
    };
}
pub(super) use select_where;

pub(super) const LOAD: &str = select_where!("id = $1");

pub(super) const INSERT: &str = "
    INSERT INTO countersign_sessions (id, user_id, current_hash, previous_hash, rotated_at, created_at, last_used_at,
        idle_expires_at, absolute_expires_at, address, user_agent, device_label, version, access_not_before,
        authenticated_at, idle_ttl, ends_with_browser, may_be_lost, device_kind, fingerprint)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";

pub(super) const REPLACE: &str = "
    UPDATE countersign_sessions
    SET user_id = $2, current_hash = $3, previous_hash = $4, rotated_at = $5, created_at = $6, last_used_at = $7,
        idle_expires_at = $8, absolute_expires_at = $9, address = $10, user_agent = $11, device_label = $12,
        version = $13, access_not_before = $14, authenticated_at = $15, idle_ttl = $16,
        ends_with_browser = $17, may_be_lost = $18, device_kind = $19, fingerprint = $20
    WHERE id = $1 AND version = $21";

pub(super) const REMOVE: &str = "DELETE FROM countersign_sessions WHERE id = $1";

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

/// Binds every column, as `$1` to `$20`. `Text` is the type in which the database keeps a string of any characters.
pub(super) fn bind_record<'q, DB, Text>(
    query: Query<'q, DB, DB::Arguments>,
    record: SessionRecord,
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
    let SessionRecord { id, current, previous, metadata, .. } = &record;
    let text = |text: &str| Text::from(text.to_owned());
    Ok(query
        .bind(id.as_str().to_owned())
        .bind(text(&record.user_id))
        .bind(current.as_bytes().to_vec())
        .bind(previous.as_ref().map(|hash| hash.as_bytes().to_vec()))
        .bind(record.rotated_at.unix())
        .bind(record.created_at.unix())
        .bind(record.last_used_at.unix())
        .bind(record.idle_expires_at.unix())
        .bind(record.absolute_expires_at.unix())
        .bind(metadata.address().map(|address| address.to_string()))
        .bind(metadata.user_agent().map(text))
        .bind(metadata.device_label().map(text))
        .bind(stored_version(record.version)?)
        .bind(record.access_not_before.map(Timestamp::unix))
        .bind(record.authenticated_at.unix())
        .bind(record.idle_ttl.map(|ttl| i64::try_from(ttl.as_secs())).transpose().map_err(StoreError::new)?)
        .bind(i64::from(record.ends_with_browser))
        .bind(i64::from(record.may_be_lost))
        .bind(metadata.device_kind().map(|kind| kind.as_str().to_owned()))
        .bind(metadata.fingerprint().map(|fingerprint| fingerprint.as_bytes().to_vec())))
}

pub(super) fn stored_version(version: u64) -> Result<i64, StoreError> {
    i64::try_from(version).map_err(StoreError::new)
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
    let id: String = row.try_get("id").map_err(StoreError::new)?;
    let address: Option<String> = row.try_get("address").map_err(StoreError::new)?;
    let optional = |column: &str| row.try_get::<Option<i64>, _>(column).map_err(StoreError::new);
    let access_not_before = optional("access_not_before")?;
    let authenticated_at = optional("authenticated_at")?;
    let idle_ttl = optional("idle_ttl")?.map(u64::try_from).transpose().map_err(StoreError::new)?;

    let mut record = SessionRecord::new(
        id.parse().map_err(StoreError::new)?,
        text("user_id")?.ok_or_else(no_value)?,
        hash("current_hash")?.ok_or_else(no_value)?,
        time("created_at")?,
        time("idle_expires_at")?,
        time("absolute_expires_at")?,
    );
    record.previous = hash("previous_hash")?;
    record.may_be_lost = number("may_be_lost")? != 0;
    record.rotated_at = time("rotated_at")?;
    record.last_used_at = time("last_used_at")?;
    record.access_not_before = access_not_before.map(Timestamp::from_unix);
    // A server of an older version does not write this column, so it is empty in a session that such a server opened.
    record.authenticated_at = authenticated_at.map_or(record.created_at, Timestamp::from_unix);
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
