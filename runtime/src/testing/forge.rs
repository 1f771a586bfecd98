//! Good and bad tokens for tests, signed with the keys of an `Auth`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::auth::{Auth, TokenPair};
use crate::claims::SessionClaims;
use crate::clock::Timestamp;
use crate::session::{Remember, SessionMetadata};
use crate::token::{Algorithm, Key};

/// A second more than the largest leeway that can be configured, in seconds.
const BEYOND_LEEWAY: i64 = 301;
pub(super) const DAY: i64 = 24 * 60 * 60;

/// Makes access tokens for an [`Auth`] that the application has built: good ones for any claims, and bad ones by name.
///
/// Each token has a session of its own, so that a bad token is refused for the reason in its name and for no other. Every call is a
/// sign-in: it causes an event, and may end older sessions where their number is limited.
///
/// Every method panics when the session cannot be opened or the claims do not fit in a token.
///
/// ```
/// use countersign::testing::TokenForge;
/// use countersign::{Auth, SessionClaims};
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: u64,
/// }
///
/// async fn bad_tokens(auth: &Auth<User>) -> Vec<String> {
///     let (forge, user) = (TokenForge::of(auth), User { id: 7 });
///     vec![forge.expired(&user).await, forge.tampered(&user).await, forge.wrong_audience(&user).await]
/// }
/// # let auth = countersign::testing::TestAuth::new();
/// # let tokens = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(bad_tokens(&auth));
/// # assert_eq!(tokens.len(), 3);
/// ```
pub struct TokenForge<C> {
    auth: Auth<C>,
}

/// The defect of a bad token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Expired,
    NotYetValid,
    Tampered,
    WrongAudience,
    WrongIssuer,
    Unsigned,
    OtherKey,
    RefreshAsAccess,
    SessionEnded,
}

/// The properties of the token to make.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mold<'a> {
    pub(super) signed_in_at: Option<Timestamp>,
    pub(super) actor: Option<&'a str>,
    pub(super) flaw: Option<Flaw>,
}

impl<C: SessionClaims> TokenForge<C> {
    /// Makes tokens with the keys, the audience and the store of this `Auth`.
    #[must_use]
    pub fn of(auth: &Auth<C>) -> Self {
        Self { auth: auth.clone() }
    }

    /// Makes a good token.
    pub async fn token(&self, claims: &C) -> String {
        self.cast(claims, Mold::default()).await
    }

    /// Makes a good token of a user who signed in at this time, for routes that demand a fresh sign-in.
    pub async fn signed_in_at(&self, claims: &C, time: Timestamp) -> String {
        self.cast(claims, Mold { signed_in_at: Some(time), ..Mold::default() }).await
    }

    /// Makes a good token with which `actor` impersonates the user (RFC 8693 section 4.1).
    pub async fn impersonated_by(&self, claims: &C, actor: &str) -> String {
        self.cast(claims, Mold { actor: Some(actor), ..Mold::default() }).await
    }

    /// Makes a good token of a session that has ended. Routes that demand a live session refuse it.
    pub async fn without_session(&self, claims: &C) -> String {
        self.flawed(claims, Flaw::SessionEnded).await
    }

    /// Makes a token that has expired, by more than the largest leeway that can be configured.
    pub async fn expired(&self, claims: &C) -> String {
        self.flawed(claims, Flaw::Expired).await
    }

    /// Makes a token whose `nbf` is tomorrow.
    pub async fn not_yet_valid(&self, claims: &C) -> String {
        self.flawed(claims, Flaw::NotYetValid).await
    }

    /// Makes a token with one changed character in its signature.
    pub async fn tampered(&self, claims: &C) -> String {
        self.flawed(claims, Flaw::Tampered).await
    }

    /// Makes a token for another audience.
    pub async fn wrong_audience(&self, claims: &C) -> String {
        self.flawed(claims, Flaw::WrongAudience).await
    }

    /// Makes a token of another issuer, whose name differs by a slash at the end.
    pub async fn wrong_issuer(&self, claims: &C) -> String {
        self.flawed(claims, Flaw::WrongIssuer).await
    }

    /// Makes a token with `"alg":"none"` and without a signature (RFC 7515 appendix A.5).
    pub async fn unsigned(&self, claims: &C) -> String {
        self.flawed(claims, Flaw::Unsigned).await
    }

    /// Makes a token that is signed with another key, under the `kid` of the right one.
    pub async fn other_key(&self, claims: &C) -> String {
        self.flawed(claims, Flaw::OtherKey).await
    }

    /// Makes a refresh token, for the place of an access token.
    pub async fn refresh_as_access(&self, claims: &C) -> String {
        self.flawed(claims, Flaw::RefreshAsAccess).await
    }

    /// Returns a text that is not a token.
    #[must_use]
    pub fn malformed(&self) -> String {
        MALFORMED.to_owned()
    }

    async fn flawed(&self, claims: &C, flaw: Flaw) -> String {
        self.cast(claims, Mold { flaw: Some(flaw), ..Mold::default() }).await
    }

    async fn cast(&self, claims: &C, mold: Mold<'_>) -> String {
        self.pair(claims, mold).await.access_token
    }

    /// Makes an access token with these properties, beside the good refresh token of its session.
    pub(super) async fn pair(&self, claims: &C, mold: Mold<'_>) -> TokenPair {
        // An actor impersonates a user in the actor's own session.
        let subject = mold.actor.map_or_else(|| claims.subject().to_string(), str::to_owned);
        let opened =
            self.auth.sign_in(claims, &subject, SessionMetadata::default(), Remember::default()).await;
        let (_, mut pair) = must("no session could be opened", opened);
        if let Some(payload) = mold.fill(&pair.access_token, self.auth.now()) {
            pair.access_token = must("the token does not fit", self.auth.access_tokens().seal(&payload));
        }
        match mold.flaw {
            Some(Flaw::SessionEnded) => {
                must("the session could not be ended", self.auth.logout(&pair.refresh_token).await);
            }
            Some(Flaw::RefreshAsAccess) => pair.access_token.clone_from(&pair.refresh_token),
            Some(Flaw::Tampered) => pair.access_token = tampered(&pair.access_token),
            Some(Flaw::Unsigned) => pair.access_token = unsigned(&pair.access_token),
            Some(Flaw::OtherKey) => pair.access_token = self.by_other_key(&pair.access_token),
            _ => {}
        }
        pair
    }

    /// The same payload under the same `kid`, signed with a random secret. If the right key is a public one, a server that takes the
    /// algorithm from the token would verify it with the public key as the secret.
    fn by_other_key(&self, token: &str) -> String {
        let [header, payload] = read(token);
        let text = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let algorithm = text("alg").parse().ok().filter(|algorithm: &Algorithm| algorithm.is_symmetric());
        let key = Key::generate_secret(algorithm.unwrap_or(Algorithm::Hs256));
        let key = must("no key could be made", key.and_then(|key| key.with_kid(text("kid"))));
        must("the token does not fit", self.auth.access_tokens().seal_with(key, &bytes(&payload)))
    }
}

/// It has three segments of base64url, so that the extractor passes it on and the verification refuses it.
pub(super) const MALFORMED: &str = "bm90.YQ.dG9rZW4";

impl Mold<'_> {
    /// The payload of this good token with these properties; `None` when they change nothing in it.
    fn fill(self, token: &str, now: Timestamp) -> Option<Vec<u8>> {
        let [_, mut payload] = read(token);
        let good = payload.clone();
        let mut set = |name: &str, value: Value| {
            payload.insert(name.to_owned(), value);
        };
        if let Some(time) = self.signed_in_at {
            set("auth_time", json!(time));
        }
        if let Some(actor) = self.actor {
            set("act", json!({ "sub": actor }));
        }
        let now = now.unix();
        match self.flaw {
            Some(Flaw::Expired) => {
                let end = now - BEYOND_LEEWAY;
                set("exp", json!(end));
                set("iat", json!(end - 60));
                set("nbf", json!(end - 60));
            }
            Some(Flaw::NotYetValid) => {
                set("nbf", json!(now + DAY));
                set("exp", json!(now + DAY + 60));
            }
            Some(Flaw::WrongAudience) => set("aud", json!("https://somebody-else.invalid")),
            Some(Flaw::WrongIssuer) => {
                let issuer = good.get("iss").and_then(Value::as_str).unwrap_or_default();
                set("iss", json!(format!("{issuer}/")));
            }
            _ => {}
        }
        (payload != good).then(|| bytes(&payload))
    }
}

/// Decodes the header and the payload of a token.
pub(super) fn read(token: &str) -> [Map<String, Value>; 2] {
    let mut segments = token.split('.').map(|segment| {
        let json = URL_SAFE_NO_PAD.decode(segment).unwrap_or_default();
        serde_json::from_slice(&json).unwrap_or_default()
    });
    [segments.next().unwrap_or_default(), segments.next().unwrap_or_default()]
}

fn bytes(members: &Map<String, Value>) -> Vec<u8> {
    json!(members).to_string().into_bytes()
}

/// Changes the first character of the signature. The last one may have bits that are not part of it.
pub(super) fn tampered(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap_or_default();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let rest: String = signature.chars().skip(1).collect();
    format!("{message}.{first}{rest}")
}

pub(super) fn unsigned(token: &str) -> String {
    let [mut header, _] = read(token);
    header.insert("alg".to_owned(), json!("none"));
    let payload = token.split('.').nth(1).unwrap_or_default();
    format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(bytes(&header)))
}

#[track_caller]
#[expect(clippy::panic, reason = "a panic is how a test fails")]
pub(super) fn must<T, E: fmt::Display>(what: &str, result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error}"),
    }
}

impl<C> fmt::Debug for TokenForge<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenForge").field("auth", &self.auth).finish()
    }
}
