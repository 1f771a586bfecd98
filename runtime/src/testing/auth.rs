//! An `Auth` for tests in one line.

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::forge::must;
use super::{FaultyStore, TestClock, TokenForge};
use crate::auth::{Auth, AuthBuilder, AuthState, TokenPair};
use crate::claims::SessionClaims;
use crate::session::SessionMetadata;
use crate::store::MemoryStore;
use crate::token::{Algorithm, Key};

/// A time in 2027. Any fixed one would do.
const START: i64 = 1_800_000_000;

/// An [`Auth`] with random keys, a clock to set, a store in memory that fails on command, and a claims source that knows every user who
/// was [registered](Self::register) or given a token.
///
/// It can be the state of a router itself, and dereferences to the `Auth` for a state of the application's own. Clones share
/// everything. To test an `Auth` that the application builds, use [`TokenForge`].
///
/// ```
/// use axum::body::Body;
/// use axum::http::{Request, StatusCode, header};
/// use countersign::testing::TestAuth;
/// use countersign::{AuthRouter, SessionClaims, authenticated, routes};
/// use tower::ServiceExt as _;
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: u64,
/// }
///
/// #[authenticated(live)]
/// #[utoipa::path(get, path = "/me")]
/// async fn me(user: User) -> String {
///     user.id.to_string()
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let auth = TestAuth::new();
/// let (router, _) = AuthRouter::new().routes(routes!(me)).with_state(auth.clone()).split_for_parts();
///
/// let token = auth.token(&User { id: 7 }).await;
/// let request = Request::get("/me").header(header::AUTHORIZATION, format!("Bearer {token}"));
/// let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
/// assert_eq!(answer.status(), StatusCode::OK);
///
/// let expired = auth.forge().expired(&User { id: 7 }).await;
/// let request = Request::get("/me").header(header::AUTHORIZATION, format!("Bearer {expired}"));
/// let answer = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
/// assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
/// # });
/// ```
#[derive(Clone)]
pub struct TestAuth<C> {
    auth: Auth<C>,
    clock: TestClock,
    store: Arc<FaultyStore<MemoryStore>>,
    users: Users<C>,
}

/// The known users, by the `sub` of their tokens.
#[derive(Clone)]
struct Users<C>(Arc<Mutex<HashMap<String, C>>>);

impl<C> Users<C> {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, C>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: SessionClaims> TestAuth<C> {
    /// Makes one with the defaults of the builder.
    #[must_use]
    pub fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// Makes one with other settings: `TestAuth::with(|builder| builder.cookies(Cookies::new()))`. If `configure` replaces the clock,
    /// the store or the claims source, the methods of this type that use them have no effect.
    ///
    /// # Panics
    ///
    /// When the configuration is refused.
    #[must_use]
    #[track_caller]
    pub fn with(configure: impl FnOnce(AuthBuilder<C>) -> AuthBuilder<C>) -> Self {
        let clock = TestClock::at(START);
        let store = Arc::new(FaultyStore::new(MemoryStore::new()));
        let users = Users(Arc::default());
        let known = users.clone();
        let key = || must("a key could not be made", Key::generate_secret(Algorithm::Hs256));
        let builder = Auth::builder()
            .refresh_key(key())
            .issuer("https://issuer.test")
            .audience("https://api.test")
            .store(Arc::clone(&store))
            .clock(clock.clone())
            .claims_source(move |subject: C::Subject| {
                let claims = known.lock().get(&subject.to_string()).cloned();
                async move { Ok(claims) }
            });
        let auth = must("the configuration is refused", configure(builder).or_access_key(key()).build());
        Self { auth, clock, store, users }
    }

    /// Returns the clock, which moves only when the test sets it.
    pub fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// Returns the store, which fails on command.
    pub fn store(&self) -> &FaultyStore<MemoryStore> {
        &self.store
    }

    /// Sets the claims that a refresh reads for this user from now on.
    pub fn register(&self, claims: &C) {
        self.users.lock().insert(claims.subject().to_string(), claims.clone());
    }

    /// Removes the user: the next refresh ends their sessions.
    pub fn forget(&self, subject: &C::Subject) {
        self.users.lock().remove(&subject.to_string());
    }

    /// Registers the user and signs them in.
    ///
    /// # Panics
    ///
    /// When the sign-in fails, for example because the store was told to fail.
    pub async fn sign_in(&self, claims: &C) -> TokenPair {
        self.register(claims);
        must("the sign-in has failed", self.auth.login(claims, SessionMetadata::default()).await)
    }

    /// Returns an access token with these claims. It has a session, so routes that demand a live one accept it.
    ///
    /// # Panics
    ///
    /// As [`sign_in`](Self::sign_in).
    pub async fn token(&self, claims: &C) -> String {
        self.sign_in(claims).await.access_token
    }

    /// Returns the maker of bad tokens.
    pub fn forge(&self) -> TokenForge<C> {
        TokenForge::of(&self.auth)
    }
}

impl<C: SessionClaims> Default for TestAuth<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C> Deref for TestAuth<C> {
    type Target = Auth<C>;

    fn deref(&self) -> &Auth<C> {
        &self.auth
    }
}

impl<C: SessionClaims> AuthState for TestAuth<C> {
    type Claims = C;

    fn auth(&self) -> &Auth<C> {
        &self.auth
    }
}

impl<C> fmt::Debug for TestAuth<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestAuth").field("clock", &self.clock).finish_non_exhaustive()
    }
}
