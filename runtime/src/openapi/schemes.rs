//! The security schemes of a document: where each `Auth` takes its tokens, under names that nothing else has.

use std::any::type_name;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, RefOr};

use super::issuer_schemes::IssuerScheme;
use crate::access::OWN_ISSUER;
use crate::auth::{Auth, Liveness};
use crate::claims::SessionClaims;
use crate::issuers::IssuerFacts;

/// The plain name of the scheme for the `Authorization` header.
pub(crate) const SCHEME: &str = "bearer";

/// The plain name of the scheme for the refresh token beside an access token.
pub(super) const REFRESH_SCHEME: &str = "refreshToken";

const ACCESS_HEADER: &str = "accessHeader";
const ACCESS_COOKIE: &str = "accessCookie";
const ACCESS_QUERY: &str = "accessQuery";
const REFRESH_COOKIE: &str = "refreshCookie";

/// What a document shows of an `Auth`: whose tokens it takes and where, and whether it looks every session up.
///
/// Two that are equal take their tokens from the same users in the same places.
#[derive(Clone, PartialEq)]
pub struct TokenPlaces(Arc<Facts>);

#[derive(Default, PartialEq)]
struct Facts {
    /// The type of the claims, with its module.
    claims: &'static str,
    realm: String,
    ignores_authorization: bool,
    header: Option<String>,
    query: Option<String>,
    access_cookie: Option<String>,
    refresh_cookie: Option<String>,
    looks_up: bool,
    /// Whether there are no sessions of this server.
    only_trusts: bool,
    issuers: Vec<IssuerFacts>,
}

impl TokenPlaces {
    pub(crate) fn of<C: SessionClaims>(auth: &Auth<C>) -> Self {
        let transports = auth.transports();
        Self(Arc::new(Facts {
            claims: type_name::<C>(),
            realm: auth.realm().to_string(),
            ignores_authorization: transports.ignores_authorization,
            header: transports.header.as_ref().map(|name| name.as_str().to_owned()),
            query: transports.query.clone(),
            access_cookie: transports.access_cookie().map(str::to_owned),
            refresh_cookie: transports.refresh_cookie().map(str::to_owned),
            looks_up: auth.liveness() == Liveness::Always,
            only_trusts: !auth.accepted_issuers().has_sessions(),
            issuers: auth.issuer_facts(),
        }))
    }

    /// Whether the store is asked about the session of every access token.
    pub(super) fn looks_up(&self) -> bool {
        self.0.looks_up
    }

    /// Whether a browser may be signed in by a cookie of its own.
    pub(super) fn has_access_cookie(&self) -> bool {
        self.0.access_cookie.is_some()
    }

    /// Whether sign-ins set cookies.
    pub(super) fn has_cookies(&self) -> bool {
        self.0.refresh_cookie.is_some()
    }
}

impl Facts {
    /// The name that the application gave the cookies, or else the type of the claims, in camel case.
    fn label(&self) -> String {
        let cookie = self.refresh_cookie.as_deref().unwrap_or_default();
        let name = cookie.trim_start_matches("__Host-").trim_end_matches("refresh").trim_end_matches('-');
        let claims =
            self.claims.split('<').next().unwrap_or_default().rsplit("::").next().unwrap_or_default();
        let words = if name.is_empty() { claims } else { name };
        let words =
            words.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let joined: String = words.map(capital).collect();
        changed_first(&joined, char::to_ascii_lowercase)
    }

    /// Every scheme with its plain name. The one for the refresh token beside an access token is there only if an operation asks for it.
    fn schemes(&self, asks_for_both: bool) -> Vec<(&'static str, SecurityScheme)> {
        let login = match (self.only_trusts, self.issuers.is_empty()) {
            (false, true) => "The access token from the login",
            (false, false) => "The access token from the login, or one of a trusted issuer",
            (true, _) => "The access token of a trusted issuer",
        };
        let key = |name: &String, words: &str| ApiKeyValue::with_description(name.as_str(), words);
        let header = self.header.as_ref().map(|name| (ACCESS_HEADER, ApiKey::Header(key(name, login))));
        let cookie = self.access_cookie.as_ref().map(|name| {
            let words = "Set at the login. A request that changes something has to come from a page of this site; without \
                         `Sec-Fetch-Site` and `Origin` it carries the `csrf_token` of the login in the header `X-CSRF-Token`";
            (ACCESS_COOKIE, ApiKey::Cookie(key(name, words)))
        });
        let query = self.query.as_ref().map(|name| (ACCESS_QUERY, ApiKey::Query(key(name, login))));
        let refresh_cookie = self.refresh_cookie.as_ref().map(|name| {
            let words = "The refresh token, set at the login and at each refresh";
            (REFRESH_COOKIE, ApiKey::Cookie(key(name, words)))
        });
        let refresh_token = asks_for_both.then(|| {
            let words = "The refresh token of the same session, beside the access token; it is not used up";
            (REFRESH_SCHEME, ApiKey::Header(ApiKeyValue::with_description("X-Refresh-Token", words)))
        });
        let keys = [header, cookie, query, refresh_cookie, refresh_token].into_iter().flatten();
        let keys = keys.map(|(name, key)| (name, SecurityScheme::ApiKey(key)));
        let bearer = (!self.ignores_authorization && !self.only_trusts).then(|| (SCHEME, bearer()));
        bearer.into_iter().chain(keys).collect()
    }

    /// The issuers whose tokens are taken from the `Authorization` header. Elsewhere they are taken from the places of all tokens.
    fn issuers_in_authorization(&self) -> &[IssuerFacts] {
        if self.ignores_authorization { &[] } else { &self.issuers }
    }
}

/// The scheme of RFC 6750; tokens are JWTs.
fn bearer() -> SecurityScheme {
    let words = "The access token from the login, in the Authorization header. It is a JWT, and is verified as RFC 8725 advises";
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    SecurityScheme::Http(scheme.description(Some(words)).build())
}

/// The names of an `Auth`'s schemes in one document.
#[derive(Clone, Debug)]
pub(super) struct Names {
    places: BTreeMap<&'static str, String>,
    /// Each issuer by its name in rules, this server among them. Empty where no others are trusted.
    issuers: Vec<IssuerNames>,
}

/// The schemes for the tokens of one issuer.
#[derive(Clone, Debug)]
pub(super) struct IssuerNames {
    pub(super) issuer: String,
    /// Each with whether its requirements may name roles.
    pub(super) schemes: Vec<(String, bool)>,
}

impl Default for Names {
    /// For an operation whose `Auth` is not known: the schemes that every `Auth` has.
    fn default() -> Self {
        let places = [SCHEME, REFRESH_SCHEME].into_iter().map(|name| (name, name.to_owned())).collect();
        Self { places, issuers: Vec::new() }
    }
}

impl Names {
    /// The places of an access token, the `Authorization` header first.
    pub(super) fn access(&self) -> impl Iterator<Item = &str> {
        self.of([SCHEME, ACCESS_HEADER, ACCESS_COOKIE, ACCESS_QUERY])
    }

    /// The places of a refresh token beside an access token.
    pub(super) fn refresh(&self) -> impl Iterator<Item = &str> {
        self.of([REFRESH_SCHEME, REFRESH_COOKIE])
    }

    /// The schemes by issuer, where other issuers than this server are trusted.
    pub(super) fn issuers(&self) -> &[IssuerNames] {
        &self.issuers
    }

    fn of<const N: usize>(&self, places: [&'static str; N]) -> impl Iterator<Item = &str> {
        places.into_iter().filter_map(|place| self.places.get(place)).map(String::as_str)
    }
}

/// A user of schemes: an `Auth`, or operations whose `Auth` is not known.
#[derive(Default)]
pub(super) struct Asker<'a> {
    pub(super) places: Option<&'a TokenPlaces>,
    /// Whether one of its operations asks for both tokens.
    pub(super) asks_for_both: bool,
    /// The scopes that its operations ask for.
    pub(super) scopes: BTreeSet<&'static str>,
}

/// Adds the schemes of every `Auth` to the document, and returns their names in the same order.
///
/// With one `Auth` the names are plain (`accessCookie`); with several, each has the name of its cookies or of its claims in front
/// (`shopAccessCookie`). A name under which the application has another scheme gets a prefix (`countersignBearer`).
pub(super) fn add(openapi: &mut OpenApi, askers: &[Asker<'_>]) -> Vec<Names> {
    let schemes = &mut openapi.components.get_or_insert_default().security_schemes;
    let several = askers.iter().filter(|asker| asker.places.is_some()).count() > 1;
    let mut labels: Vec<String> = Vec::new();
    let mut all = Vec::new();
    for Asker { places, asks_for_both, scopes } in askers {
        let (label, own) = match places {
            Some(places) => {
                let label = if several {
                    unused(places.0.label(), |label| labels.contains(&label.to_owned()))
                } else {
                    String::new()
                };
                labels.push(label.clone());
                (label, places.0.schemes(*asks_for_both))
            }
            None => (String::new(), Facts::default().schemes(*asks_for_both)),
        };
        let mut names = BTreeMap::new();
        for (plain, scheme) in own {
            let wanted =
                if label.is_empty() { plain.to_owned() } else { format!("{label}{}", capital(plain)) };
            names.insert(plain, entered(schemes, wanted, scheme));
        }
        let mut names = Names { places: names, issuers: Vec::new() };
        if let Some(TokenPlaces(facts)) = places
            && !facts.issuers.is_empty()
        {
            let others = facts.issuers_in_authorization().iter().map(|issuer| {
                let IssuerScheme { wanted, scheme, lists_roles } = IssuerScheme::of(issuer, scopes);
                (&*issuer.name, (entered(schemes, wanted, scheme), lists_roles))
            });
            let others: Vec<_> = others.collect();
            names.issuers = names.by_issuer(facts, &others);
        }
        all.push(names);
    }
    all
}

impl Names {
    /// The schemes of this server, and of every other issuer with `others` of its own.
    fn by_issuer(&self, facts: &Facts, others: &[(&str, (String, bool))]) -> Vec<IssuerNames> {
        let with_roles = |name: &str| (name.to_owned(), true);
        let own = (!facts.only_trusts).then(|| IssuerNames {
            issuer: OWN_ISSUER.to_owned(),
            schemes: self.access().map(with_roles).collect(),
        });
        let trusted = facts.issuers.iter().map(|issuer| {
            let own =
                others.iter().filter(|(name, _)| *name == issuer.name).map(|(_, scheme)| scheme.clone());
            // No cookie holds the token of another issuer.
            let shared = self.of([ACCESS_HEADER, ACCESS_QUERY]).map(with_roles);
            IssuerNames { issuer: issuer.name.clone(), schemes: own.chain(shared).collect() }
        });
        own.into_iter().chain(trusted).collect()
    }
}

/// Enters a scheme under the name, or under another one if the document has something else there. Returns the name.
fn entered(
    schemes: &mut BTreeMap<String, RefOr<SecurityScheme>>,
    wanted: String,
    scheme: SecurityScheme,
) -> String {
    let is_free = |name: &str| schemes.get(name).is_none_or(|present| is_same(present, &scheme));
    let name = if is_free(&wanted) {
        wanted
    } else {
        unused(format!("countersign{}", capital(&wanted)), |name| !is_free(name))
    };
    schemes.entry(name.clone()).or_insert(RefOr::T(scheme));
    name
}

/// Whether the document's scheme says nothing else than ours. A bearer scheme without words of its own is what other documents of the same
/// application call theirs.
fn is_same(present: &RefOr<SecurityScheme>, ours: &SecurityScheme) -> bool {
    let RefOr::T(present) = present else { return false };
    if let (SecurityScheme::Http(present), SecurityScheme::Http(_)) = (present, ours) {
        let is_bearer = matches!(present.scheme, HttpAuthScheme::Bearer);
        let is_jwt = present.bearer_format.as_deref().is_none_or(|format| format == "JWT");
        if is_bearer && is_jwt && present.description.is_none() {
            return true;
        }
    }
    present == ours
}

/// The name, or the name with the first number that is free.
fn unused(name: String, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(&name) {
        return name;
    }
    let mut numbered = (2_usize..).map(|number| format!("{name}{number}"));
    numbered.find(|name| !is_taken(name)).unwrap_or_default()
}

fn capital(word: &str) -> String {
    changed_first(word, char::to_ascii_uppercase)
}

fn changed_first(word: &str, change: impl Fn(&char) -> char) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| change(&first)).into_iter().chain(letters).collect()
}
