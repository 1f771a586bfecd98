//! The form of a record in a Redis hash.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::StoreError;
use crate::clock::Timestamp;
use crate::session::{DeviceKind, Fingerprint, SessionId, SessionMetadata, SessionRecord, TokenHash};

/// How long a record is kept at least after its session has ended, in case clocks disagree.
const GRACE: Duration = Duration::from_secs(60 * 60);
/// How much longer a write keeps it, so that the rotations of a day need not prolong its life.
const AHEAD: Duration = Duration::from_secs(24 * 60 * 60);
/// How long an index is kept after the last of its sessions must have ended. It is longer, because a rotation does not prolong it: a clock
/// that is set back must not take the index from a session that goes on.
const INDEX_GRACE: Duration = Duration::from_secs(2 * 24 * 60 * 60);
/// Redis refuses a time to live beyond the end of its calendar.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The fields of a hash that are read.
pub(super) const FIELDS: [&str; 4] = ["version", "sequence", "data", "state"];
pub(super) type Fields = (Option<Vec<u8>>, Option<Vec<u8>>, Option<Vec<u8>>, Option<Vec<u8>>);

/// The field `data`, which is written once. An unknown member is an error, because it may be one that limits the session.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    id: String,
    user_id: String,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_ttl: Option<u64>,
    absolute_expires_at: Timestamp,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ends_with_browser: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
}

/// The field `state`, which each write replaces. Unknown members are errors as in [`Data`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    current: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    may_be_lost: bool,
    rotated_at: Timestamp,
    authenticated_at: Timestamp,
    last_used_at: Timestamp,
    idle_expires_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_not_before: Option<Timestamp>,
    /// The number of the write, by which a call that is repeated recognises its own.
    write: u64,
}

/// The name of a user in keys. User ids contain any character, and do not belong in a list of keys.
pub(super) fn name_of_user(user_id: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(user_id))
}

/// When the session ends.
pub(super) fn end(record: &SessionRecord) -> Timestamp {
    record.idle_expires_at.min(record.absolute_expires_at)
}

/// How long the record is kept after it is written, in milliseconds. It is a duration and not a point in time, because the clock of the
/// sessions may differ from the server's.
pub(super) fn time_to_live(record: &SessionRecord) -> u64 {
    milliseconds(end(record).since(record.last_used_at), AHEAD + GRACE)
}

/// The latest end of the session for which that is long enough.
pub(super) fn kept_until(record: &SessionRecord) -> Timestamp {
    end(record) + AHEAD
}

/// How long the indexes of the record are kept after it is added, in milliseconds: until the session ends, however much it is used.
pub(super) fn time_to_live_of_indexes(record: &SessionRecord) -> u64 {
    milliseconds(record.absolute_expires_at.since(record.last_used_at), INDEX_GRACE)
}

pub(super) fn milliseconds(duration: Duration, grace: Duration) -> u64 {
    u64::try_from((duration.min(LONGEST) + grace).as_millis()).unwrap_or(u64::MAX)
}

/// The field `data`.
pub(super) fn encode_data(record: &SessionRecord) -> Result<String, StoreError> {
    let metadata = &record.metadata;
    let data = Data {
        id: record.id.as_str().to_owned(),
        user_id: record.user_id.clone(),
        created_at: record.created_at,
        idle_ttl: record.idle_ttl.map(|ttl| ttl.as_secs()),
        absolute_expires_at: record.absolute_expires_at,
        ends_with_browser: record.ends_with_browser,
        address: metadata.address(),
        user_agent: metadata.user_agent().map(str::to_owned),
        device_label: metadata.device_label().map(str::to_owned),
        device_kind: metadata.device_kind().map(|kind| kind.as_str().to_owned()),
        fingerprint: metadata.fingerprint().map(|fingerprint| URL_SAFE_NO_PAD.encode(fingerprint.as_bytes())),
    };
    serde_json::to_string(&data).map_err(StoreError::new)
}

/// The field `state`.
pub(super) fn encode_state(record: &SessionRecord) -> Result<String, StoreError> {
    let hash = |hash: &TokenHash| URL_SAFE_NO_PAD.encode(hash.as_bytes());
    let state = State {
        current: hash(&record.current),
        previous: record.previous.as_ref().map(hash),
        may_be_lost: record.may_be_lost,
        rotated_at: record.rotated_at,
        authenticated_at: record.authenticated_at,
        last_used_at: record.last_used_at,
        idle_expires_at: record.idle_expires_at,
        access_not_before: record.access_not_before,
        write: number_of_write()?,
    };
    serde_json::to_string(&state).map_err(StoreError::new)
}

/// A number that no other write has, on any server: this process counts from a random one.
fn number_of_write() -> Result<u64, StoreError> {
    static FIRST: OnceLock<u64> = OnceLock::new();
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let first = match FIRST.get() {
        Some(first) => *first,
        None => {
            let random = getrandom::u64().map_err(|cause| StoreError::new(cause.to_string()))?;
            *FIRST.get_or_init(|| random)
        }
    };
    Ok(first.wrapping_add(WRITES.fetch_add(1, Ordering::Relaxed)))
}

/// Reads the record in a hash; `None` when the hash does not exist.
pub(super) fn read(fields: Fields) -> Result<Option<SessionRecord>, StoreError> {
    match fields {
        (None, None, None, None) => Ok(None),
        (Some(version), Some(sequence), Some(data), Some(state)) => {
            // The error of serde would quote the record, which does not belong in a log.
            let record = decode(&version, &sequence, &data, &state);
            record.map(Some).ok_or_else(|| StoreError::new("a record is damaged"))
        }
        _ => Err(StoreError::new("a record is incomplete")),
    }
}

fn decode(version: &[u8], sequence: &[u8], data: &[u8], state: &[u8]) -> Option<SessionRecord> {
    let data: Data = serde_json::from_slice(data).ok()?;
    let state: State = serde_json::from_slice(state).ok()?;
    let mut record = SessionRecord::new(
        data.id.parse::<SessionId>().ok()?,
        data.user_id,
        read_hash(&state.current)?,
        data.created_at,
        state.idle_expires_at,
        data.absolute_expires_at,
    );
    record.version = read_number(version)?;
    record.sequence = read_number(sequence)?;
    if let Some(previous) = &state.previous {
        record.previous = Some(read_hash(previous)?);
    }
    record.may_be_lost = state.may_be_lost;
    record.rotated_at = state.rotated_at;
    record.authenticated_at = state.authenticated_at;
    record.last_used_at = state.last_used_at;
    record.idle_ttl = data.idle_ttl.map(Duration::from_secs);
    record.ends_with_browser = data.ends_with_browser;
    record.access_not_before = state.access_not_before;
    let fingerprint = match &data.fingerprint {
        Some(text) => Some(Fingerprint::from_bytes(read_digest(text)?)),
        None => None,
    };
    record.metadata = SessionMetadata::restored(
        data.address,
        data.user_agent,
        data.device_label,
        data.device_kind.as_deref().and_then(DeviceKind::named),
        fingerprint,
    );
    Some(record)
}

fn read_number(text: &[u8]) -> Option<u64> {
    str::from_utf8(text).ok()?.parse().ok()
}

fn read_hash(text: &str) -> Option<TokenHash> {
    read_digest(text).map(TokenHash::from_bytes)
}

fn read_digest(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}
