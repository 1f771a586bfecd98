//! An issuer for tests, which signs any token.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::forge::{DAY, Flaw, must, read, tampered, unsigned};
use crate::claims::SessionClaims;
use crate::clock::Timestamp;
use crate::issuers::Issuer;
use crate::token::{Algorithm, Key, KeySet, random_id};

/// The issue of a token: the time at which a [`TestAuth`](super::TestAuth) begins.
const START: i64 = 1_800_000_000;

/// PKCS #8 of an Ed25519 key up to its 32 bytes, which [`random_id`] gives (RFC 8410 section 10.3).
const BEFORE_SEED: [u8; 16] = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];

/// An identity provider without a network: it has a random key, and signs whatever a test wants to present.
///
/// Its `iss` is `https://NAME.test`, its tokens are for the audience `https://api.test`, and its name in rules is that of the test.
///
/// ```
/// use axum::http::{Request, StatusCode, header};
/// use countersign::testing::TestIssuer;
/// use countersign::{Auth, AuthRouter, SessionClaims, authenticated, routes};
/// use serde_json::json;
/// use tower::ServiceExt as _;
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: String,
/// }
///
/// #[authenticated]
/// #[utoipa::path(get, path = "/me")]
/// async fn me(user: User) -> String {
///     user.id
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let acme = TestIssuer::new("acme");
/// let clock = countersign::testing::TestClock::at(1_800_000_000);
/// let auth = Auth::<User>::builder().trust(acme.issuer()).clock(clock).build().unwrap();
/// let (router, _) = AuthRouter::new().routes(routes!(me)).with_state(auth).split_for_parts();
///
/// let token = acme.token(json!({ "sub": "ada" }));
/// let request = Request::get("/me").header(header::AUTHORIZATION, format!("Bearer {token}"));
/// let answer = router.oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
/// assert_eq!(answer.status(), StatusCode::OK);
/// # });
/// ```
#[derive(Clone)]
pub struct TestIssuer {
    name: String,
    key: Key,
}

impl TestIssuer {
    /// Makes one with a random key.
    ///
    /// # Panics
    ///
    /// When the operating system gives no random bytes.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut der = BEFORE_SEED.to_vec();
        let random = must("no random bytes", random_id());
        der.extend(must("no random bytes", URL_SAFE_NO_PAD.decode(random)));
        let key = must("a key could not be made", Key::from_private_der(Algorithm::EdDsa, der));
        Self { name: name.to_owned(), key }
    }

    /// The `iss` of its tokens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}.test", self.name)
    }

    /// The set of keys that it would publish (RFC 7517 section 5).
    ///
    /// # Panics
    ///
    /// Never: the key is a public one.
    #[must_use]
    pub fn jwks(&self) -> String {
        must("a key could not be used", KeySet::verify_only([self.key.clone()])).public_jwks()
    }

    /// Its configuration, with the key at hand.
    ///
    /// # Panics
    ///
    /// Never: the key is a public one.
    pub fn issuer<C: SessionClaims>(&self) -> Issuer<C> {
        self.issuer_as(&self.url())
    }

    /// As [`issuer`](Self::issuer), with another `iss`.
    ///
    /// # Panics
    ///
    /// Never: the key is a public one.
    pub fn issuer_as<C: SessionClaims>(&self, iss: &str) -> Issuer<C> {
        let keys = must("a key could not be used", KeySet::verify_only([self.key.clone()]));
        Issuer::keys(iss, keys).named(&self.name).audience("https://api.test")
    }

    /// The claims of RFC 9068 section 2.2, of a user `user` and a client `client`, issued at the time at which a
    /// [`TestAuth`](super::TestAuth) begins and good for an hour.
    #[must_use]
    pub fn claims(&self) -> Map<String, Value> {
        let claims = json!({
            "iss": self.url(), "aud": "https://api.test", "sub": "user", "client_id": "client", "jti": "a-token",
            "iat": START, "exp": START + 3600,
        });
        claims.as_object().cloned().unwrap_or_default()
    }

    /// Signs a token with these claims in place of, or besides, those of [`claims`](Self::claims). `null` takes one away.
    ///
    /// # Panics
    ///
    /// When the back end cannot sign.
    #[must_use]
    pub fn token(&self, claims: Value) -> String {
        let mut all = self.claims();
        for (name, value) in claims.as_object().cloned().unwrap_or_default() {
            match value {
                Value::Null => all.remove(&name),
                value => all.insert(name, value),
            };
        }
        self.signed(json!({ "typ": "at+jwt" }), &all)
    }

    /// The name in rules.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A token with these claims, and with the flaw.
    pub(super) fn flawed(&self, mut claims: Value, flaw: Option<Flaw>, now: Timestamp) -> String {
        let (after, before) = (now.unix() + DAY, now.unix() - DAY);
        match flaw {
            Some(Flaw::Expired) => {
                claims["iat"] = json!(before - 60);
                claims["exp"] = json!(before);
            }
            Some(Flaw::NotYetValid) => {
                claims["nbf"] = json!(after);
                claims["exp"] = json!(after + 60);
            }
            Some(Flaw::WrongAudience) => claims["aud"] = json!("https://another.invalid"),
            Some(Flaw::WrongIssuer) => claims["iss"] = json!(self.url() + "/"),
            _ => {}
        }
        let token = self.token(claims);
        match flaw {
            Some(Flaw::Tampered) => tampered(&token),
            Some(Flaw::Unsigned) => unsigned(&token),
            Some(Flaw::OtherKey) => {
                let [_, payload] = read(&token);
                let header = json!({ "typ": "at+jwt", "kid": self.key.kid() });
                Self::new(&self.name).signed(header, &payload)
            }
            _ => token,
        }
    }

    /// Signs exactly this payload. `alg` and `kid` are added to the header, unless it has them; `null` leaves one out.
    ///
    /// # Panics
    ///
    /// When the back end cannot sign.
    #[must_use]
    pub fn signed(&self, header: Value, payload: &Map<String, Value>) -> String {
        let mut all = json!({ "alg": self.key.algorithm().name(), "kid": self.key.kid() });
        for (name, value) in header.as_object().cloned().unwrap_or_default() {
            match (all.as_object_mut(), value) {
                (Some(all), Value::Null) => drop(all.remove(&name)),
                (Some(all), value) => drop(all.insert(name, value)),
                (None, _) => {}
            }
        }
        let encoded = |json: &dyn fmt::Display| URL_SAFE_NO_PAD.encode(json.to_string());
        let message = format!("{}.{}", encoded(&all), encoded(&Value::Object(payload.clone())));
        let signature = must("the token could not be signed", self.key.sign(&message));
        format!("{message}.{signature}")
    }
}

impl fmt::Debug for TestIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestIssuer").field("name", &self.name).finish_non_exhaustive()
    }
}
