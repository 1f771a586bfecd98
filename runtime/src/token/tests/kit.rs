//! A user, the tokens of a server, and a forge for tokens that a server would never make.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use crate::claims::SessionClaims;
use crate::claims::role::RoleSet;
use crate::clock::Timestamp;
use crate::token::{AccessStamp, AccessTokens, Algorithm, Key, KeySet, TokenSettings};

pub(super) const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
pub(super) const SECRET: &[u8] = b"Q7!xv0Zr-2fYpT9vLs4WmB8eGhD3uJcN";
pub(super) const OTHER_SECRET: &[u8] = b"m4#Kd8_Wq1zXcE6tRb9yHnU2iOaPlS5j";
pub(in crate::token) const ISSUER: &str = "https://auth.example.com";
pub(in crate::token) const AUDIENCE: &str = "https://api.example.com";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::token) enum Rank {
    Member,
    Admin,
}

impl RoleSet for Rank {
    const NAMES: Option<&'static [&'static str]> = Some(&["member", "admin"]);

    type Listed = ();

    fn name(&self) -> &str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Member, Self::Admin].into_iter().find(|rank| rank.name() == name)
    }

    fn grants(&self, name: &str) -> bool {
        self.name() == name
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::token) struct User {
    #[serde(rename = "sub", with = "crate::claims::fields::SubjectOf::<u64>")]
    pub(in crate::token) id: u64,
    #[serde(with = "crate::claims::fields::RolesOf::<Vec<Rank>>")]
    pub(in crate::token) roles: Vec<Rank>,
    pub(in crate::token) email: String,
}

impl SessionClaims for User {
    type Subject = u64;
    type Role = Rank;

    fn subject(&self) -> &u64 {
        &self.id
    }

    fn holds_role(&self, name: &str) -> bool {
        self.roles.iter().any(|role| role.grants(name))
    }

    fn has_scope(&self, _scope: &str) -> bool {
        false
    }

    fn serialize_wire<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    fn deserialize_wire<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

pub(super) fn user() -> User {
    User { id: 7, roles: vec![Rank::Member], email: "ann@example.com".to_owned() }
}

pub(super) fn secret_key() -> Key {
    Key::from_secret(Algorithm::Hs256, SECRET).unwrap().with_kid("k1").unwrap()
}

pub(super) fn other_secret_key() -> Key {
    Key::from_secret(Algorithm::Hs256, OTHER_SECRET).unwrap().with_kid("k2").unwrap()
}

pub(super) fn settings() -> TokenSettings {
    TokenSettings::new(ISSUER, AUDIENCE)
}

pub(super) fn tokens_of(key: Key) -> AccessTokens {
    AccessTokens::new(KeySet::new(key).unwrap(), settings()).unwrap()
}

pub(super) fn tokens() -> AccessTokens {
    tokens_of(secret_key())
}

pub(super) fn stamp() -> AccessStamp<'static> {
    AccessStamp::new("token-1", "session-1", NOW, NOW + Duration::from_secs(900), NOW)
}

/// A token as the server makes it.
pub(super) fn minted() -> String {
    tokens().mint(&stamp(), &user()).unwrap()
}

/// "accepted", or the reason of the refusal.
pub(super) fn outcome(tokens: &AccessTokens, token: impl AsRef<[u8]>) -> &'static str {
    match tokens.verify::<User>(token.as_ref(), NOW) {
        Ok(_) => "accepted",
        Err(error) => error.reason(),
    }
}

pub(super) fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token with any header and payload and a valid signature.
pub(super) fn forged(key: &Key, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    signed(key, &format!("{}.{}", base64(header), base64(payload)))
}

pub(super) fn signed(key: &Key, message: &str) -> String {
    format!("{message}.{}", key.sign(message).unwrap())
}

pub(super) fn header() -> Value {
    json!({ "typ": "at+jwt", "alg": "HS256", "kid": "k1" })
}

pub(super) fn payload() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "client_id": AUDIENCE, "sub": "7", "exp": 1_800_000_900, "iat": 1_800_000_000,
        "nbf": 1_800_000_000, "jti": "token-1", "sid": "session-1", "auth_time": 1_800_000_000,
        "roles": ["member"], "email": "ann@example.com",
    })
}

/// The object with one member set, or removed when the value is `None`.
pub(super) fn with(mut object: Value, name: &str, value: Option<Value>) -> Value {
    let members = object.as_object_mut().unwrap();
    match value {
        Some(value) => members.insert(name.to_owned(), value),
        None => members.remove(name),
    };
    object
}

/// The fate of a token whose header has this member set or removed.
pub(super) fn outcome_of_header(name: &str, value: Option<Value>) -> &'static str {
    let header = with(header(), name, value).to_string();
    outcome(&tokens(), forged(&secret_key(), header, payload().to_string()))
}

/// The fate of a token whose payload has this member set or removed.
pub(super) fn outcome_of_claim(name: &str, value: Option<Value>) -> &'static str {
    let payload = with(payload(), name, value).to_string();
    outcome(&tokens(), forged(&secret_key(), header().to_string(), payload))
}

/// The number of signatures that this thread verified during the work.
pub(super) fn verifications(work: impl FnOnce()) -> usize {
    let before = super::VERIFICATIONS.get();
    work();
    super::VERIFICATIONS.get() - before
}
