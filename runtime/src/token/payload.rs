//! The payload of a token, read in one pass: registered claims go into their slots, all others to the application's claims.
//!
//! The deserializer of the application's claims reads the JSON object itself. On the way to each of its keys,
//! [`ApplicationMembers`] takes the registered claims out. So nothing is buffered, duplicates are found across both kinds, and a
//! claims type cannot see or replace a registered claim.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer, StringDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::error::Category;

use super::TokenError;
use super::members::{SeenMembers, is_too_deep};
use crate::claims::CowStr;
use crate::clock::Timestamp;

/// The last second of the year 9999.
pub(super) const LATEST: Timestamp = Timestamp::from_unix(253_402_300_799);

/// The longest name of an actor in bytes: four times the length that OpenID Connect allows for a `sub`.
const LONGEST_ACTOR: usize = 1024;

/// The required values of `iss` and `aud`.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) audiences: &'a [String],
}

/// The registered claims of a payload that has all required ones, from the expected issuer and for an expected audience.
pub(crate) struct Registered<'de> {
    pub(crate) id: Cow<'de, str>,
    pub(crate) session_id: Cow<'de, str>,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) authenticated_at: Option<Timestamp>,
    /// The actor, where one acts for the user.
    pub(crate) actor: Option<String>,
}

/// Reads a payload. `application` gets a deserializer of all members except the registered ones. `sub` is among them, and
/// required.
pub(super) fn read<'de, T>(
    payload: &'de str,
    expected: Expected<'_>,
    application: impl FnOnce(PayloadDeserializer<'_, '_, 'de>) -> Result<T, serde_json::Error>,
) -> Result<(Registered<'de>, T), TokenError> {
    if is_too_deep(payload) || !payload.trim_ascii_start().starts_with('{') {
        return Err(TokenError::Payload);
    }
    let mut json = serde_json::Deserializer::from_str(payload);
    let mut reading =
        Reading { expected, found: Found::default(), seen: SeenMembers::default(), problem: None };
    let claims = match application(PayloadDeserializer { json: &mut json, reading: &mut reading }) {
        Ok(claims) => claims,
        Err(error) => return Err(reading.explain(error)),
    };
    json.end().map_err(|_| TokenError::Payload)?;
    Ok((reading.found.complete()?, claims))
}

/// Reads the id of the session of the token's user from the registered claims. The other members only have to be JSON. Refuses a
/// token of an actor, whose session is not the user's.
pub(super) fn session_id(payload: &str, expected: Expected<'_>) -> Result<String, TokenError> {
    let (registered, IgnoredAny) = read(payload, expected, |members| IgnoredAny::deserialize(members))?;
    match registered.actor {
        None => Ok(registered.session_id.into_owned()),
        Some(_) => Err(TokenError::Impersonated),
    }
}

/// The deserializer of the application's claims.
pub(super) struct PayloadDeserializer<'r, 'e, 'de> {
    json: &'r mut serde_json::Deserializer<serde_json::de::StrRead<'de>>,
    reading: &'r mut Reading<'e, 'de>,
}

struct Reading<'e, 'de> {
    expected: Expected<'e>,
    found: Found<'de>,
    seen: SeenMembers<'de>,
    /// Why reading stopped, unless the application's claims are the cause.
    problem: Option<TokenError>,
}

#[derive(Default)]
struct Found<'de> {
    issuer_matches: Option<bool>,
    audience_matches: Option<bool>,
    client_id: Option<Cow<'de, str>>,
    id: Option<Cow<'de, str>>,
    session_id: Option<Cow<'de, str>>,
    issued_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    not_before: Option<Timestamp>,
    authenticated_at: Option<Timestamp>,
    actor: Option<String>,
    has_subject: bool,
}

impl<'de> Found<'de> {
    fn complete(self) -> Result<Registered<'de>, TokenError> {
        let missing = TokenError::MissingClaim;
        match self.issuer_matches {
            Some(true) => {}
            Some(false) => return Err(TokenError::Issuer),
            None => return Err(missing("iss")),
        }
        match self.audience_matches {
            Some(true) => {}
            Some(false) => return Err(TokenError::Audience),
            None => return Err(missing("aud")),
        }
        if !self.has_subject {
            return Err(missing("sub"));
        }
        Ok(Registered {
            id: self.id.ok_or(missing("jti"))?,
            session_id: self.session_id.ok_or(missing("sid"))?,
            issued_at: self.issued_at.ok_or(missing("iat"))?,
            expires_at: self.expires_at.ok_or(missing("exp"))?,
            not_before: self.not_before,
            authenticated_at: self.authenticated_at,
            actor: self.actor,
        })
    }
}

impl<'de> Reading<'_, 'de> {
    /// Puts a registered claim into its slot. Returns `false` for any other member.
    fn take<A: MapAccess<'de>>(&mut self, name: &str, members: &mut A) -> Result<bool, A::Error> {
        let Self { expected, found, problem, .. } = self;
        let mut slot = Slot { members, problem };
        match name {
            "iss" => slot.fill("iss", &mut found.issuer_matches, AnyOf(&[expected.issuer])),
            "aud" => slot.fill("aud", &mut found.audience_matches, AnyOfOrList(expected.audiences)),
            "exp" => slot.fill("exp", &mut found.expires_at, NumericDate),
            "iat" => slot.fill("iat", &mut found.issued_at, NumericDate),
            "nbf" => slot.fill("nbf", &mut found.not_before, NumericDate),
            "auth_time" => slot.fill("auth_time", &mut found.authenticated_at, NumericDate),
            "act" => slot.fill("act", &mut found.actor, ActorSubject),
            "jti" => slot.fill("jti", &mut found.id, Text),
            "sid" => slot.fill("sid", &mut found.session_id, Text),
            "client_id" => slot.fill("client_id", &mut found.client_id, Text),
            _ => return Ok(false),
        }?;
        Ok(true)
    }

    fn explain(self, error: serde_json::Error) -> TokenError {
        match (self.problem, error.classify()) {
            (Some(problem), _) => problem,
            (None, Category::Data) => TokenError::claims(error),
            (None, _) => TokenError::Payload,
        }
    }
}

struct Slot<'r, A> {
    members: &'r mut A,
    problem: &'r mut Option<TokenError>,
}

impl<'de, A: MapAccess<'de>> Slot<'_, A> {
    fn fill<S: DeserializeSeed<'de>>(
        &mut self,
        name: &'static str,
        value: &mut Option<S::Value>,
        seed: S,
    ) -> Result<(), A::Error> {
        if value.is_some() {
            *self.problem = Some(TokenError::DuplicateClaim);
            return Err(A::Error::custom("a claim occurs twice"));
        }
        let read = self.members.next_value_seed(seed);
        *value = Some(read.inspect_err(|_| *self.problem = Some(TokenError::InvalidClaim(name)))?);
        Ok(())
    }
}

impl<'de> Deserializer<'de> for PayloadDeserializer<'_, '_, 'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        self.json.deserialize_map(Object { visitor, reading: self.reading })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, serde_json::Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Object<'r, 'e, 'de, V> {
    visitor: V,
    reading: &'r mut Reading<'e, 'de>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Object<'_, '_, 'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JWT claims set")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(ApplicationMembers { members, reading: self.reading })
    }
}

struct ApplicationMembers<'r, 'e, 'de, A> {
    members: A,
    reading: &'r mut Reading<'e, 'de>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for ApplicationMembers<'_, '_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(name) = self.members.next_key::<CowStr<'de>>()? {
            if self.reading.take(&name.0, &mut self.members)? {
                continue;
            }
            if !self.reading.seen.insert(&name) {
                self.reading.problem = Some(TokenError::DuplicateClaim);
                return Err(A::Error::custom("a claim occurs twice"));
            }
            self.reading.found.has_subject |= name.0 == "sub";
            return match name.0 {
                Cow::Borrowed(name) => seed.deserialize(BorrowedStrDeserializer::new(name)),
                Cow::Owned(name) => seed.deserialize(StringDeserializer::new(name)),
            }
            .map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.members.next_value_seed(seed)
    }
}

/// The `sub` of the object `act` (RFC 8693 section 4.1). Earlier actors inside of it are information only.
///
/// It is a visitor of maps, because the derive alone would also read an array.
struct ActorSubject;

impl<'de> DeserializeSeed<'de> for ActorSubject {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ActorSubject {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object that names an actor")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<String, A::Error> {
        #[derive(serde::Deserialize)]
        struct Members {
            sub: String,
        }
        let Members { sub } = Members::deserialize(MapAccessDeserializer::new(members))?;
        match sub.len() {
            1..=LONGEST_ACTOR => Ok(sub),
            _ => Err(A::Error::custom("the name of the actor is empty or too long")),
        }
    }
}

/// A string, borrowed where it can be.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        CowStr::deserialize(deserializer).map(|CowStr(text)| text)
    }
}

/// Whole seconds since 1970, up to the year 9999. RFC 7519 section 2 allows fractions; this crate does not write them.
struct NumericDate;

impl<'de> DeserializeSeed<'de> for NumericDate {
    type Value = Timestamp;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Timestamp, D::Error> {
        let seconds = u64::deserialize(deserializer)?;
        match i64::try_from(seconds).map(Timestamp::from_unix) {
            Ok(time) if time <= LATEST => Ok(time),
            _ => Err(D::Error::custom("the time is out of range")),
        }
    }
}

/// Whether a string is one of these.
struct AnyOf<'e, T>(&'e [T]);

impl<'de, T: AsRef<str>> DeserializeSeed<'de> for AnyOf<'_, T> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        CowStr::deserialize(deserializer).map(|CowStr(text)| self.has(&text))
    }
}

impl<T: AsRef<str>> AnyOf<'_, T> {
    fn has(&self, text: &str) -> bool {
        self.0.iter().any(|expected| expected.as_ref() == text)
    }
}

/// Whether a string, or any string of an array, is one of these (`aud`, RFC 7519 section 4.1.3).
struct AnyOfOrList<'e, T>(&'e [T]);

impl<'de, T: AsRef<str>> DeserializeSeed<'de> for AnyOfOrList<'_, T> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: AsRef<str>> Visitor<'de> for AnyOfOrList<'_, T> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array of strings")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<bool, E> {
        Ok(AnyOf(self.0).has(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<bool, A::Error> {
        let mut any = false;
        while let Some(matches) = names.next_element_seed(AnyOf(self.0))? {
            any |= matches;
        }
        Ok(any)
    }
}
