//! The configuration of an `Auth`, which `build` checks as a whole.

mod problems;
mod resource_server;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderName;

use self::problems::Problems;
use super::env::is_url;
use super::liveness::CacheSettings;
use super::remembered::Remembered;
use super::source::{AnySource, FromFn};
use super::{Auth, BoxError, ClaimsSource, ConfigError, Cookies, Inner, Liveness, Transports};
use crate::access::is_challenge_text;
use crate::claims::SessionClaims;
use crate::clock::{Clock, SystemClock};
use crate::dangerous::AccessTokenInQuery;
use crate::events::{AuthEvents, Listener};
use crate::issuers::{Issuer, Surroundings, TrustedIssuers};
use crate::session::store::SessionStore;
use crate::session::{ErasedStore, KnowsOutages, Lifetimes, Rotation, SessionPolicy, Sessions};
use crate::token::{
    AccessTokens, Key, KeyError, KeyRing, KeySet, RefreshTokens, Sealer, SettingsError, Signer, SignerOf,
    TokenSettings,
};

/// An access token cannot be revoked, so it may live no longer than a day.
const LONGEST_ACCESS_TTL: Duration = Duration::from_secs(24 * 60 * 60);
/// The tokens of issuers may list many groups.
const LONGEST_OF_ISSUERS: usize = 16 * 1024;
const DEFAULT_REMEMBERED: usize = 4096;
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
/// | [`live_from_feed`](Self::live_from_feed) | off: the store is asked |
/// | [`leeway`](Self::leeway) | 60 seconds |
/// | [`max_token_len`](Self::max_token_len) | 8 KiB |
/// | [`realm`](Self::realm) | the issuer |
/// | [`client_id`](Self::client_id) | the first audience |
/// | [`cookies`](Self::cookies) | none |
/// | [`access_header`](Self::access_header) | none but `Authorization` |
/// | [`ignore_authorization_header`](Self::ignore_authorization_header) | it is read |
/// | [`access_query`](Self::access_query) | none |
/// | [`trust`](Self::trust) | no other issuer |
/// | [`remember_tokens`](Self::remember_tokens) | 4,096, in 4.1 MiB |
#[must_use = "call `build`"]
pub struct AuthBuilder<C: SessionClaims> {
    access_keys: Option<Result<KeySet, KeyError>>,
    key_ring: Option<KeyRing>,
    signer: Option<SignerOf>,
    refresh_keys: Option<Result<KeySet, KeyError>>,
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
    live_from_feed: bool,
    leeway: Option<Duration>,
    max_token_len: Option<usize>,
    disclose_requirements: bool,
    listener: Listener,
    ignores_authorization: bool,
    access_header: Option<HeaderName>,
    access_query: Option<AccessTokenInQuery>,
    cookies: Option<Cookies>,
    variables: Vec<(&'static str, String)>,
    issuers: Vec<Issuer<C>>,
    remembered_tokens: usize,
}

impl<C: SessionClaims> AuthBuilder<C> {
    pub(super) fn new() -> Self {
        Self {
            access_keys: None,
            key_ring: None,
            signer: None,
            refresh_keys: None,
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
            live_from_feed: false,
            leeway: None,
            max_token_len: None,
            disclose_requirements: false,
            listener: Listener::default(),
            ignores_authorization: false,
            access_header: None,
            access_query: None,
            cookies: None,
            variables: Vec::new(),
            issuers: Vec::new(),
            remembered_tokens: DEFAULT_REMEMBERED,
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

    /// A [`KeyRing`] for access tokens, which makes and replaces its keys itself, in place of [`access_key`](Self::access_key).
    ///
    /// [`build`](Self::build) starts a task of `tokio` that keeps the keys up to date, and ends when the last clone of the `Auth` is dropped.
    pub fn key_ring(mut self, ring: KeyRing) -> Self {
        self.key_ring = Some(ring);
        self
    }

    /// A [`Signer`] for access tokens, such as a KMS, in place of [`access_key`](Self::access_key). `public` is the public half of its key, with
    /// the `kid` that tokens name: [`Key::from_public_pem`], [`Key::from_jwk`].
    pub fn signer(mut self, public: Key, signer: impl Signer) -> Self {
        self.signer = Some(SignerOf::new(public, signer));
        self
    }

    /// The key of access tokens, unless one or a ring was given.
    #[cfg(any(test, feature = "test-util"))]
    pub(crate) fn or_access_key(self, key: Key) -> Self {
        match (&self.access_keys, &self.key_ring, &self.signer) {
            (None, None, None) => self.access_key(key),
            _ => self,
        }
    }

    /// The secret that signs refresh tokens: an HMAC key of its own, because only this server verifies them.
    ///
    /// To change it without signing anyone out, pass a set of keys to [`refresh_keys`](Self::refresh_keys).
    pub fn refresh_key(mut self, key: Key) -> Self {
        self.refresh_keys = Some(KeySet::new(key));
        self
    }

    /// The secrets of refresh tokens: the first signs, and the tokens of all are accepted. A refresh gives out a token of the first, so
    /// each session moves over when it is next used. CSRF tokens of all are accepted as well.
    pub fn refresh_keys(mut self, keys: KeySet) -> Self {
        self.refresh_keys = Some(Ok(keys));
        self
    }

    /// The `iss` of every token: a URL that names this server, with `https` or, for development, `http`, and without user, query and
    /// fragment (RFC 8414 section 2).
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
        self.store = Some(Arc::new(KnowsOutages::new(store)));
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

    /// Answers whether a session is live from the store's feed of endings, without a look-up.
    ///
    /// Every server of the deployment announces what it ends, and this one reads the announcements at most every 400 milliseconds. A
    /// session that another server ended is refused here within a second, and one that this server ended at once. Where the feed says
    /// nothing (the log cannot be read, the token is older than this server's start, the session was named) the store is asked, and if it
    /// does not answer either, the request is a 503.
    ///
    /// A session that is live by the feed alone is not recorded as used; its next refresh records that. A store without a feed is asked
    /// each time: of those in this crate, all have one.
    pub fn live_from_feed(mut self) -> Self {
        self.live_from_feed = true;
        self
    }

    /// The tolerated difference of clocks when `exp`, `nbf` and `iat` of access tokens are checked; at most five minutes.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = Some(leeway);
        self
    }

    /// The length of the longest token that is accepted, in bytes: 8 KiB for tokens of this server and 16 KiB for those of trusted issuers,
    /// unless set.
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

    /// Accepts the access tokens of another server too: of an identity provider, or of another service that signs tokens. Call it again for
    /// another one.
    ///
    /// An `Auth` that only trusts issuers is a resource server: it needs no keys, store, issuer, audience and claims source of its own, and
    /// it has no sessions, so that it can sign no one in.
    ///
    /// ```
    /// use countersign::token::KeySet;
    /// use countersign::{Auth, ConfigError, Issuer, SessionClaims};
    ///
    /// #[derive(SessionClaims, Clone)]
    /// struct User {
    ///     #[claims(subject)]
    ///     id: String,
    /// }
    ///
    /// fn resource_server(keys: KeySet) -> Result<Auth<User>, ConfigError> {
    ///     Auth::builder()
    ///         .trust(Issuer::keys("https://login.example.com", keys).audience("https://api.example.com"))
    ///         .build()
    /// }
    /// ```
    pub fn trust(mut self, issuer: Issuer<C>) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// The room for verified access tokens, so that their signatures are not verified again: for this number of tokens of a kilobyte each,
    /// 4,096 unless set, and 0 for none.
    ///
    /// A token is found by a keyed hash of its whole text, and is not kept itself. The memory is bounded: 1,024 bytes for each of this number
    /// and at most 32 more, 4.1 MiB by default. A token takes its own length, the size of its claims and 300 bytes or so, so a long one takes
    /// the room of several. What claims point to is counted by the length of the token that they are read from;
    /// [`claims_with`](crate::Issuer::claims_with) may return larger ones.
    ///
    /// Only good tokens are remembered, and one with HS256 from its second use on. Every use is judged anew: by the time, by the
    /// [keys in use](Auth::replace_access_keys), by the rule of the route, and by the store where the rule is `live`. The claims are those of
    /// the first verification, so what a claims type keeps in a lock or an atomic is shared by all requests with the token.
    pub fn remember_tokens(mut self, tokens: usize) -> Self {
        self.remembered_tokens = tokens;
        self
    }

    /// The clock; tests pass their own.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The variables that settings came from, for the errors of [`build`](Self::build).
    pub(super) fn with_variables(mut self, variables: Vec<(&'static str, String)>) -> Self {
        self.variables = variables;
        self
    }

    /// Checks the whole configuration, so that no mistake in it shows at runtime.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] for a setting that is missing, weak or in contradiction to another; its message says what to do. Several
    /// problems are one error: see [`ConfigError::problems`].
    pub fn build(mut self) -> Result<Auth<C>, ConfigError> {
        let mut problems = Problems { variables: std::mem::take(&mut self.variables), found: Vec::new() };
        let has_sessions = !self.is_resource_server();
        if !has_sessions {
            self = self.without_sessions(&mut problems)?;
        }
        let has_other_keys = self.access_keys.is_some() || self.key_ring.is_some();
        problems.refuse_if(has_other_keys && self.signer.is_some(), ConfigError::Signer);
        let access_keys = match (&self.key_ring, &self.signer) {
            (_, Some(signer)) => problems.value_of(KeySet::verify_only([signer.key().clone()])),
            (Some(ring), None) => {
                problems.refuse_if(self.access_keys.is_some(), ConfigError::KeyRing);
                problems.value_of(ring.keys().map_err(|_| KeyError::EmptySet))
            }
            (None, None) => {
                let access_keys = problems.required("access_key", self.access_keys);
                access_keys.and_then(|keys| problems.value_of(keys))
            }
        };
        let refresh_keys = problems.required("refresh_key", self.refresh_keys);
        let refresh_keys = refresh_keys.and_then(|keys| problems.value_of(keys));
        if let (Some(access_keys), Some(refresh_keys)) = (&access_keys, &refresh_keys) {
            let signs = access_keys.can_sign() || self.signer.is_some();
            problems.refuse_if(!signs, KeyError::CannotSign);
            problems.refuse_if(refresh_keys.shares_a_key_with(access_keys), ConfigError::SameKey);
        }
        let issuer = problems.required("issuer", self.issuer);
        problems.refuse_if(issuer.as_deref().is_some_and(|issuer| !is_url(issuer)), ConfigError::Issuer);
        let mut audiences = self.audiences.into_iter();
        let audience = problems.required("audience", audiences.next());
        let store = problems.required("store", self.store);
        let source = problems.required("claims_source", self.source);

        // Without a realm it is the issuer, whose error is enough.
        problems.refuse_if(
            self.realm.as_deref().is_some_and(|realm| !is_challenge_text(realm)),
            ConfigError::Realm,
        );
        problems.refuse_if(
            !fits_access_ttl(self.access_ttl) || self.access_ttl > self.lifetimes.idle_ttl,
            ConfigError::AccessTtl,
        );
        // A lifetime that is refused says nothing about the window.
        let is_window_too_long = self.rotation.window() >= self.access_ttl;
        problems.refuse_if(fits_access_ttl(self.access_ttl) && is_window_too_long, ConfigError::Window);
        let transports = problems.value_of(Transports::checked(
            self.ignores_authorization,
            self.access_header,
            self.cookies,
            self.access_query,
        ));
        let mut policy =
            problems.value_of(SessionPolicy::new(self.lifetimes, self.rotation)).unwrap_or_default();
        if let Some(interval) = self.touch_interval {
            policy = problems.value_of(policy.touch_interval(interval)).unwrap_or(policy);
        }
        if let Some(limit) = self.max_sessions_per_user {
            policy = problems.value_of(policy.max_per_user(limit)).unwrap_or(policy);
        }
        let live_cache = self.live_cache.and_then(|cache| problems.value_of(cache.check()));
        // The cache would go on where the feed is no longer believed.
        problems.refuse_if(live_cache.is_some() && self.live_from_feed, ConfigError::FeedAndCache);
        // A missing one is told above, and an empty one below.
        let mut settings =
            TokenSettings::new(issuer.unwrap_or("-".to_owned()), audience.unwrap_or("-".to_owned()));
        settings = audiences.fold(settings, TokenSettings::audience);
        settings = self.client_id.into_iter().fold(settings, TokenSettings::client_id);
        settings = self.leeway.into_iter().fold(settings, TokenSettings::leeway);
        settings = self.max_token_len.into_iter().fold(settings, TokenSettings::max_len);
        let realm = self.realm.unwrap_or_else(|| settings.issuer().to_owned());
        for error in settings.problems() {
            // The issuer is told as what it has to be.
            problems.refuse_if(error != SettingsError::EmptyIssuer, error);
        }

        let issuers = TrustedIssuers::build(
            self.issuers,
            &Surroundings {
                clock: Arc::clone(&self.clock),
                leeway: settings.leeway_of_clocks(),
                max_len: self.max_token_len.unwrap_or(LONGEST_OF_ISSUERS),
                own: has_sessions.then(|| settings.issuer()),
            },
        );
        let issuers = match issuers {
            Ok(issuers) => Some(issuers),
            Err(found) => {
                let problem = |(name, problem)| ConfigError::TrustedIssuer { name, problem };
                problems.found.extend(found.into_iter().map(problem));
                None
            }
        };

        let (
            Some(access_keys),
            Some(refresh_keys),
            Some(transports),
            Some(store),
            Some(source),
            Some(issuers),
        ) = (access_keys, refresh_keys, transports, store, source, issuers)
        else {
            return Err(problems.into_error());
        };
        if !problems.found.is_empty() {
            return Err(problems.into_error());
        }
        let sealer = problems.value_of(Sealer::new(&refresh_keys, settings.issuer()));
        let access_tokens = AccessTokens::new(access_keys, transports.fit_access(settings.clone()))?;
        let has_signer = self.signer.is_some();
        if let Some(signer) = self.signer {
            access_tokens.sign_with(signer, [])?;
        }
        let refresh_tokens =
            problems.value_of(RefreshTokens::with_keys(refresh_keys, transports.fit_refresh(settings)));
        let (Some(refresh_tokens), Some(sealer)) = (refresh_tokens, sealer) else {
            return Err(problems.into_error());
        };
        let leeway = access_tokens.leeway();
        let mut sessions =
            Sessions::erased(store, self.clock, policy).with_tokens_of(self.access_ttl + leeway);
        if let Some(CacheSettings { max_age, capacity }) = live_cache {
            sessions = sessions.cached(max_age, capacity);
        }
        issuers.start();
        let remembered = match self.remembered_tokens {
            0 => None,
            tokens => Remembered::new(tokens),
        };
        let auth = Auth {
            label: None,
            inner: Arc::new(Inner {
                has_sessions,
                issuers,
                remembered,
                access_tokens,
                key_ring: self.key_ring,
                has_signer,
                refresh_tokens,
                sealer,
                replacing: Mutex::new(()),
                sessions: Arc::new(sessions),
                live_from_feed: self.live_from_feed,
                liveness: self.liveness,
                source,
                access_ttl: self.access_ttl,
                realm: realm.into(),
                disclose_requirements: self.disclose_requirements,
                listener: self.listener,
                transports,
            }),
        };
        auth.follow_key_ring();
        Ok(auth)
    }
}

/// Whether an access token may live so long, whatever the lifetime of its session.
pub(super) fn fits_access_ttl(access_ttl: Duration) -> bool {
    access_ttl.as_secs() > 0 && access_ttl <= LONGEST_ACCESS_TTL
}

/// The first key of access tokens can sign, and none is a key of refresh tokens.
pub(super) fn check_access_keys(
    access_keys: &KeySet,
    are_shared: impl FnOnce(&KeySet) -> bool,
) -> Result<(), ConfigError> {
    if !access_keys.can_sign() {
        return Err(KeyError::CannotSign.into());
    }
    if are_shared(access_keys) {
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
