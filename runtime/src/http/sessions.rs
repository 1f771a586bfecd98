//! The bodies of `typed_sessions_handler!`, `typed_revoke_session_handler!` and `typed_revoke_others_handler!`.

use axum::extract::RawPathParams;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use serde::Serialize;

use super::{answer, session_of};
use crate::auth::Auth;
use crate::claims::SessionClaims;
use crate::clock::Timestamp;
use crate::extract::placed;
use crate::log::TARGET;
use crate::rejection::{AuthRejection, Denial};
use crate::session::{SessionId, SessionRecord};

/// Writes the handler that lists the caller's sessions: `typed_sessions_handler!(sessions, AppState)`.
///
/// `GET /sessions` answers with a [`SessionList`](crate::SessionList). The arguments are those of
/// [`typed_refresh_handler!`](crate::typed_refresh_handler).
///
/// ```
/// use countersign::{Auth, AuthRouter, SessionClaims, routes, typed_sessions_handler};
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: String,
/// }
///
/// typed_sessions_handler!(devices, Auth<User>, path = "/me/devices");
///
/// fn router(auth: Auth<User>) -> AuthRouter {
///     AuthRouter::new().routes(routes!(devices)).with_state(auth)
/// }
/// ```
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! typed_sessions_handler {
    ($($handler:tt)*) => {
        $crate::__private::typed_sessions_handler!($crate, $($handler)*);
    };
}

/// Writes the handler that ends one of the caller's sessions: `typed_revoke_session_handler!(revoke_session, AppState)`.
///
/// `DELETE /sessions/{id}` answers with 204. An identifier of somebody else's session, of none, and a text that is no
/// identifier get the same 404. The arguments are those of [`typed_refresh_handler!`](crate::typed_refresh_handler); a path of
/// your own has `{id}` in it.
///
/// ```
/// use countersign::{Auth, AuthRouter, SessionClaims, routes, typed_revoke_session_handler};
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: String,
/// }
///
/// typed_revoke_session_handler!(sign_device_out, Auth<User>, path = "/me/devices/{id}");
///
/// fn router(auth: Auth<User>) -> AuthRouter {
///     AuthRouter::new().routes(routes!(sign_device_out)).with_state(auth)
/// }
/// ```
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! typed_revoke_session_handler {
    ($($handler:tt)*) => {
        $crate::__private::typed_revoke_session_handler!($crate, $($handler)*);
    };
}

/// Writes the handler that ends every session of the caller but the one of the request:
/// `typed_revoke_others_handler!(revoke_others, AppState)`.
///
/// `DELETE /sessions` answers with 204. Offer it after a change of password. The arguments are those of
/// [`typed_refresh_handler!`](crate::typed_refresh_handler).
///
/// ```
/// use countersign::{Auth, AuthRouter, SessionClaims, routes, typed_revoke_others_handler};
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: String,
/// }
///
/// typed_revoke_others_handler!(sign_others_out, Auth<User>, path = "/me/devices");
///
/// fn router(auth: Auth<User>) -> AuthRouter {
///     AuthRouter::new().routes(routes!(sign_others_out)).with_state(auth)
/// }
/// ```
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! typed_revoke_others_handler {
    ($($handler:tt)*) => {
        $crate::__private::typed_revoke_others_handler!($crate, $($handler)*);
    };
}

/// The caller's sessions that have not ended, the newest first.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct SessionList {
    /// One entry for each sign-in.
    pub sessions: Vec<SessionInfo>,
}

/// One session as its owner may see it: enough to recognise it, and nothing that opens it.
///
/// Times are in whole seconds since 1970-01-01T00:00:00Z, as in tokens (the `NumericDate` of RFC 7519 section 2).
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct SessionInfo {
    /// Names the session, for revoking it.
    pub id: String,
    /// Whether this is the session of the request.
    pub current: bool,
    /// When the user signed in, in seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = i64))]
    pub created_at: Timestamp,
    /// When the session was last used, in seconds since 1970; not every single use is written down.
    #[cfg_attr(feature = "openapi", schema(value_type = i64))]
    pub last_used_at: Timestamp,
    /// The address from which the user signed in, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The client, as it called itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// A name of the device for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_label: Option<String>,
}

impl SessionInfo {
    fn of(record: &SessionRecord, current: &SessionId) -> Self {
        Self { current: record.id == *current, ..Self::from(record) }
    }
}

/// A session as somebody else sees it: an administrator, say.
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
        }
    }
}

impl IntoResponse for SessionList {
    fn into_response(self) -> Response {
        answer::json(&self)
    }
}

/// The name of the parameter in the path of a session.
const ID: &str = "id";

/// The session that the path names. What cannot be the name of a session is not found, like one that does not exist.
pub struct SessionPath(SessionId);

impl<S: Send + Sync> FromRequestParts<S> for SessionPath {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthRejection> {
        let parameters =
            RawPathParams::from_request_parts(parts, state).await.map_err(|_| Denial::NotFound)?;
        // The last one: a prefix that this is nested under may have an `{id}` too.
        let Some((_, id)) = parameters.iter().filter(|(name, _)| *name == ID).last() else {
            tracing::error!(target: TARGET, "the path of the handler that revokes a session has no `{{id}}`");
            return Err(Denial::Internal.into());
        };
        Ok(Self(id.parse().map_err(|_| Denial::NotFound)?))
    }
}

/// 204: what was to end has ended.
#[derive(Debug)]
pub struct Revoked(());

impl IntoResponse for Revoked {
    fn into_response(self) -> Response {
        answer::no_content()
    }
}

/// The caller's sessions.
pub async fn list_sessions<C: SessionClaims>(
    auth: &Auth<C>,
    caller: Parts,
) -> Result<SessionList, AuthRejection> {
    let session = session_of(auth, caller).await?;
    let records = auth.sessions(session.claims().subject()).await?;
    let sessions = records.iter().map(|record| SessionInfo::of(record, session.id())).collect();
    Ok(SessionList { sessions })
}

/// Ends a session of the caller.
pub async fn revoke_session<C: SessionClaims>(
    auth: &Auth<C>,
    caller: Parts,
    SessionPath(id): SessionPath,
) -> Result<Revoked, AuthRejection> {
    let placed = placed(&caller, auth);
    let session = session_of(auth, caller).await?;
    match placed.revoke(session.claims().subject(), &id).await? {
        true => Ok(Revoked(())),
        false => Err(Denial::NotFound.into()),
    }
}

/// Ends every session of the caller but the one of the request.
pub async fn revoke_other_sessions<C: SessionClaims>(
    auth: &Auth<C>,
    caller: Parts,
) -> Result<Revoked, AuthRejection> {
    let placed = placed(&caller, auth);
    let session = session_of(auth, caller).await?;
    placed.revoke_all_except(session.claims().subject(), session.id()).await?;
    Ok(Revoked(()))
}
