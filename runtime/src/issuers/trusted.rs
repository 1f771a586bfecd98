//! The issuers of one `Auth`, and the verification of their tokens.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};

use super::address::Address;
use super::discovery::Remote;
use super::issuer::{Issuer, KeySource, SignInPage};
use super::keys::{Found, IssuerKeys, VerifyingKey};
use super::mapping::{ClaimsWith, Mapping, REGISTERED};
use super::problem::IssuerProblem;
use super::profile::{Profile, Rules};
use super::published::PublishedSet;
use super::refusal::Refusal;
use super::token::{Expected, IssuerToken};
use crate::access::OWN_ISSUER;
use crate::claims::{SessionClaims, is_scope_token};
use crate::clock::{Clock, Timestamp};
use crate::log::{OneLine, TARGET};
use crate::token::{Algorithm, KeyLife, Presented};

/// All algorithms with public keys.
const PUBLIC: [Algorithm; 5] =
    [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa];

/// How long a cause of refusals is not logged again.
const TOLD_FOR: Duration = Duration::from_secs(60);

const LONGEST_REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// The issuers that an application trusts.
pub(crate) struct TrustedIssuers<C> {
    issuers: Vec<Trusted<C>>,
    clock: Arc<dyn Clock>,
    leeway: Duration,
    max_len: usize,
}

struct Trusted<C> {
    issuer: Arc<str>,
    name: Arc<str>,
    #[cfg_attr(not(feature = "openapi"), expect(dead_code, reason = "the document shows it"))]
    profile: Profile,
    rules: Rules,
    audiences: Vec<String>,
    clients: Vec<String>,
    algorithms: Vec<Algorithm>,
    keys: IssuerKeys,
    mapping: Mapping<C>,
    claims_with: Option<ClaimsWith<C>>,
    remembered: Duration,
    /// The causes of refusals that were logged, and when.
    told: Mutex<Vec<(&'static str, Timestamp)>>,
    #[cfg_attr(not(feature = "openapi"), expect(dead_code, reason = "the document shows it"))]
    is_discovered: bool,
    is_fetched: bool,
    #[cfg_attr(not(feature = "openapi"), expect(dead_code, reason = "the document shows it"))]
    sign_in: Option<SignInPage>,
}

/// A token that was accepted.
pub(crate) struct Accepted<C> {
    pub(crate) claims: C,
    pub(crate) token: IssuerToken,
    /// The life of the key that signed it.
    pub(crate) life: KeyLife,
    /// Until when the claims are used, where the application made them.
    pub(crate) claims_until: Option<Timestamp>,
}

/// What a document says of an issuer.
#[cfg(feature = "openapi")]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct IssuerFacts {
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) profile: Profile,
    /// Whether it publishes a discovery document.
    pub(crate) is_discovered: bool,
    pub(crate) sign_in: Option<SignInPage>,
    /// The first of the accepted clients, if only some are.
    pub(crate) client: Option<String>,
}

/// What the issuers of an `Auth` have in common.
pub(crate) struct Surroundings<'a> {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) leeway: Duration,
    pub(crate) max_len: usize,
    /// The issuer of the application's own sessions, if it has any.
    pub(crate) own: Option<&'a str>,
}

impl<C: SessionClaims> TrustedIssuers<C> {
    /// Checks the configuration of all issuers. Each problem comes with the issuer's name.
    pub(crate) fn build(
        issuers: Vec<Issuer<C>>,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, Vec<(String, IssuerProblem)>> {
        let mut problems = Vec::new();
        let (mut urls, mut names) = (BTreeSet::new(), BTreeSet::from([OWN_ISSUER.to_owned()]));
        urls.extend(surroundings.own.map(str::to_owned));
        let count = issuers.len() + usize::from(surroundings.own.is_some());
        let mut trusted = Vec::new();
        for issuer in issuers {
            let name = issuer.name.clone().unwrap_or_else(|| issuer.issuer.clone());
            let mut found = issuer.problems();
            if count > 1 && issuer.claims_with.is_none() && !issuer.shares_subjects {
                found.push(IssuerProblem::SharedSubjects);
            }
            if !urls.insert(issuer.issuer.clone()) {
                found.push(IssuerProblem::Repeated);
            } else if name != OWN_ISSUER && !names.insert(name.clone()) {
                found.push(IssuerProblem::RepeatedName);
            }
            if found.is_empty() {
                match Trusted::new(issuer, name.clone(), surroundings) {
                    Ok(issuer) => trusted.push(issuer),
                    Err(problem) => found.push(problem),
                }
            }
            problems.extend(found.into_iter().map(|problem| (name.clone(), problem)));
        }
        let Surroundings { clock, leeway, max_len, .. } = surroundings;
        match problems.is_empty() {
            true => {
                Ok(Self { issuers: trusted, clock: Arc::clone(clock), leeway: *leeway, max_len: *max_len })
            }
            false => Err(problems),
        }
    }

    /// Begins to fetch the keys.
    pub(crate) fn start(&self) {
        for issuer in &self.issuers {
            issuer.keys.start();
        }
    }

    /// The length of the longest token that is accepted, in bytes; 0 without issuers.
    pub(crate) fn longest_token(&self) -> usize {
        if self.is_empty() { 0 } else { self.max_len }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.issuers.is_empty()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.issuers.iter().map(|issuer| &*issuer.name)
    }

    #[cfg(feature = "openapi")]
    pub(crate) fn facts(&self) -> Vec<IssuerFacts> {
        self.issuers.iter().map(Trusted::facts).collect()
    }

    /// Forgets the keys of the issuer of this name, and all that they verified. Returns whether there is such an issuer, with keys that can
    /// be fetched again.
    pub(crate) fn forget_keys(&self, name: &str) -> bool {
        let issuer = self.issuers.iter().find(|issuer| &*issuer.name == name && issuer.is_fetched);
        if let Some(issuer) = issuer {
            issuer.keys.forget();
        }
        issuer.is_some()
    }

    /// Whether the token says that it is from one of these issuers.
    pub(crate) fn claims_to_be_from_one(&self, token: &[u8]) -> bool {
        let issuer = Presented::read(token, self.max_len).and_then(|presented| presented.issuer());
        issuer.is_ok_and(|issuer| self.of(&issuer).is_some())
    }

    fn of(&self, issuer: &str) -> Option<&Trusted<C>> {
        self.issuers.iter().find(|trusted| &*trusted.issuer == issuer)
    }

    /// Verifies a token, and makes the application's claims from it.
    pub(crate) async fn verify(&self, token: &[u8]) -> Result<Accepted<C>, Refusal> {
        let presented = Presented::read(token, self.max_len)?;
        let issuer = self.of(&presented.issuer()?).ok_or(Refusal::UnknownIssuer)?;
        let now = || self.clock.now();
        let (claims, life) = issuer.verified(presented).await?;
        // From here on the token is the issuer's, so the lines in the log are a matter of the configuration and not of any caller.
        let token = issuer.expected(self.leeway).read(claims, now());
        let token = token.inspect_err(|refusal| issuer.tell(refusal, now()))?;
        let claims = issuer.claims(&token, now).await;
        let (claims, claims_until) = claims.inspect_err(|refusal| issuer.tell(refusal, now()))?;
        Ok(Accepted { claims, token, life, claims_until })
    }
}

impl<C: SessionClaims> Issuer<C> {
    /// Everything that is wrong with it by itself.
    fn problems(&self) -> Vec<IssuerProblem> {
        let rules = self.profile.rules();
        let is_secret = |algorithms: &Vec<Algorithm>| {
            algorithms.is_empty() || algorithms.iter().any(|algorithm| algorithm.is_symmetric())
        };
        let is_blank = |text: &String| text.trim().is_empty();
        let name = self.name.as_deref();
        let mapped = self.claims_with.is_none();
        let mapping = || self.mapping(&rules);
        let mut problems: Vec<_> = [
            (self.has_bad_name(), IssuerProblem::Url),
            (self.has_no_fitting_key(), IssuerProblem::NoFittingKey),
            (
                matches!(&self.keys, KeySource::Address(address) if Address::of_document(address).is_err()),
                IssuerProblem::KeysUrl,
            ),
            (name.is_some_and(|name| name == OWN_ISSUER || !is_scope_token(name)), IssuerProblem::Name),
            (rules.has_audience && self.audiences.is_empty(), IssuerProblem::NoAudience),
            (!rules.has_audience && self.clients.is_empty(), IssuerProblem::NoClient),
            (self.audiences.iter().chain(&self.clients).any(is_blank), IssuerProblem::Blank),
            (self.algorithms.as_ref().is_some_and(is_secret), IssuerProblem::Algorithms),
            (matches!(&self.keys, KeySource::AtHand(keys) if !keys.is_public()), IssuerProblem::Keys),
            (!matches!(self.keys, KeySource::AtHand(_)) && self.fetch.is_none(), IssuerProblem::NoFetch),
            (mapped && mapping().lacks_roles(), IssuerProblem::NoRoles),
            (
                self.remembered < Duration::from_secs(1) || self.remembered > LONGEST_REMEMBERED,
                IssuerProblem::Remember,
            ),
        ]
        .into_iter()
        .filter_map(|(is_made, problem)| is_made.then_some(problem))
        .collect();
        let places = [&self.subject, &self.roles, &self.scopes].into_iter().flatten();
        let places = places.chain(self.moved.iter().map(|(_, place)| place));
        problems.extend(places.filter(|place| !is_pointer(place)).cloned().map(IssuerProblem::Pointer));
        let is_reserved =
            |name: &str| REGISTERED.contains(&name) || matches!(name, "sub" | "roles" | "scope");
        let reserved = self.moved.iter().filter(|(name, _)| is_reserved(name));
        problems.extend(reserved.map(|(name, _)| IssuerProblem::ReservedClaim(name.clone())));
        problems
    }

    /// Where the keys are discovered, the `iss` is an address. Elsewhere it is any text (RFC 7519 section 4.1.1).
    fn has_bad_name(&self) -> bool {
        match &self.keys {
            KeySource::Discovery => Address::of_issuer(&self.issuer).is_err(),
            _ => {
                self.issuer.is_empty() || self.issuer.chars().any(|it| it.is_control() || it.is_whitespace())
            }
        }
    }

    fn has_no_fitting_key(&self) -> bool {
        match (&self.keys, &self.algorithms) {
            (KeySource::AtHand(keys), Some(algorithms)) => {
                let are_public = algorithms.iter().all(|algorithm| !algorithm.is_symmetric());
                let can_be_asked = !algorithms.is_empty() && are_public && keys.is_public();
                can_be_asked && !keys.keys().iter().any(|key| algorithms.contains(&key.algorithm()))
            }
            _ => false,
        }
    }

    fn mapping(&self, rules: &Rules) -> Mapping<C> {
        let places = [self.subject.clone(), self.roles.clone(), self.scopes.clone()];
        Mapping::new(rules, places, self.renamed.clone(), self.moved.clone())
    }
}

/// RFC 6901 section 3. A name without letters between two slashes is one that was meant to have them inside, as a URL does.
fn is_pointer(place: &str) -> bool {
    let mut escapes = place.split('~').skip(1);
    place.starts_with('/')
        && !place.contains("//")
        && escapes.all(|rest| rest.starts_with('0') || rest.starts_with('1'))
}

impl<C: SessionClaims> Trusted<C> {
    fn new(issuer: Issuer<C>, name: String, surroundings: &Surroundings<'_>) -> Result<Self, IssuerProblem> {
        let rules = issuer.profile.rules();
        let mapping = issuer.mapping(&rules);
        let algorithms = issuer.algorithms.unwrap_or_else(|| PUBLIC.to_vec());
        let is_discovered = matches!(issuer.keys, KeySource::Discovery);
        let is_fetched = !matches!(issuer.keys, KeySource::AtHand(_));
        let clock = Arc::clone(&surroundings.clock);
        let remote = match (issuer.keys, issuer.fetch) {
            (KeySource::AtHand(keys), _) => Err(PublishedSet::of_keys(keys.keys().iter().cloned())),
            (_, None) => return Err(IssuerProblem::NoFetch),
            (KeySource::Discovery, Some(fetch)) => {
                Ok(Remote::discover(&issuer.issuer, algorithms.clone(), fetch)
                    .map_err(|_| IssuerProblem::Url)?)
            }
            (KeySource::Address(address), Some(fetch)) => {
                Ok(Remote::keys_at(&address, algorithms.clone(), fetch)
                    .map_err(|_| IssuerProblem::KeysUrl)?)
            }
        };
        let keys = match remote {
            Ok(remote) => IssuerKeys::remote(&*name, remote, clock),
            Err(at_hand) => IssuerKeys::at_hand(&*name, at_hand, clock),
        };
        Ok(Self {
            issuer: issuer.issuer.into(),
            name: name.into(),
            profile: issuer.profile,
            rules,
            audiences: issuer.audiences,
            clients: issuer.clients,
            algorithms,
            keys,
            mapping,
            claims_with: issuer.claims_with,
            remembered: issuer.remembered,
            told: Mutex::default(),
            is_discovered,
            is_fetched,
            sign_in: issuer.sign_in,
        })
    }

    #[cfg(feature = "openapi")]
    fn facts(&self) -> IssuerFacts {
        IssuerFacts {
            name: self.name.to_string(),
            issuer: self.issuer.to_string(),
            profile: self.profile,
            is_discovered: self.is_discovered,
            sign_in: self.sign_in.clone(),
            client: self.clients.first().cloned(),
        }
    }

    /// Verifies the signature. Returns the payload, and the life of the key.
    async fn verified(&self, presented: Presented<'_>) -> Result<(Map<String, Value>, KeyLife), Refusal> {
        if !self.rules.fits_type(&presented) {
            return Err(Refusal::Type);
        }
        let algorithm = presented.algorithm();
        if !self.algorithms.contains(&algorithm) {
            return Err(Refusal::Algorithm);
        }
        let VerifyingKey { key, life } = match self.keys.find_or_fetch(presented.kid(), algorithm).await {
            Found::Key(found) => found,
            other => {
                let refusal = other.retry_after().map_or(Refusal::UnknownKey, Refusal::NoKeys);
                // The failure itself is logged once, by the fetch.
                tracing::debug!(target: TARGET, issuer = &*self.name, error = %refusal, "a token cannot be verified now");
                return Err(refusal);
            }
        };
        Ok((presented.verify(&key)?, life))
    }

    fn expected(&self, leeway: Duration) -> Expected<'_> {
        Expected {
            issuer: &self.issuer,
            name: &self.name,
            rules: &self.rules,
            audiences: &self.audiences,
            clients: &self.clients,
            leeway,
        }
    }

    /// Logs why a verified token is refused: once a minute for each cause, since clients repeat their requests. Tokens end, which is no cause.
    fn tell(&self, refusal: &Refusal, now: Timestamp) {
        if matches!(refusal, Refusal::Expired | Refusal::NotYetValid) {
            return;
        }
        {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            match told.iter_mut().find(|(reason, _)| *reason == refusal.reason()) {
                Some((_, at)) if now.since(*at) < TOLD_FOR => return,
                Some((_, at)) => *at = now,
                None => told.push((refusal.reason(), now)),
            }
        }
        let issuer = &*self.name;
        if refusal.is_outage() {
            tracing::error!(target: TARGET, issuer, error = %refusal, "the claims of a user could not be read");
        } else {
            tracing::warn!(target: TARGET, issuer, error = %refusal, "a verified token was refused");
        }
    }

    async fn claims(
        &self,
        token: &IssuerToken,
        now: impl Fn() -> Timestamp,
    ) -> Result<(C, Option<Timestamp>), Refusal> {
        let Some(claims_with) = &self.claims_with else { return Ok((self.mapping.of(token)?, None)) };
        // Counted from before the question, since the answer may be as old as that.
        let until = now() + self.remembered;
        match claims_with(token.clone()).await {
            Ok(Some(claims)) => Ok((claims, Some(until))),
            Ok(None) => Err(Refusal::UnknownUser),
            Err(error) => Err(Refusal::Source(OneLine(&*error).to_string())),
        }
    }
}
