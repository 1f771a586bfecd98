//! A user's sessions, as their owner sees them.

use axum_core::response::{IntoResponse, Response};
use serde::Serialize;

use super::answer;
use crate::clock::Timestamp;
use crate::session::{DeviceKind, SessionId, SessionRecord};

/// The caller's sessions that have not ended, the newest first.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::SessionList))]
#[non_exhaustive]
pub struct SessionList {
    /// One entry for each sign-in, 100 at most.
    pub sessions: Vec<SessionInfo>,
    /// If there are more, what to send as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One session as its owner sees it: enough to recognise it, and no token or secret of it.
///
/// Times are in whole seconds since 1970-01-01T00:00:00Z, as in tokens (the `NumericDate` of RFC 7519 section 2).
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::SessionInfo))]
#[non_exhaustive]
pub struct SessionInfo {
    /// Names the session, for revoking it.
    pub id: String,
    /// Whether this is the session of the request.
    pub current: bool,
    /// When the user signed in, in seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = i64))]
    pub created_at: Timestamp,
    /// When the session was last used, in seconds since 1970; uses in quick succession are noted once.
    #[cfg_attr(feature = "openapi", schema(value_type = i64))]
    pub last_used_at: Timestamp,
    /// The address from which the user signed in, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The client, as it called itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// A readable name of the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_label: Option<String>,
    /// The kind of device, as the client described itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_kind: Option<DeviceKind>,
}

impl SessionInfo {
    pub(super) fn of(record: &SessionRecord, current: &SessionId) -> Self {
        Self { current: record.id == *current, ..Self::from(record) }
    }
}

/// A session as another user sees it, for example an administrator: never the current one.
impl From<&SessionRecord> for SessionInfo {
    fn from(record: &SessionRecord) -> Self {
        let metadata = &record.metadata;
        Self {
            current: false,
            id: record.id.to_string(),
            created_at: record.created_at,
            last_used_at: record.last_used_at,
            address: metadata.address().map(|address| address.to_string()),
            user_agent: metadata.user_agent().map(str::to_owned),
            device_label: metadata.device_label().map(str::to_owned),
            device_kind: metadata.device_kind(),
        }
    }
}

impl IntoResponse for SessionList {
    fn into_response(self) -> Response {
        answer::json(&self)
    }
}
