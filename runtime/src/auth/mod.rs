//! [`Auth`], the handle that an application keeps in its state.
//!
//! [`builder`] and [`env`] configure it once, and [`ConfigError`] says what is wrong. At runtime [`service`] signs users in and
//! refreshes, [`end`] ends sessions, [`both`] judges a refresh token beside an access token, and [`reauthenticate`], [`impersonate`]
//! and [`introspect`] do as they are named. [`session`] has the verified session that extractors hand out. [`transports`],
//! [`cookies`], [`origin`] and [`headers`] know where tokens may be in a request. Nothing in here reads a request or writes a response.

mod both;
mod builder;
mod cookies;
mod end;
mod env;
mod error;
mod foreign;
mod headers;
mod impersonate;
mod introspect;
mod key_ring;
mod liveness;
mod origin;
mod pair;
mod published_keys;
#[cfg(not(target_family = "wasm"))]
mod purging;
mod reauthenticate;
mod remembered;
mod seal;
mod service;
mod session;
mod source;
mod state;
#[cfg(not(target_family = "wasm"))]
mod streams;
mod transports;

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::source::AnySource;
use crate::access::AcceptedIssuers;
use crate::claims::SessionClaims;
use crate::clock::Timestamp;
use crate::events::{AuthEvent, AuthEventKind, AuthOutcome, Listener};
#[cfg(feature = "openapi")]
use crate::issuers::IssuerFacts;
use crate::issuers::TrustedIssuers;
use crate::session::{SessionError, SessionId, Sessions};
use crate::token::{
    AccessTokens, KeyLife, KeyRing, KeySet, RefreshTicket, RefreshTokens, Sealer, TokenError, Verified,
};

pub use builder::AuthBuilder;
pub(crate) use cookies::CookieRules;
pub use cookies::{CookieSameSite, Cookies};
pub use error::{AuthError, ConfigError, Forbidden, InvalidGrant};
pub(crate) use foreign::AtOnce;
pub(crate) use headers::{Twice, X_CSRF_TOKEN, X_REFRESH_TOKEN, one, one_header};
pub use introspect::{Actor, Introspection};
pub use liveness::Liveness;
pub(crate) use origin::Origin;
pub use pair::{AccessGrant, TokenPair, TokenType};
pub(crate) use published_keys::{PUBLISHED_FOR, PublishedKeys};
pub(crate) use session::{Evidence, Grant};
pub use session::{RefreshSession, Session, Transport};
pub use source::{BoxError, ClaimsSource};
pub use state::{AuthHandle, AuthOfField, AuthState, ProvidesClaims, auth_fits};
#[cfg(not(target_family = "wasm"))]
pub use streams::{Ended, Guarded, RenewError};
pub(crate) use transports::Transports;

/// Verifies tokens and keeps sessions for claims of type `C`. Cheap to clone.
///
/// A token does not name the Rust type of its claims. Two `Auth`s with different claims need a key, an audience and a store each. If
/// they share them, each accepts the tokens of the other whose claims it can read.
///
/// ```
/// use countersign::store::MemoryStore;
/// use countersign::token::{Algorithm, Key};
/// use countersign::{Auth, SessionClaims};
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: u64,
/// }
///
/// fn auth() -> Result<Auth<User>, Box<dyn std::error::Error>> {
///     let auth = Auth::builder()
///         .access_key(Key::generate_secret(Algorithm::Hs256)?)
///         .refresh_key(Key::generate_secret(Algorithm::Hs256)?)
///         .issuer("https://api.example.com")
///         .audience("https://api.example.com")
///         .store(MemoryStore::new())
///         .claims_source(|id| async move { Ok(Some(User { id })) })
///         .build()?;
///     Ok(auth)
/// }
/// # auth().unwrap();
/// ```
pub struct Auth<C> {
    inner: Arc<Inner<C>>,
    /// The request that this clone works for, if it works for one.
    label: Option<Arc<RequestLabel>>,
}

/// The name of a request in events.
#[derive(Debug)]
pub(crate) struct RequestLabel {
    pub(crate) method: Option<String>,
    pub(crate) route: Option<String>,
    pub(crate) address: Option<IpAddr>,
}

struct Inner<C> {
    /// Whether there are sessions of this server's own. Without them every key here is a random one that signs nothing.
    has_sessions: bool,
    issuers: TrustedIssuers<C>,
    remembered: Option<remembered::Remembered<C>>,
    access_tokens: AccessTokens,
    /// Replaces the keys of access tokens.
    key_ring: Option<KeyRing>,
    /// Whether they are signed elsewhere.
    has_signer: bool,
    refresh_tokens: RefreshTokens,
    /// Under keys derived from those of refresh tokens.
    sealer: Sealer,
    /// Held while keys are replaced, so that access and refresh tokens never share one.
    replacing: Mutex<()>,
    sessions: Arc<Sessions>,
    live_from_feed: bool,
    liveness: Liveness,
    source: Box<dyn AnySource<C>>,
    access_ttl: Duration,
    realm: Arc<str>,
    disclose_requirements: bool,
    listener: Listener,
    transports: Transports,
}

impl<C> Clone for Auth<C> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), label: self.label.clone() }
    }
}

impl<C> fmt::Debug for Auth<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("realm", &self.inner.realm).finish_non_exhaustive()
    }
}

impl<C: SessionClaims> Auth<C> {
    /// Starts a configuration.
    pub fn builder() -> AuthBuilder<C> {
        AuthBuilder::new()
    }

    /// Replaces the keys of access tokens while the server runs: the first signs, all of them verify.
    ///
    /// To rotate a key, pass the new one first and the old one as accepted. When the old tokens have expired, pass the new
    /// one alone.
    ///
    /// # Errors
    ///
    /// When the set cannot sign, or contains a key of refresh tokens, and where a [`KeyRing`] replaces the keys. The old keys stay in use.
    pub fn replace_access_keys(&self, keys: KeySet) -> Result<(), ConfigError> {
        if self.inner.key_ring.is_some() {
            return Err(ConfigError::KeyRing);
        }
        if self.inner.has_signer {
            return Err(ConfigError::Signer);
        }
        let _replacing = self.inner.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        builder::check_access_keys(&keys, |keys| self.inner.refresh_tokens.shares_a_key_with(keys))?;
        self.inner.access_tokens.replace_keys(keys);
        Ok(())
    }

    /// Replaces the secrets of refresh tokens while the server runs: the first signs, and the tokens of all are accepted.
    ///
    /// To change the secret, pass the new one first and the old one as accepted. The first refresh of each session gives out a token of the
    /// new one, and no user is signed out. When the idle lifetime of sessions has passed, pass the new one alone: a session
    /// that was not used since then would have ended. After a leak pass the new one alone at once; all users then sign in again.
    ///
    /// With several servers, first pass the new secret as *accepted* to all of them, so that no server refuses what another has signed.
    /// The pseudonyms in the log follow from the first secret and change with it. What was [sealed](Self::seal) under a secret can be opened
    /// for as long as that secret is accepted.
    ///
    /// # Errors
    ///
    /// When a key is no secret, the first cannot sign, or one is a key of access tokens. The old keys stay in use.
    pub fn replace_refresh_keys(&self, keys: KeySet) -> Result<(), ConfigError> {
        let _replacing = self.inner.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.inner.access_tokens.shares_a_key_with(&keys) {
            return Err(ConfigError::SameKey);
        }
        self.inner.refresh_tokens.replace_keys(keys.clone())?;
        Ok(self.inner.sealer.replace_secrets(&keys)?)
    }

    /// For tests that make tokens which no `Auth` issues.
    #[cfg(any(test, feature = "test-util"))]
    pub(crate) fn access_tokens(&self) -> &AccessTokens {
        &self.inner.access_tokens
    }

    pub(crate) fn realm(&self) -> &Arc<str> {
        &self.inner.realm
    }

    /// The places of a request that may hold tokens.
    pub(crate) fn transports(&self) -> &Transports {
        &self.inner.transports
    }

    pub(crate) fn discloses_requirements(&self) -> bool {
        self.inner.disclose_requirements
    }

    /// The issuers whose tokens this accepts.
    pub(crate) fn accepted_issuers(&self) -> &'static AcceptedIssuers {
        let trusted = self.inner.issuers.names().map(str::to_owned);
        AcceptedIssuers::kept(self.inner.has_sessions, trusted.collect())
    }

    /// What a document says of the issuers that this trusts.
    #[cfg(feature = "openapi")]
    pub(crate) fn issuer_facts(&self) -> Vec<IssuerFacts> {
        self.inner.issuers.facts()
    }

    /// A new event, to be completed and passed to [`emit`](Self::emit).
    pub(crate) fn event(&self, kind: AuthEventKind, outcome: AuthOutcome) -> AuthEvent<'static> {
        AuthEvent::new(self.inner.sessions.now(), kind, outcome)
    }

    /// As [`event`](Self::event), with the outcome and the reason of a result.
    pub(crate) fn event_of<T>(
        &self,
        kind: AuthEventKind,
        result: &Result<T, AuthError>,
    ) -> AuthEvent<'static> {
        match result {
            Ok(_) => self.event(kind, AuthOutcome::Success),
            Err(error) => self.event(kind, error.outcome()).because(error.reason()),
        }
    }

    /// A clone whose events name a request.
    pub(crate) fn labelled(&self, label: RequestLabel) -> Self {
        Self { inner: Arc::clone(&self.inner), label: Some(Arc::new(label)) }
    }

    pub(crate) fn emit(&self, event: &AuthEvent<'_>) {
        let label = self.label.as_deref();
        let event = &AuthEvent {
            method: event.method.or_else(|| label?.method.as_deref()),
            route: event.route.or_else(|| label?.route.as_deref()),
            address: event.address.or_else(|| label?.address),
            ..*event
        };
        self.inner.listener.record(event, |kind, id| self.inner.refresh_tokens.pseudonym(kind, id));
    }

    /// The refusal of a sign-in that would set cookies, and its event.
    pub(crate) fn refused_cookies(&self, error: AuthError) -> AuthError {
        self.emit(&self.event(AuthEventKind::Denial, error.outcome()).because(error.reason()));
        error
    }

    pub(crate) fn liveness(&self) -> Liveness {
        self.inner.liveness
    }

    /// Whether the session goes on and its access token has not expired: for a handler that works for long and asks now and then. A
    /// [stream](Session::guard) is better guarded. For the token of a [trusted issuer](crate::Issuer) its expiry
    /// counts, and that its key was not withdrawn.
    ///
    /// It is answered from the store's feed of endings where that is possible, without a look-up, and notices the end that another server
    /// made within half a second.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] when the store does not answer.
    pub async fn is_live(&self, session: &Session<C>) -> Result<bool, AuthError> {
        if self.now() >= session.expires_at() {
            return Ok(false);
        }
        if session.key_life().is_some_and(KeyLife::has_ended) {
            return Ok(false);
        }
        // A token of a trusted issuer has no session here that could end.
        let Some(id) = session.id() else { return Ok(true) };
        Ok(self.inner.sessions.is_heard_live(id, &session.holder(), session.issued_at()).await?)
    }

    /// Whether the store, or its feed of endings, confirms an access token of this session and user that was issued at this time: the session has not ended,
    /// and its access tokens were not expired since.
    pub(crate) async fn confirms(
        &self,
        session: &SessionId,
        user: &str,
        issued_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, SessionError> {
        let sessions = &self.inner.sessions;
        // A session that reaches its end is not announced. Its last access token ends with it, but for the leeway.
        match self.inner.live_from_feed && self.now() < expires_at {
            true => sessions.is_heard_live(session, user, issued_at).await,
            false => sessions.is_live(session, user, issued_at).await,
        }
    }

    /// The current time, which never goes back.
    pub(crate) fn now(&self) -> Timestamp {
        self.inner.sessions.now()
    }

    /// The tolerated difference of two clocks.
    pub(crate) fn leeway(&self) -> Duration {
        self.inner.access_tokens.leeway()
    }

    pub(crate) fn verify_refresh(&self, token: &[u8]) -> Result<RefreshTicket, TokenError> {
        self.inner.refresh_tokens.verify(token, self.now())
    }

    /// The session that a refresh token names, expired or not; `None` unless the token is a refresh token of this `Auth`.
    pub(crate) fn session_of_refresh_token(&self, token: &[u8]) -> Option<String> {
        self.inner.refresh_tokens.session_id_of(token).ok()
    }

    /// The session that an access token names, expired or not; `None` unless the token is an access token of this `Auth`.
    pub(crate) fn session_of_access_token(&self, token: &[u8]) -> Option<String> {
        self.inner.access_tokens.session_id_of(token).ok()
    }

    pub(crate) fn csrf_token_of(&self, session: &str) -> String {
        self.inner.refresh_tokens.csrf_token(session)
    }

    pub(crate) fn is_csrf_token(&self, session: &str, presented: &[u8]) -> bool {
        self.inner.refresh_tokens.is_csrf_token(session, presented)
    }

    pub(crate) fn verify_access(&self, token: &[u8]) -> Result<Verified<C>, TokenError> {
        self.inner.access_tokens.verify(token, self.inner.sessions.now())
    }
}
