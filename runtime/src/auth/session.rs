//! The verified session of a request, with its refresh token where that was presented too.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderValue;

use crate::claims::SessionClaims;
use crate::claims::role::RoleTable;
use crate::clock::Timestamp;
use crate::diagnostics::roles::NamesRoles;
use crate::session::SessionId;
use crate::token::Verified;

/// The signed-in user with everything the access token says: claims, session id, times and how the token arrived.
///
/// As an extractor it refuses a request without a valid token; `Option<Session<C>>` is `None` when there are no
/// credentials at all and still refuses a bad token.
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
    id: SessionId,
    token: Verified<C>,
    transport: Transport,
    evidence: Evidence,
    /// The store was asked in this request and stands by the token.
    live: AtomicBool,
}

/// What a session was verified from, and by whom. A request may pass through routers with other keys, and through layers that
/// change its headers.
pub(crate) struct Evidence {
    pub(crate) credential: HeaderValue,
    pub(crate) realm: Arc<str>,
}

/// How a token reached the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// In the `Authorization` header (RFC 6750 section 2.1).
    Bearer,
    /// In a header that the application has named.
    Header,
    /// In a cookie, which a browser sends whether or not the user meant to: such requests are checked for their sender.
    Cookie,
    /// In the query, which has to be switched on in [`dangerous`](crate::dangerous).
    Query,
}

impl<C> Session<C> {
    /// Of a token that was verified.
    pub(crate) fn new(id: SessionId, token: Verified<C>, transport: Transport, evidence: Evidence) -> Self {
        let live = AtomicBool::new(false);
        Self { shared: Arc::new(Shared { id, token, transport, evidence, live }) }
    }

    pub(crate) fn evidence(&self) -> &Evidence {
        &self.shared.evidence
    }

    /// What the token says about its user.
    pub fn claims(&self) -> &C {
        &self.shared.token.claims
    }

    /// The identifier of the session, the token's `sid`. Where somebody [acts](Self::actor) for the user, it is their session.
    pub fn id(&self) -> &SessionId {
        &self.shared.id
    }

    /// The identifier of this token, its `jti`.
    pub fn token_id(&self) -> &str {
        &self.shared.token.id
    }

    /// When the token was issued.
    pub fn issued_at(&self) -> Timestamp {
        self.shared.token.issued_at
    }

    /// When the token ends.
    pub fn expires_at(&self) -> Timestamp {
        self.shared.token.expires_at
    }

    /// When the user last proved who they are, the token's `auth_time`: at sign-in or when they
    /// [reauthenticated](crate::Auth::reauthenticate). Where somebody [acts](Self::actor) for the user, it is when they did.
    pub fn authenticated_at(&self) -> Timestamp {
        self.shared.token.authenticated_at
    }

    /// Who acts for the user, if somebody does: the identifier of that other user, the token's `act.sub` (RFC 8693 section 4.1).
    pub fn actor(&self) -> Option<&str> {
        self.shared.token.actor.as_deref()
    }

    /// How the token arrived.
    pub fn transport(&self) -> Transport {
        self.shared.transport
    }

    /// Whether both came from one verification.
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
        match Arc::try_unwrap(self.shared) {
            Ok(shared) => shared.token.claims,
            Err(shared) => shared.token.claims.clone(),
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
    /// Whose session it is, as the store knows it: of the one who acts, if somebody does, else of the user.
    pub(crate) fn holder(&self) -> String {
        self.actor().map_or_else(|| self.claims().subject().to_string(), str::to_owned)
    }
}

/// The signed-in user, who presented the access token and the refresh token of one session that has not ended.
///
/// For routes where a stolen access token must not be enough: change of password, end of the account, payment. The access token
/// stands where it always does, the refresh token in the header `X-Refresh-Token` or in its [cookie](crate::Cookies). The refresh token is judged by the rule that
/// an exchange follows, and is not used up: whoever presents one that was exchanged long ago ends the session, as at a refresh
/// (RFC 9700 section 4.14.2).
///
/// Refused are: no access token or a bad one, as with [`Session`]; no refresh token (401); a refresh token that is malformed, expired,
/// used up, or of another session or user, and a session that has ended (401 `invalid_token`); two refresh tokens (400); a store that does
/// not answer (503).
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
    expires_at: Timestamp,
    transport: Transport,
    presented: HeaderValue,
}

impl<C> RefreshSession<C> {
    /// Of a refresh token that was examined.
    pub(crate) fn new(
        session: Session<C>,
        expires_at: Timestamp,
        transport: Transport,
        presented: HeaderValue,
    ) -> Self {
        Self { session, expires_at, transport, presented }
    }

    /// Where the refresh token was presented, and as what.
    pub(crate) fn presented(&self) -> (Transport, &HeaderValue) {
        (self.transport, &self.presented)
    }

    /// What the access token says about its user.
    pub fn claims(&self) -> &C {
        self.session.claims()
    }

    /// The session, as its access token tells it.
    pub fn session(&self) -> &Session<C> {
        &self.session
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
        let Self { session, expires_at, transport, presented } = self;
        let (session, presented) = (session.clone(), presented.clone());
        Self { session, expires_at: *expires_at, transport: *transport, presented }
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
