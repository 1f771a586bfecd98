//! The configuration of an `Auth`, which `build` checks as a whole.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::liveness::CacheSettings;
use super::source::{AnySource, FromFn};
use super::{Auth, BoxError, ClaimsSource, ConfigError, Cookies, Inner, Liveness, Transports};
use crate::access::is_challenge_text;
use crate::claims::SessionClaims;
use crate::clock::{Clock, SystemClock};
use crate::dangerous::AccessTokenInQuery;
use crate::events::{AuthEvents, Listener};
use crate::session::store::SessionStore;
use crate::session::{ErasedStore, Lifetimes, Rotation, SessionPolicy, Sessions};
use crate::token::{AccessTokens, Key, KeyError, KeySet, RefreshTokens, TokenSettings};

/// An access token cannot be revoked, so it may live no longer than a day.
const LONGEST_ACCESS_TTL: Duration = Duration::from_secs(24 * 60 * 60);
const DEFAULT_ACCESS_TTL: Duration = Duration::from_secs(15 * 60);

/// Configures an [`Auth`]. Keys, issuer, audience, store and claims source are required; other settings have defaults.
///
/// | setting | default |
/// |---|---|
/// | [`access_ttl`](Self::access_ttl) | 15 minutes |
/// | [`lifetimes`](Self::lifetimes) | 30 days idle, 90 days absolute |
/// | [`rotation`](Self::rotation) | always, with a window of 30 seconds |
/// | [`max_sessions_per_user`](Self::max_sessions_per_user) | no limit |
/// | [`touch_interval`](Self::touch_interval) | 5 minutes |
/// | [`liveness`](Self::liveness) | on demand |
/// | [`live_cache`](Self::live_cache) | none |
/// | [`leeway`](Self::leeway) | 60 seconds |
/// | [`max_token_len`](Self::max_token_len) | 8 KiB |
/// | [`realm`](Self::realm) | the issuer |
/// | [`client_id`](Self::client_id) | the first audience |
/// | [`cookies`](Self::cookies) | none |
/// | [`access_header`](Self::access_header) | none but `Authorization` |
/// | [`ignore_authorization_header`](Self::ignore_authorization_header) | it is read |
/// | [`access_query`](Self::access_query) | none |
#[must_use = "call `build`"]
pub struct AuthBuilder<C: SessionClaims> {
    access_keys: Option<Result<KeySet, KeyError>>,
    refresh_key: Option<Key>,
    issuer: Option<String>,
    audiences: Vec<String>,
    client_id: Option<String>,
    realm: Option<String>,
    store: Option<Arc<dyn ErasedStore>>,
    source: Option<Box<dyn AnySource<C>>>,
    clock: Arc<dyn Clock>,
    access_ttl: Duration,
    lifetimes: Lifetimes,
    rotation: Rotation,
    max_sessions_per_user: Option<u32>,
    touch_interval: Option<Duration>,
    liveness: Liveness,
    live_cache: Option<CacheSettings>,
    leeway: Option<Duration>,
    max_token_len: Option<usize>,
    disclose_requirements: bool,
    listener: Listener,
    ignores_authorization: bool,
    access_header: Option<HeaderName>,
    access_query: Option<AccessTokenInQuery>,
    cookies: Option<Cookies>,
}

impl<C: SessionClaims> AuthBuilder<C> {
    pub(super) fn new() -> Self {
        Self {
            access_keys: None,
            refresh_key: None,
            issuer: None,
            audiences: Vec::new(),
            client_id: None,
            realm: None,
            store: None,
            source: None,
            clock: Arc::new(SystemClock),
            access_ttl: DEFAULT_ACCESS_TTL,
            lifetimes: Lifetimes::default(),
            rotation: Rotation::default(),
            max_sessions_per_user: None,
            touch_interval: None,
            liveness: Liveness::default(),
            live_cache: None,
            leeway: None,
            max_token_len: None,
            disclose_requirements: false,
            listener: Listener::default(),
            ignores_authorization: false,
            access_header: None,
            access_query: None,
            cookies: None,
        }
    }

    /// The key that signs access tokens. For a key rotation pass a set of keys to [`access_keys`](Self::access_keys).
    pub fn access_key(mut self, key: Key) -> Self {
        self.access_keys = Some(KeySet::new(key));
        self
    }

    /// The keys of access tokens: the first signs, all of them verify.
    pub fn access_keys(mut self, keys: KeySet) -> Self {
        self.access_keys = Some(Ok(keys));
        self
    }

    /// The secret that signs refresh tokens: an HMAC key of its own, because only this server verifies them.
    pub fn refresh_key(mut self, key: Key) -> Self {
        self.refresh_key = Some(key);
        self
    }

    /// The `iss` of every token: a URL that names this server.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// The `aud` of every token: its audience. Call it again for another audience; a token for any of them is accepted.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// The `client_id` of access tokens (RFC 9068 section 2.2).
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// The realm of challenges (RFC 6750 section 3).
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// The store of sessions.
    pub fn store(mut self, store: impl SessionStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// The source of claims, which each refresh reads anew: it takes the user's identifier and returns the current claims, or `None`
    /// if the user is gone or disabled, which ends all sessions of the user.
    ///
    /// ```
    /// # use countersign::{Auth, AuthBuilder, SessionClaims};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    /// # fn configure(builder: AuthBuilder<User>) -> AuthBuilder<User> {
    /// builder.claims_source(|id| async move { Ok(Some(User { id })) })
    /// # }
    /// ```
    pub fn claims_source<F, Fut>(self, source: F) -> Self
    where
        F: Fn(C::Subject) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<C>, BoxError>> + Send,
    {
        self.claims_from(FromFn(source))
    }

    /// As [`claims_source`](Self::claims_source), from a type that implements [`ClaimsSource`].
    pub fn claims_from(mut self, source: impl ClaimsSource<C>) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// The life of an access token, in whole seconds; at most a day, because it cannot be revoked.
    pub fn access_ttl(mut self, access_ttl: Duration) -> Self {
        self.access_ttl = access_ttl;
        self
    }

    /// The life of a session: without use, and in total.
    pub fn lifetimes(mut self, lifetimes: Lifetimes) -> Self {
        self.lifetimes = lifetimes;
        self
    }

    /// Whether a refresh issues a new refresh token, and how long a retry gets the same one.
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.rotation = rotation;
        self
    }

    /// The greatest number of sessions of a user, one or more. A sign-in beyond it ends the session that was not used for the longest
    /// time (`last_used_at`, which moves at each refresh and at the [touch interval](Self::touch_interval)), however old it is.
    pub fn max_sessions_per_user(mut self, limit: u32) -> Self {
        self.max_sessions_per_user = Some(limit);
        self
    }

    /// The shortest time between two updates of a session's `last_used_at` by requests that look it up; a second or longer. A refresh
    /// always updates it.
    pub fn touch_interval(mut self, interval: Duration) -> Self {
        self.touch_interval = Some(interval);
        self
    }

    /// The requests for which the store is asked whether the session of an access token has ended.
    pub fn liveness(mut self, liveness: Liveness) -> Self {
        self.liveness = liveness;
        self
    }

    /// Remembers up to `capacity` sessions that were found live, each for `max_age`, from 1 to 60 seconds. Without it every look-up
    /// asks the store.
    ///
    /// A session that this process ends (a sign-out, a replay, a user who is gone) is refused at once. A session that another process
    /// ends is refused here up to `max_age` later. While the store does not answer, a remembered session passes for the rest of
    /// its `max_age`, and any other is a 503.
    pub fn live_cache(mut self, max_age: Duration, capacity: usize) -> Self {
        self.live_cache = Some(CacheSettings { max_age, capacity });
        self
    }

    /// The tolerated difference of clocks when `exp`, `nbf` and `iat` of access tokens are checked; at most five minutes.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = Some(leeway);
        self
    }

    /// The length of the longest token that is accepted, in bytes.
    pub fn max_token_len(mut self, bytes: usize) -> Self {
        self.max_token_len = Some(bytes);
        self
    }

    /// Whether a 403 says in `required` which roles, scopes and checks the route requires. Off by default, because the names may be
    /// confidential. A role with `#[role(private)]` reads "an internal role", as in the document, and a check that answers 404 is left out.
    pub fn disclose_requirements(mut self, disclose: bool) -> Self {
        self.disclose_requirements = disclose;
        self
    }

    /// A listener for sign-ins, refreshes, replays, revocations and refusals, besides the log.
    pub fn events(mut self, listener: impl AuthEvents) -> Self {
        self.listener = Listener(Some(Box::new(listener)));
        self
    }

    /// Another header for access tokens besides `Authorization`. Its value is the token alone, without a scheme.
    ///
    /// A request with a token in both is refused.
    pub fn access_header(mut self, name: HeaderName) -> Self {
        self.access_header = Some(name);
        self
    }

    /// Leaves the `Authorization` header unread, for a server where another layer owns it and uses the scheme `Bearer` too, such as a
    /// gateway that adds tokens of its own. Access tokens then come in the [header](Self::access_header) or the
    /// [access cookie](crate::Cookies::with_access_cookie) that this configuration names.
    ///
    /// Other schemes than `Bearer` need no setting: they are never read.
    pub fn ignore_authorization_header(mut self) -> Self {
        self.ignores_authorization = true;
        self
    }

    /// A query parameter for access tokens. Read [`AccessTokenInQuery`] before you call this.
    pub fn access_query(mut self, query: AccessTokenInQuery) -> Self {
        self.access_query = Some(query);
        self
    }

    /// Cookies for browsers, besides tokens in headers and bodies for other clients.
    pub fn cookies(mut self, cookies: Cookies) -> Self {
        self.cookies = Some(cookies);
        self
    }

    /// The clock; tests pass their own.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Checks the whole configuration, so that no mistake in it shows at runtime.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] for a setting that is missing, weak or in contradiction to another; its message says what to do.
    pub fn build(self) -> Result<Auth<C>, ConfigError> {
        let access_keys = self.access_keys.ok_or(ConfigError::Missing { setting: "access_key" })??;
        let refresh_key = self.refresh_key.ok_or(ConfigError::Missing { setting: "refresh_key" })?;
        let issuer = self.issuer.ok_or(ConfigError::Missing { setting: "issuer" })?;
        let mut audiences = self.audiences.into_iter();
        let audience = audiences.next().ok_or(ConfigError::Missing { setting: "audience" })?;
        let store = self.store.ok_or(ConfigError::Missing { setting: "store" })?;
        let source = self.source.ok_or(ConfigError::Missing { setting: "claims_source" })?;

        check_access_keys(&access_keys, &refresh_key)?;
        let realm = self.realm.unwrap_or_else(|| issuer.clone());
        if !is_challenge_text(&realm) {
            return Err(ConfigError::Realm);
        }
        if self.access_ttl.as_secs() == 0
            || self.access_ttl > LONGEST_ACCESS_TTL
            || self.access_ttl > self.lifetimes.idle_ttl
        {
            return Err(ConfigError::AccessTtl);
        }
        if self.rotation.window() >= self.access_ttl {
            return Err(ConfigError::Window);
        }
        let transports = Transports::checked(
            self.ignores_authorization,
            self.access_header,
            self.cookies,
            self.access_query,
        )?;
        let mut policy = SessionPolicy::new(self.lifetimes, self.rotation)?;
        if let Some(interval) = self.touch_interval {
            policy = policy.touch_interval(interval)?;
        }
        if let Some(limit) = self.max_sessions_per_user {
            policy = policy.max_per_user(limit)?;
        }
        let mut sessions = Sessions::erased(store, self.clock, policy);
        if let Some(CacheSettings { max_age, capacity }) =
            self.live_cache.map(CacheSettings::check).transpose()?
        {
            sessions = sessions.cached(max_age, capacity);
        }
        let mut settings = TokenSettings::new(issuer, audience);
        settings = audiences.fold(settings, TokenSettings::audience);
        settings = self.client_id.into_iter().fold(settings, TokenSettings::client_id);
        settings = self.leeway.into_iter().fold(settings, TokenSettings::leeway);
        settings = self.max_token_len.into_iter().fold(settings, TokenSettings::max_len);
        Ok(Auth {
            label: None,
            inner: Arc::new(Inner {
                access_tokens: AccessTokens::new(access_keys, transports.fit_access(settings.clone()))?,
                refresh_tokens: RefreshTokens::new(refresh_key.clone(), transports.fit_refresh(settings))?,
                refresh_key,
                sessions,
                liveness: self.liveness,
                source,
                access_ttl: self.access_ttl,
                realm: realm.into(),
                disclose_requirements: self.disclose_requirements,
                listener: self.listener,
                transports,
            }),
        })
    }
}

/// The first key of access tokens can sign, and none is the key of refresh tokens.
pub(super) fn check_access_keys(access_keys: &KeySet, refresh_key: &Key) -> Result<(), ConfigError> {
    if !access_keys.can_sign() {
        return Err(KeyError::CannotSign.into());
    }
    if access_keys.has_key_material_of(refresh_key) {
        return Err(ConfigError::SameKey);
    }
    Ok(())
}

impl<C: SessionClaims> fmt::Debug for AuthBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthBuilder")
            .field("issuer", &self.issuer)
            .field("audiences", &self.audiences)
            .finish_non_exhaustive()
    }
}
