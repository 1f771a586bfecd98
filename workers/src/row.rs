//! Records as values of a statement, and rows as records.

use std::fmt::Display;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use countersign::Timestamp;
use countersign::session::{DeviceKind, Fingerprint, SessionId, SessionMetadata, SessionRecord, TokenHash};
use countersign::store::StoreError;

use crate::sql::{COLUMNS, Value};

const DAY: i64 = 86_400;

/// The values `?1` to `?12` of an insert and of a replacement: the identifier, and the columns that change.
pub(crate) fn changing(record: &SessionRecord) -> Result<Vec<Value>, StoreError> {
    let first_end = record.idle_expires_at.min(record.absolute_expires_at);
    Ok(vec![
        bytes(record.id.as_bytes()),
        bytes(record.current.as_bytes()),
        record.previous.as_ref().map_or(Value::Null, |hash| bytes(hash.as_bytes())),
        number(u8::from(record.may_be_lost)),
        time(record.rotated_at),
        time(record.authenticated_at),
        time(record.last_used_at),
        time(record.idle_expires_at),
        time(record.absolute_expires_at),
        record.access_not_before.map_or(Value::Null, time),
        number(stored(record.version)?),
        number(first_end.unix().div_euclid(DAY)),
    ])
}

/// The values `?13` to `?21` of an insert.
pub(crate) fn lasting(record: &SessionRecord) -> Result<Vec<Value>, StoreError> {
    let metadata = &record.metadata;
    Ok(vec![
        text(&record.user_id),
        time(record.created_at),
        record.idle_ttl.map_or(Ok(Value::Null), |ttl| stored(ttl.as_secs()).map(number))?,
        number(u8::from(record.ends_with_browser)),
        metadata.address().map_or(Value::Null, text),
        metadata.user_agent().map_or(Value::Null, text),
        metadata.device_label().map_or(Value::Null, text),
        metadata.device_kind().map_or(Value::Null, |kind| text(kind.as_str())),
        metadata.fingerprint().map_or(Value::Null, |fingerprint| bytes(fingerprint.as_bytes())),
    ])
}

/// A number that fits SQLite's 64 bits with a sign. `CAST` would take a larger one for the largest.
pub(crate) fn stored(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(StoreError::new)
}

pub(crate) fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes(bytes.to_vec())
}

pub(crate) fn text(text: impl ToString) -> Value {
    Value::Text(text.to_string())
}

/// Numbers travel as text, which keeps all 64 bits in JavaScript.
pub(crate) fn number(number: impl Display) -> Value {
    text(number)
}

pub(crate) fn time(time: Timestamp) -> Value {
    number(time.unix())
}

/// Reads a record from a row of [`Operation::Load`](crate::sql::Operation::Load) or [`Operation::List`](crate::sql::Operation::List).
pub(crate) fn record(row: Vec<Value>) -> Result<SessionRecord, StoreError> {
    let row: [Value; COLUMNS] =
        row.try_into().map_err(|_| StoreError::new("a row has another number of columns"))?;
    let [
        id,
        user_id,
        sequence,
        current,
        previous,
        may_be_lost,
        rotated_at,
        created_at,
        authenticated_at,
        last_used_at,
        idle_ttl,
        idle_expires_at,
        absolute_expires_at,
        access_not_before,
        ends_with_browser,
        address,
        user_agent,
        device_label,
        device_kind,
        fingerprint,
        version,
    ] = row;
    let mut record = SessionRecord::new(
        required(session_id(id)?)?,
        required(as_text(user_id)?)?,
        TokenHash::from_bytes(required(array(current)?)?),
        required(as_time(created_at)?)?,
        required(as_time(idle_expires_at)?)?,
        required(as_time(absolute_expires_at)?)?,
    );
    record.sequence = required(parsed(sequence)?)?;
    record.previous = array(previous)?.map(TokenHash::from_bytes);
    record.may_be_lost = required(parsed::<u8>(may_be_lost)?)? != 0;
    record.rotated_at = required(as_time(rotated_at)?)?;
    record.authenticated_at = required(as_time(authenticated_at)?)?;
    record.last_used_at = required(as_time(last_used_at)?)?;
    record.idle_ttl = parsed(idle_ttl)?.map(Duration::from_secs);
    record.access_not_before = as_time(access_not_before)?;
    record.ends_with_browser = required(parsed::<u8>(ends_with_browser)?)? != 0;
    record.version = required(parsed(version)?)?;

    let mut metadata = SessionMetadata::default();
    if let Some(address) = parsed::<IpAddr>(address)? {
        metadata = metadata.with_address(address);
    }
    if let Some(user_agent) = as_text(user_agent)? {
        metadata = metadata.with_user_agent(user_agent);
    }
    if let Some(device_label) = as_text(device_label)? {
        metadata = metadata.with_device_label(device_label);
    }
    if let Some(kind) = as_text(device_kind)?.as_deref().and_then(DeviceKind::named) {
        metadata = metadata.with_device_kind(kind);
    }
    if let Some(fingerprint) = array(fingerprint)? {
        metadata = metadata.with_fingerprint(Fingerprint::from_bytes(fingerprint));
    }
    record.metadata = metadata;
    Ok(record)
}

pub(crate) fn session_id(value: Value) -> Result<Option<SessionId>, StoreError> {
    Ok(array(value)?.map(SessionId::from_bytes))
}

/// Bytes of this length; `None` for NULL.
pub(crate) fn array<const LENGTH: usize>(value: Value) -> Result<Option<[u8; LENGTH]>, StoreError> {
    match value {
        Value::Null => Ok(None),
        Value::Bytes(bytes) => {
            let array = bytes.try_into().map_err(|_| StoreError::new("bytes of another length"))?;
            Ok(Some(array))
        }
        Value::Text(_) => Err(StoreError::new("text in the place of bytes")),
    }
}

/// A number or an address; `None` for NULL. The errors of these do not quote what they read.
pub(crate) fn parsed<T>(value: Value) -> Result<Option<T>, StoreError>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    as_text(value)?.map(|text| text.parse().map_err(StoreError::new)).transpose()
}

fn as_time(value: Value) -> Result<Option<Timestamp>, StoreError> {
    Ok(parsed(value)?.map(Timestamp::from_unix))
}

fn as_text(value: Value) -> Result<Option<String>, StoreError> {
    match value {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text)),
        Value::Bytes(_) => Err(StoreError::new("bytes in the place of text")),
    }
}

pub(crate) fn required<T>(value: Option<T>) -> Result<T, StoreError> {
    value.ok_or_else(|| StoreError::new("a required column is empty"))
}
