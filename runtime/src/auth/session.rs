//! The verified session of a request: of its access token alone, or of its refresh token too.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::HeaderValue;

use super::Auth;
use crate::access::OWN_ISSUER;
use crate::claims::SessionClaims;
use crate::claims::role::RoleTable;
use crate::clock::Timestamp;
use crate::diagnostics::roles::NamesRoles;
use crate::session::{SessionId, Sessions};
use crate::token::{KeyLife, Registered, TokenError};

/// The signed-in user, as the access token describes them: claims, session, times and the transport of the token.
///
/// As an extractor it refuses a request without a valid token. `Option<Session<C>>` is `None` if the request has no credentials, and
/// still refuses a bad token; to a navigation with a bad access cookie it is `None`, and the answer takes the cookie away.
///
/// Take the `Option` as an argument of the handler. In a struct with axum's `#[derive(FromRequestParts)]` it would be `None` for a bad
/// token too, because that derive drops every refusal of an optional field.
///
/// ```
/// use countersign::{Session, SessionClaims};
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: String,
/// }
///
/// async fn whoami(session: Session<User>) -> String {
///     format!("{} until {:?}", session.claims().id, session.expires_at())
/// }
/// ```
pub struct Session<C> {
    shared: Arc<Shared<C>>,
}

struct Shared<C> {
    grant: Arc<Grant<C>>,
    transport: Transport,
    evidence: Evidence,
    /// The store was asked in this request, and the session has not ended.
    live: AtomicBool,
    /// For a stream that outlives the request.
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "there are no such streams"))]
    sessions: Arc<Sessions>,
}

/// A verified access token: of this server, or of an issuer that it trusts.
pub(crate) struct Grant<C> {
    pub(crate) claims: C,
    /// The session, if it is one of this server.
    pub(crate) session: Option<SessionId>,
    /// The `jti`.
    pub(crate) id: Option<String>,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) authenticated_at: Option<Timestamp>,
    pub(crate) actor: Option<String>,
    /// Who signed it, if it was not this server.
    pub(crate) origin: Option<Box<ForeignOrigin>>,
    /// How long the key counts that has verified the token; `None` if the token has to be verified again each time.
    pub(crate) life: Option<KeyLife>,
    /// Until when the application's claims are used.
    pub(crate) claims_until: Option<Timestamp>,
}

/// Where a token comes from that another server has signed.
pub(crate) struct ForeignOrigin {
    /// The name of the issuer in rules.
    pub(crate) name: Arc<str>,
    /// The `iss`.
    pub(crate) issuer: Arc<str>,
    /// The `sub` as it came.
    pub(crate) subject: String,
    pub(crate) client_id: Option<String>,
    /// The client has the token for itself, and not for a user.
    pub(crate) is_machine: bool,
}

impl<C> Grant<C> {
    /// The grant of a token that this server has signed. Refuses one whose `sid` is none of this server's.
    pub(super) fn own(token: Registered<'_>, claims: C, life: Option<KeyLife>) -> Result<Self, TokenError> {
        Ok(Self {
            claims,
            session: Some(token.session_id.parse().map_err(|_| TokenError::InvalidClaim("sid"))?),
            authenticated_at: Some(token.authenticated_at.ok_or(TokenError::MissingClaim("auth_time"))?),
            id: Some(token.id.into_owned()),
            issued_at: token.issued_at,
            expires_at: token.expires_at,
            actor: token.actor,
            origin: None,
            life,
            claims_until: None,
        })
    }

    /// Whether a token that was verified before is good now.
    pub(super) fn is_good(&self, now: Timestamp, leeway: Duration) -> bool {
        now < self.expires_at + leeway
            && self.life.as_ref().is_some_and(|life| life.is_usable(now))
            && self.claims_until.is_none_or(|until| now < until)
    }
}

/// The credential that a session was verified from, and the `Auth` that did. A request may pass through routers with other keys, and
/// through layers that change its headers, so the next reader compares both with its own.
#[derive(Clone)]
pub(crate) struct Evidence {
    pub(crate) credential: HeaderValue,
    pub(crate) realm: Arc<str>,
}

impl Evidence {
    /// Whether both are of one credential and one `Auth`.
    pub(crate) fn is(&self, other: &Self) -> bool {
        // All handles of one `Auth` share one realm. Both hold it, so that its address is not used again.
        Arc::ptr_eq(&self.realm, &other.realm) && self.credential == other.credential
    }
}

/// The place of a request that held a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// In the `Authorization` header (RFC 6750 section 2.1).
    Bearer,
    /// In a header that the application has chosen.
    Header,
    /// In a cookie, which a browser also sends with requests of other sites: their sender is checked.
    Cookie,
    /// In the query, which the application has to switch on in [`dangerous`](crate::dangerous).
    Query,
}

impl<C> Session<C> {
    /// The session of a verified token.
    pub(crate) fn new(
        grant: Arc<Grant<C>>,
        transport: Transport,
        evidence: Evidence,
        auth: &Auth<C>,
    ) -> Self {
        let live = AtomicBool::new(false);
        let sessions = Arc::clone(&auth.inner.sessions);
        Self { shared: Arc::new(Shared { grant, transport, evidence, live, sessions }) }
    }

    #[cfg(not(target_family = "wasm"))]
    pub(super) fn sessions(&self) -> &Arc<Sessions> {
        &self.shared.sessions
    }

    pub(crate) fn evidence(&self) -> &Evidence {
        &self.shared.evidence
    }

    /// The claims of the token.
    pub fn claims(&self) -> &C {
        &self.shared.grant.claims
    }

    /// The identifier of the session, the token's `sid`; `None` for the token of a [trusted issuer](crate::Issuer), whose sessions are not
    /// in this server's store. If the user is impersonated, it is the session of the [actor](Self::actor).
    pub fn id(&self) -> Option<&SessionId> {
        self.shared.grant.session.as_ref()
    }

    /// The identifier of this token, its `jti`, which some issuers leave out.
    pub fn token_id(&self) -> Option<&str> {
        self.shared.grant.id.as_deref()
    }

    /// When the token was issued.
    pub fn issued_at(&self) -> Timestamp {
        self.shared.grant.issued_at
    }

    /// When the token ends.
    pub fn expires_at(&self) -> Timestamp {
        self.shared.grant.expires_at
    }

    /// When the user last proved who they are, the token's `auth_time`: at sign-in or when they
    /// [reauthenticated](crate::Auth::reauthenticate). If the user is impersonated, it is when the [actor](Self::actor) did. `None` if a
    /// [trusted issuer](crate::Issuer) does not say; a rule with `fresh` then refuses the request.
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.shared.grant.authenticated_at
    }

    /// The identifier of the user who impersonates this one, the token's `act.sub` (RFC 8693 section 4.1); usually `None`.
    pub fn actor(&self) -> Option<&str> {
        self.shared.grant.actor.as_deref()
    }

    /// The `iss` of the [trusted issuer](crate::Issuer) that signed the token; `None` if this server has.
    pub fn issuer(&self) -> Option<&str> {
        self.origin().map(|origin| &*origin.issuer)
    }

    /// The name that rules have for the issuer of the token, as in `issuer("acme")`; `own` for this server.
    pub fn issuer_name(&self) -> &str {
        self.origin().map_or(OWN_ISSUER, |origin| &origin.name)
    }

    /// The `sub` of the token as it came. It identifies the user together with the [issuer](Self::issuer), and never alone: two issuers
    /// may use one `sub` for two users.
    pub fn subject(&self) -> String
    where
        C: SessionClaims,
    {
        match self.origin() {
            Some(origin) => origin.subject.clone(),
            None => self.claims().subject().to_string(),
        }
    }

    /// The client that a [trusted issuer](crate::Issuer) gave the token to (`client_id` in RFC 9068 section 2.2, with some issuers `azp`,
    /// `appid` or `cid`). `None` for tokens of this server.
    pub fn client_id(&self) -> Option<&str> {
        self.origin()?.client_id.as_deref()
    }

    /// Whether a client has the token for itself, without a user (RFC 9068 section 5). Only a rule with `machine` lets such a caller pass.
    pub fn is_machine(&self) -> bool {
        self.origin().is_some_and(|origin| origin.is_machine)
    }

    /// The life of the key that signed the token; `None` if the token does not name its key.
    pub(super) fn key_life(&self) -> Option<&KeyLife> {
        self.shared.grant.life.as_ref()
    }

    fn origin(&self) -> Option<&ForeignOrigin> {
        self.shared.grant.origin.as_deref()
    }

    /// The place of the request that held the token.
    pub fn transport(&self) -> Transport {
        self.shared.transport
    }

    /// Whether both are of one verification.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    pub(crate) fn was_found_live(&self) -> bool {
        self.shared.live.load(Ordering::Relaxed)
    }

    pub(crate) fn found_live(&self) {
        self.shared.live.store(true, Ordering::Relaxed);
    }
}

impl<C: Clone> Session<C> {
    /// The claims by value.
    pub fn into_claims(self) -> C {
        match Arc::try_unwrap(self.shared).map(|shared| Arc::try_unwrap(shared.grant)) {
            Ok(Ok(grant)) => grant.claims,
            Ok(Err(grant)) => grant.claims.clone(),
            Err(shared) => shared.grant.claims.clone(),
        }
    }
}

impl<C> Clone for Session<C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<C: fmt::Debug> fmt::Debug for Session<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("claims", self.claims())
            .field("transport", &self.shared.transport)
            .finish_non_exhaustive()
    }
}

impl<C: SessionClaims> Session<C> {
    /// The user of the session in the store: the actor if the user is impersonated, otherwise the user.
    pub(crate) fn holder(&self) -> String {
        self.actor().map_or_else(|| self.claims().subject().to_string(), str::to_owned)
    }
}

/// The signed-in user, who presented the access token and the refresh token of one session that has not ended.
///
/// For routes where a stolen access token must not be enough: change of password, end of the account, payment. The request sends the
/// access token as usual, and the refresh token in the header `X-Refresh-Token` or in its [cookie](crate::Cookies). The refresh token
/// passes if it could be exchanged now, and is not used up. One that was exchanged long ago ends the session, as at a refresh (RFC 9700
/// section 4.14.2).
///
/// It refuses a missing or bad access token, as [`Session`] does; a missing refresh token (401); a refresh token that is malformed,
/// expired, used up, or of another session or user, and a session that has ended (401 `invalid_token`); two headers with refresh tokens
/// (400); and any request while the store does not answer (503).
///
/// ```
/// use countersign::{RefreshSession, SessionClaims};
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: String,
/// }
///
/// #[utoipa::path(delete, path = "/account")]
/// async fn close_account(session: RefreshSession<User>) -> String {
///     format!("goodbye, {}", session.claims().id)
/// }
/// # fn router(auth: countersign::Auth<User>) -> countersign::AuthRouter {
/// #     countersign::AuthRouter::new().routes(countersign::routes!(close_account)).with_state(auth)
/// # }
/// ```
pub struct RefreshSession<C> {
    session: Session<C>,
    id: SessionId,
    expires_at: Timestamp,
    transport: Transport,
    presented: HeaderValue,
}

impl<C> RefreshSession<C> {
    /// The session of a refresh token that was examined.
    pub(crate) fn new(
        session: Session<C>,
        id: SessionId,
        expires_at: Timestamp,
        transport: Transport,
        presented: HeaderValue,
    ) -> Self {
        Self { session, id, expires_at, transport, presented }
    }

    /// The place of the refresh token, and its text there.
    pub(crate) fn presented(&self) -> (Transport, &HeaderValue) {
        (self.transport, &self.presented)
    }

    /// The claims of the access token.
    pub fn claims(&self) -> &C {
        self.session.claims()
    }

    /// The session of the access token.
    pub fn session(&self) -> &Session<C> {
        &self.session
    }

    /// The identifier of the session.
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// The session by value.
    pub fn into_session(self) -> Session<C> {
        self.session
    }

    /// When the refresh token ends.
    pub fn refresh_expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl<C> Clone for RefreshSession<C> {
    fn clone(&self) -> Self {
        let Self { session, id, expires_at, transport, presented } = self;
        let (session, presented) = (session.clone(), presented.clone());
        Self { session, id: *id, expires_at: *expires_at, transport: *transport, presented }
    }
}

// Not derived: it would show the token.
impl<C: fmt::Debug> fmt::Debug for RefreshSession<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshSession").field("session", &self.session).finish_non_exhaustive()
    }
}

impl<C: SessionClaims> NamesRoles for Session<C> {
    const ROLES: Option<RoleTable> = Some(RoleTable::of_claims::<C>());
}

impl<C: SessionClaims> NamesRoles for RefreshSession<C> {
    const ROLES: Option<RoleTable> = Some(RoleTable::of_claims::<C>());
}
