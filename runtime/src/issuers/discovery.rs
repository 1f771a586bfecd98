//! Where the keys of an issuer are, and how they are read: at a given address, or at the one that its discovery document names (OpenID
//! Connect Discovery 1.0 section 4, RFC 8414).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use headers::{Age, CacheControl, HeaderMapExt as _};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::address::{Address, AddressError};
use super::failure::Failure;
use super::fetch::{AnyFetch, FetchError, FetchRequest};
use super::published::PublishedSet;
use crate::clock::{Clock, Timestamp};
use crate::token::Algorithm;

/// How long the address of the keys is believed. It is read again, too, when there is nothing at that address.
const REREAD: Duration = Duration::from_secs(24 * 60 * 60);

/// The least, the most and the usual age of a set.
const LEAST_AGE: Duration = Duration::from_secs(60);
const MOST_AGE: Duration = Duration::from_secs(24 * 60 * 60);
const USUAL_AGE: Duration = Duration::from_secs(10 * 60);

/// The place from which the keys of one issuer are fetched.
pub(crate) struct Remote {
    place: Place,
    algorithms: Vec<Algorithm>,
    fetch: Box<dyn AnyFetch>,
    found: Mutex<Finding>,
}

/// What discovery found.
#[derive(Clone, Default)]
struct Finding {
    /// How often it was forgotten. What was read before the last time does not count.
    epoch: u64,
    /// The address of the keys, and when it was read.
    keys: Option<(Address, Timestamp)>,
}

enum Place {
    Keys(Address),
    Discovery(Address),
}

/// A set that was read, and how long it is good.
pub(super) struct Loaded {
    pub(super) set: PublishedSet,
    pub(super) age: Duration,
}

/// The members of a discovery document that count. One that occurs twice is an error.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    jwks_uri: String,
}

struct Download {
    body: Vec<u8>,
    headers: HeaderMap,
}

impl Remote {
    /// Finds the keys through the discovery document of `issuer`, which has to name this issuer to the letter.
    pub(crate) fn discover(
        issuer: &str,
        algorithms: Vec<Algorithm>,
        fetch: Box<dyn AnyFetch>,
    ) -> Result<Self, AddressError> {
        Ok(Self::new(Place::Discovery(Address::of_issuer(issuer)?), algorithms, fetch))
    }

    /// Takes the keys from this address.
    pub(crate) fn keys_at(
        url: &str,
        algorithms: Vec<Algorithm>,
        fetch: Box<dyn AnyFetch>,
    ) -> Result<Self, AddressError> {
        Ok(Self::new(Place::Keys(Address::of_document(url)?), algorithms, fetch))
    }

    fn new(place: Place, algorithms: Vec<Algorithm>, fetch: Box<dyn AnyFetch>) -> Self {
        Self { place, algorithms, fetch, found: Mutex::default() }
    }

    /// Reads the keys, and where they are if that is not known. It has one time limit for all of it; what discovery found until then is
    /// kept.
    pub(super) async fn load(&self, clock: &dyn Clock) -> Result<Loaded, Failure> {
        within_time_limit(self.load_slowly(clock)).await.unwrap_or(Err(FetchError::TimedOut.into()))
    }

    /// Makes the next fetch ask where the keys are.
    pub(super) fn forget(&self) {
        let mut found = self.found();
        *found = Finding { epoch: found.epoch + 1, keys: None };
    }

    fn found(&self) -> MutexGuard<'_, Finding> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn load_slowly(&self, clock: &dyn Clock) -> Result<Loaded, Failure> {
        let issuer = match &self.place {
            Place::Keys(address) => return self.load_from(address).await,
            Place::Discovery(issuer) => issuer,
        };
        let now = clock.now();
        let Finding { epoch, keys } = self.found().clone();
        // A clock that was set back says nothing about the age.
        let is_recent = |at: Timestamp| now >= at && now.since(at) < REREAD;
        let known = match keys {
            Some((address, at)) if is_recent(at) => Some(address),
            Some((address, _)) => match self.discover_from(issuer, now, epoch).await {
                Err(failure) if failure.is_outage() => Some(address),
                // Without the address of a document that is refused now, and with the one of a document that was read now.
                Err(refused) => return Err(refused),
                Ok(address) => return self.load_from(&address).await,
            },
            None => None,
        };
        if let Some(address) = known {
            match self.load_from(&address).await {
                // The keys have moved, perhaps.
                Err(failure) if failure.is_gone() => {}
                loaded => return loaded,
            }
        }
        self.load_from(&self.discover_from(issuer, now, epoch).await?).await
    }

    async fn load_from(&self, address: &Address) -> Result<Loaded, Failure> {
        let Download { body, headers } = self.download(address).await?;
        Ok(Loaded { set: PublishedSet::read(&body, &self.algorithms)?, age: age_of(&headers) })
    }

    /// Reads where the keys are, and remembers it.
    async fn discover_from(&self, issuer: &Address, now: Timestamp, epoch: u64) -> Result<Address, Failure> {
        let [first, second] = issuer.discovery_documents();
        let document = match self.discovery_document(&first).await {
            // An authorization server without OpenID Connect. If it has neither, the first answer is the one to log.
            Err(failure) if failure.is_gone() => {
                self.discovery_document(&second).await.map_err(|_| failure)?
            }
            document => document?,
        };
        if document.issuer != issuer.as_str() {
            return Err(Failure::OtherIssuer {
                expected: issuer.as_str().to_owned(),
                found: document.issuer,
            });
        }
        let refused = |error| Failure::Keys { found: document.jwks_uri.clone(), error };
        let address = Address::of_document(&document.jwks_uri).map_err(|error| refused(error.message()))?;
        // Only an issuer on this machine may have its keys there without TLS.
        if !address.is_secure() && !issuer.is_loopback() {
            return Err(refused(AddressError::Insecure.message()));
        }
        let mut found = self.found();
        if found.epoch == epoch {
            found.keys = Some((address.clone(), now));
        }
        drop(found);
        Ok(address)
    }

    async fn discovery_document(&self, url: &str) -> Result<Document, Failure> {
        let address = Address::of_document(url)
            .map_err(|error| Failure::Keys { found: url.to_owned(), error: error.message() })?;
        let Download { body, .. } = self.download(&address).await?;
        serde_json::from_slice(&body).map_err(Failure::Document)
    }

    /// The answer of exactly this place, within the limits.
    async fn download(&self, address: &Address) -> Result<Download, Failure> {
        let fetched = self.fetch.get(FetchRequest::new(address.as_str())).await?;
        let is_elsewhere = fetched.url.as_deref().is_some_and(|url| !address.has_origin_of(url));
        if fetched.status.is_redirection() || is_elsewhere {
            return Err(FetchError::Redirected.into());
        }
        if fetched.status != StatusCode::OK {
            return Err(Failure::Status(fetched.status));
        }
        if fetched.body.len() > FetchRequest::MAX_BYTES {
            return Err(FetchError::TooLarge.into());
        }
        Ok(Download { body: fetched.body, headers: fetched.headers })
    }
}

/// How long a set with these headers is good: what is left of `max-age` (RFC 9111 section 4.2), within limits. An issuer that wants no
/// caching at all is asked once a minute.
fn age_of(headers: &HeaderMap) -> Duration {
    let max_age = match headers.typed_get::<CacheControl>() {
        Some(control) if control.no_store() || control.no_cache() => Some(Duration::ZERO),
        Some(control) => control.max_age(),
        None => None,
    };
    let passed = headers.typed_get::<Age>().map_or(Duration::ZERO, |age| Duration::from_secs(age.as_secs()));
    max_age.map_or(USUAL_AGE, |max_age| max_age.saturating_sub(passed)).clamp(LEAST_AGE, MOST_AGE)
}

/// What the work returns; `None` if the time is over. Without a runtime of tokio there is no timer, and the client has to keep the limit.
#[cfg(not(target_family = "wasm"))]
async fn within_time_limit<T>(work: impl Future<Output = T>) -> Option<T> {
    if tokio::runtime::Handle::try_current().is_err() {
        return Some(work.await);
    }
    tokio::time::timeout(FetchRequest::TIME_LIMIT, work).await.ok()
}

#[cfg(target_family = "wasm")]
async fn within_time_limit<T>(work: impl Future<Output = T>) -> Option<T> {
    Some(work.await)
}
