//! The verified session of a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fmt, mem};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::HeaderValue;
use http::request::Parts;

use super::authorize::{Refusal, authorize};
use super::credentials::{Credential, access_credential};
use super::remembered::{self, remember, remembered};
use crate::access::{Access, Declarer, DeclaresAccess};
use crate::auth::{Auth, ProvidesClaims};
use crate::claims::SessionClaims;
use crate::clock::Timestamp;
use crate::rejection::{AuthRejection, Denial};
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
    origin: Origin,
    /// The store was asked in this request and stands by the token.
    live: AtomicBool,
}

/// What a session was verified from, and by whom. A request may pass through routers with other keys, and through layers that
/// change its headers.
struct Origin {
    credential: HeaderValue,
    realm: Arc<str>,
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
    /// [reauthenticated](Auth::reauthenticate). Where somebody [acts](Self::actor) for the user, it is when they did.
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

    pub(super) fn was_found_live(&self) -> bool {
        self.shared.live.load(Ordering::Relaxed)
    }

    pub(super) fn found_live(&self) {
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

    fn is_of(&self, credential: &Credential<'_>, auth: &Auth<C>) -> bool {
        let Shared { transport, origin, .. } = &*self.shared;
        // The address of the realm is that of its `Auth`, which lives as long as this does.
        Arc::ptr_eq(&origin.realm, auth.realm()) && credential.is(*transport, &origin.credential)
    }
}

/// The session of a request, as its guards have verified it. It is an entry of its own in the extensions: what stands under
/// [`Session`] is for services to read, anybody can put it there, and no guard believes it.
struct Known<C>(Session<C>);

/// Takes away what somebody else, or an earlier look, has left for those inside, to whom the request is nobody's.
pub(crate) fn forget<C: SessionClaims>(parts: &mut Parts) {
    parts.extensions.remove::<Session<C>>();
    remembered::forget::<Known<C>>(&mut parts.extensions);
}

/// The session of the request, verified at most once: the first to ask leaves it in the extensions.
pub(crate) fn verified<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
) -> Result<Option<Session<C>>, Refusal<C>> {
    let Some(credential) = access_credential(parts, auth.transports())? else {
        forget::<C>(parts);
        return Ok(None);
    };
    let now = auth.now();
    if let Some(Known(session)) = remembered::<Known<C>>(&parts.extensions, now)
        && session.is_of(&credential, auth)
    {
        return Ok(Some(session.clone()));
    }
    let invalid = |reason| Refusal { denial: Denial::InvalidToken, reason, session: None };
    let mut token = auth.verify_access(credential.token()?).map_err(|error| invalid(error.reason()))?;
    // A token of ours always names a session; one that does not was not made by this crate.
    let id = SessionId::try_from(mem::take(&mut token.session_id)).map_err(|_| Denial::InvalidToken)?;
    let transport = credential.transport;
    let kept = credential.kept().ok_or(Denial::InvalidToken)?;
    let origin = Origin { credential: kept, realm: Arc::clone(auth.realm()) };
    let live = AtomicBool::new(false);
    let session = Session { shared: Arc::new(Shared { id, token, transport, origin, live }) };
    remember(&mut parts.extensions, Known(session.clone()), now);
    if let Some(shown) = parts.extensions.get_mut::<Session<C>>() {
        *shown = session.clone();
    }
    Ok(Some(session))
}

async fn required<C: SessionClaims>(parts: &mut Parts, auth: &Auth<C>) -> Result<Session<C>, AuthRejection> {
    let session = authorize(parts, auth, &Access::Authenticated).await?;
    session.ok_or_else(|| AuthRejection::new(Denial::MissingCredentials, auth.realm()))
}

async fn optional<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
) -> Result<Option<Session<C>>, AuthRejection> {
    authorize(parts, auth, &Access::Optional).await
}

impl<C, S> FromRequestParts<S> for Session<C>
where
    C: SessionClaims,
    S: ProvidesClaims<C>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthRejection> {
        required(parts, state.provided()).await
    }
}

impl<C, S> OptionalFromRequestParts<S> for Session<C>
where
    C: SessionClaims,
    S: ProvidesClaims<C>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, AuthRejection> {
        optional(parts, state.provided()).await
    }
}

/// The body of the extractor that `#[derive(SessionClaims)]` writes.
#[doc(hidden)]
pub async fn claims_from_parts<C, S>(parts: &mut Parts, state: &S) -> Result<C, AuthRejection>
where
    C: SessionClaims,
    S: ProvidesClaims<C>,
{
    Ok(required(parts, state.provided()).await?.into_claims())
}

/// The body of the optional extractor that `#[derive(SessionClaims)]` writes.
#[doc(hidden)]
pub async fn optional_claims_from_parts<C, S>(
    parts: &mut Parts,
    state: &S,
) -> Result<Option<C>, AuthRejection>
where
    C: SessionClaims,
    S: ProvidesClaims<C>,
{
    Ok(optional(parts, state.provided()).await?.map(Session::into_claims))
}

#[diagnostic::do_not_recommend]
impl<C: SessionClaims> DeclaresAccess for Session<C> {
    const ACCESS: Access = Access::Authenticated;
    const DECLARER: Declarer = Declarer::Extractor;
    type Demands = Self;
}

#[diagnostic::do_not_recommend]
impl<T: DeclaresAccess> DeclaresAccess for Option<T> {
    const ACCESS: Access = Access::Optional;
    const DECLARER: Declarer = T::DECLARER;
    type Demands = T::Demands;
}
