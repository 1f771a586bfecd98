//! An access token of an issuer, after its signature was verified: the registered claims, read and checked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::profile::{Holder, Rules, text};
use super::refusal::Refusal;
use crate::clock::Timestamp;

/// The longest text of an actor or a client, in bytes.
const LONGEST_NAME: usize = 1024;

/// The verified claims of an access token that a [trusted issuer](super::Issuer) has signed, as they came.
///
/// [`claims_with`](super::Issuer::claims_with) passes it to the application. The user is identified by [`issuer`](Self::issuer) and
/// [`subject`](Self::subject) together: two issuers may use one `sub` for two users.
#[derive(Clone)]
pub struct IssuerToken {
    pub(super) issuer: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) subject: String,
    pub(super) client_id: Option<String>,
    pub(super) id: Option<String>,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) authenticated_at: Option<Timestamp>,
    pub(super) actor: Option<String>,
    pub(super) is_machine: bool,
    pub(super) claims: Map<String, Value>,
}

impl IssuerToken {
    /// The `iss`, byte for byte as the application has configured it.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The name of the issuer in rules, as in `issuer("acme")`.
    pub fn issuer_name(&self) -> &str {
        &self.name
    }

    /// The `sub` as it came.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The client that the token was given to.
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// Whether the client has the token for itself, without a user (RFC 9068 section 5).
    pub fn is_machine(&self) -> bool {
        self.is_machine
    }

    /// The `jti`, if the issuer gives one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The actor who impersonates the user, the token's `act.sub` (RFC 8693 section 4.1).
    pub fn actor(&self) -> Option<&str> {
        self.actor.as_deref()
    }

    pub(crate) fn iss(&self) -> &Arc<str> {
        &self.issuer
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// When the token was issued; for an issuer that does not say, when it was verified.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// When the token ends.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// When the user signed in, if the issuer says.
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.authenticated_at
    }

    /// All members of the payload.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// A member of the payload as `T`; `None` if it is missing or has another type.
    ///
    /// ```
    /// # fn of(token: &countersign::IssuerToken) {
    /// let mail: Option<String> = token.claim("email");
    /// # let _ = mail; }
    /// ```
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        T::deserialize(self.claims.get(name)?).ok()
    }
}

// Not derived: the claims may hold personal data.
impl fmt::Debug for IssuerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerToken").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// What the registered claims have to be.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a Arc<str>,
    pub(super) name: &'a Arc<str>,
    pub(super) rules: &'a Rules,
    pub(super) audiences: &'a [String],
    /// The accepted clients; all, if there is none.
    pub(super) clients: &'a [String],
    pub(super) leeway: Duration,
}

impl Expected<'_> {
    /// Checks the registered claims of a payload whose signature was verified.
    pub(super) fn read(&self, claims: Map<String, Value>, now: Timestamp) -> Result<IssuerToken, Refusal> {
        if required_text(&claims, "iss")? != &**self.issuer {
            return Err(Refusal::UnknownIssuer);
        }
        if self.rules.of_id_tokens.iter().any(|name| claims.contains_key(*name)) {
            return Err(Refusal::IdToken);
        }
        for (name, value) in self.rules.fixed {
            if required_text(&claims, name)? != *value {
                return Err(Refusal::OtherKind(name));
            }
        }
        if let Some(missing) = self.rules.required.iter().find(|name| !claims.contains_key(**name)) {
            return Err(Refusal::Missing((*missing).to_owned()));
        }
        // The client has to prove that it holds a key (RFC 7800 section 3.1), which nothing here asks of it. As a plain bearer token it may
        // be a stolen one.
        if claims.contains_key("cnf") {
            return Err(Refusal::SenderConstrained);
        }
        // An issuer whose tokens usually have none may still say one.
        if self.rules.has_audience || (claims.contains_key("aud") && !self.audiences.is_empty()) {
            self.check_audience(&claims)?;
        }
        let client_id = self.client(&claims)?;
        let subject = required_text(&claims, "sub")?.to_owned();
        if subject.is_empty() {
            return Err(Refusal::Malformed("sub".to_owned()));
        }
        let is_machine = match (self.rules.holder)(&claims, client_id.as_deref().unwrap_or_default()) {
            Holder::Contradiction(name) => return Err(Refusal::OtherKind(name)),
            holder => holder == Holder::Machine || client_id.as_deref() == Some(&*subject),
        };
        let (issued_at, expires_at) = self.check_times(&claims, now)?;
        Ok(IssuerToken {
            issuer: Arc::clone(self.issuer),
            name: Arc::clone(self.name),
            is_machine,
            subject,
            client_id,
            id: optional_text(&claims, "jti")?,
            issued_at,
            expires_at,
            authenticated_at: time(&claims, "auth_time", f64::floor)?,
            actor: actor(&claims)?,
            claims,
        })
    }

    /// RFC 7519 section 4.1.3: a string or an array of strings.
    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), Refusal> {
        let malformed = || Refusal::Malformed("aud".to_owned());
        let is_ours = |audience: &str| self.audiences.iter().any(|ours| ours == audience);
        let found = match claims.get("aud") {
            None => return Err(Refusal::Missing("aud".to_owned())),
            Some(Value::String(audience)) => is_ours(audience),
            Some(Value::Array(audiences)) => {
                let audiences: Option<Vec<_>> = audiences.iter().map(Value::as_str).collect();
                audiences.ok_or_else(malformed)?.into_iter().any(is_ours)
            }
            Some(_) => return Err(malformed()),
        };
        if found { Ok(()) } else { Err(Refusal::Audience) }
    }

    fn client(&self, claims: &Map<String, Value>) -> Result<Option<String>, Refusal> {
        let mut client = None;
        for name in self.rules.client {
            if client.is_none() {
                client = optional_text(claims, name)?;
            }
        }
        match &client {
            None if self.rules.needs_client || !self.clients.is_empty() => {
                let name = self.rules.client.first().copied().unwrap_or("client_id");
                Err(Refusal::Missing(name.to_owned()))
            }
            Some(found) if !self.clients.is_empty() && !self.clients.contains(found) => Err(Refusal::Client),
            _ => Ok(client),
        }
    }

    /// Checks `exp`, `nbf` and `iat` (RFC 7519 sections 4.1.4 to 4.1.6). Fractions of a second, which section 2 allows, make no token live
    /// longer.
    fn check_times(
        &self,
        claims: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<(Timestamp, Timestamp), Refusal> {
        let expires_at =
            time(claims, "exp", f64::floor)?.ok_or_else(|| Refusal::Missing("exp".to_owned()))?;
        if now >= expires_at + self.leeway {
            return Err(Refusal::Expired);
        }
        let latest_start = now + self.leeway;
        if time(claims, "nbf", f64::ceil)?.is_some_and(|start| start > latest_start) {
            return Err(Refusal::NotYetValid);
        }
        let issued_at = time(claims, "iat", f64::ceil)?;
        if issued_at.is_some_and(|time| time > latest_start) {
            return Err(Refusal::NotYetValid);
        }
        Ok((issued_at.unwrap_or(now), expires_at))
    }
}

fn required_text<'a>(claims: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    match claims.get(name) {
        None => Err(Refusal::Missing(name.to_owned())),
        Some(_) => text(claims, name).ok_or_else(|| Refusal::Malformed(name.to_owned())),
    }
}

fn optional_text(claims: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(found)) if (1..=LONGEST_NAME).contains(&found.len()) => Ok(Some(found.clone())),
        Some(_) => Err(Refusal::Malformed(name.to_owned())),
    }
}

/// A number of seconds since 1970, up to the year 9999, with or without a fraction (`NumericDate`, RFC 7519 section 2).
fn time(
    claims: &Map<String, Value>,
    name: &str,
    round: fn(f64) -> f64,
) -> Result<Option<Timestamp>, Refusal> {
    const LATEST: f64 = 253_402_300_799.0;

    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = value.as_f64().map(round).filter(|seconds| (0.0..=LATEST).contains(seconds));
    let seconds = seconds.ok_or_else(|| Refusal::Malformed(name.to_owned()))?;
    #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
    Ok(Some(Timestamp::from_unix(seconds as i64)))
}

/// The `sub` of `act` (RFC 8693 section 4.1).
fn actor(claims: &Map<String, Value>) -> Result<Option<String>, Refusal> {
    let Some(act) = claims.get("act") else { return Ok(None) };
    let malformed = || Refusal::Malformed("act".to_owned());
    let act = act.as_object().ok_or_else(malformed)?;
    match optional_text(act, "sub") {
        Ok(Some(actor)) => Ok(Some(actor)),
        _ => Err(malformed()),
    }
}
