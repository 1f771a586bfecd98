//! The application's claims, made from those of an issuer.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use serde_json::{Map, Value};

use super::profile::Rules;
use super::refusal::Refusal;
use super::token::IssuerToken;
use crate::claims::role::RoleSet as _;
use crate::claims::{SessionClaims, is_scope_token};

/// Any error of the application.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

type Asked<'a, C> = Pin<Box<dyn Future<Output = Result<Option<C>, BoxError>> + Send + 'a>>;

/// The application's function from a token to its claims.
pub(super) type ClaimsWith<C> = Box<dyn Fn(IssuerToken) -> Asked<'static, C> + Send + Sync>;

/// Which claim does not fit, and what it should be. serde's own message quotes the value, which may be personal and long.
fn misfit(path: &str, error: &serde_json::Error) -> String {
    // It may have names of the token inside.
    let path = path.escape_debug();
    let message = error.to_string();
    match message.rsplit_once(", expected ") {
        Some((_, expected)) if path.to_string() != "." => format!("`{path}` is not {expected}"),
        _ if message.starts_with("missing field ") => message,
        _ => format!("`{path}` does not fit"),
    }
}

/// The registered claims (RFC 7519 section 4.1, RFC 9068 section 2.2), which the application's claims do not see.
pub(super) const REGISTERED: [&str; 10] =
    ["iss", "aud", "exp", "iat", "nbf", "jti", "sid", "auth_time", "act", "client_id"];

/// How the claims of an issuer become the application's, where no function of the application makes them.
pub(super) struct Mapping<C> {
    subject: String,
    roles: Option<String>,
    scopes: Vec<String>,
    /// The issuer's name of a role, and the application's.
    renamed: Vec<(String, String)>,
    /// The name of a claim of the application, and its place in the token.
    moved: Vec<(String, String)>,
    claims: PhantomData<fn() -> C>,
}

impl<C: SessionClaims> Mapping<C> {
    pub(super) fn new(
        rules: &Rules,
        [subject, roles, scopes]: [Option<String>; 3],
        renamed: Vec<(String, String)>,
        moved: Vec<(String, String)>,
    ) -> Self {
        let places = || rules.scopes.iter().map(|place| (*place).to_owned()).collect();
        Self {
            subject: subject.unwrap_or_else(|| "/sub".to_owned()),
            roles: roles.or_else(|| rules.roles.map(str::to_owned)),
            scopes: scopes.map_or_else(places, |place| vec![place]),
            renamed,
            moved,
            claims: PhantomData,
        }
    }

    /// Whether the claims have roles, and nothing says where the issuer puts them.
    pub(super) fn lacks_roles(&self) -> bool {
        C::Role::NAMES != Some(&[]) && self.roles.is_none()
    }

    /// Makes the claims. A value that has another form than the application needs is refused, and never replaced by a default.
    pub(super) fn of(&self, token: &IssuerToken) -> Result<C, Refusal> {
        let of_issuer = Value::Object(token.claims.clone());
        let at = |place: &str| of_issuer.pointer(place);
        let mut members: Map<String, Value> = token.claims.clone();
        members.retain(|name, _| !REGISTERED.contains(&name.as_str()));
        for (name, place) in &self.moved {
            members.remove(name);
            if let Some(value) = at(place) {
                members.insert(name.clone(), value.clone());
            }
        }
        let subject = at(&self.subject).ok_or_else(|| Refusal::Missing(self.subject.clone()))?;
        // A user without an identifier would be one with all others who have none.
        if subject.as_str().is_none_or(str::is_empty) {
            return Err(Refusal::Malformed(self.subject.clone()));
        }
        members.insert("sub".to_owned(), subject.clone());
        if C::Role::NAMES != Some(&[]) {
            members.insert("roles".to_owned(), self.roles(&at)?);
        }
        members.remove("scope");
        if let Some(scopes) = self.scopes(&at)? {
            members.insert("scope".to_owned(), scopes);
        }
        let mut path = serde_path_to_error::Track::new();
        let members = serde_path_to_error::Deserializer::new(Value::Object(members), &mut path);
        C::deserialize_wire(members)
            .map_err(|error| Refusal::Claims(misfit(&path.path().to_string(), &error)))
    }

    /// The names of roles that the application knows; the others grant nothing. An issuer leaves the claim out for a user without roles.
    fn roles<'a>(&self, at: &impl Fn(&str) -> Option<&'a Value>) -> Result<Value, Refusal> {
        let Some((place, found)) = self.roles.as_deref().and_then(|place| Some((place, at(place)?))) else {
            return Ok(Value::Array(Vec::new()));
        };
        let names = match found {
            // Zitadel has the roles as the names of members, with the organisations that grant them inside.
            Value::Object(roles) => {
                let is_granted = |granted: &Value| match granted {
                    Value::Bool(granted) => Some(*granted),
                    Value::Object(grants) => Some(!grants.is_empty()),
                    Value::Null => Some(false),
                    _ => None,
                };
                let names = roles.iter().map(|(name, granted)| Some((name, is_granted(granted)?)));
                let names = names.collect::<Option<Vec<_>>>();
                let names = names.ok_or_else(|| Refusal::Malformed(place.to_owned()))?;
                names.into_iter().filter_map(|(name, granted)| granted.then_some(name.as_str())).collect()
            }
            other => names(other).ok_or_else(|| Refusal::Malformed(place.to_owned()))?,
        };
        let known = |name: &str| {
            let renamed = self.renamed.iter().find(|(theirs, _)| theirs == name);
            let name = renamed.map_or(name, |(_, ours)| ours);
            C::Role::from_name(name).map(|role| Value::from(role.name()))
        };
        Ok(names.into_iter().filter_map(known).collect())
    }

    /// The scopes with one space between them; `None` if there are none.
    fn scopes<'a>(&self, at: &impl Fn(&str) -> Option<&'a Value>) -> Result<Option<Value>, Refusal> {
        let found = self.scopes.iter().find_map(|place| Some((place, at(place)?)));
        let Some((place, found)) = found else { return Ok(None) };
        let scopes = match found {
            Value::String(scopes) => scopes.split(' ').collect(),
            other => names(other).ok_or_else(|| Refusal::Malformed(place.clone()))?,
        };
        let scopes: Vec<_> = scopes.into_iter().filter(|scope| is_scope_token(scope)).collect();
        Ok((!scopes.is_empty()).then(|| scopes.join(" ").into()))
    }
}

/// A text, or an array of texts.
fn names(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(name) => Some(vec![name]),
        Value::Array(names) => names.iter().map(Value::as_str).collect(),
        _ => None,
    }
}
