//! Sessions as the rest of the crate uses them, and how their refresh tokens are exchanged.

use std::fmt;
use std::future::{Future, ready};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::cache::LiveCache;
use super::feed::{DEFAULT_MEMORY, Feed};
use super::outage::KnowsOutages;
use super::rotation::{ExchangeTimes, Transition, confirmed, present, reauthenticate};
use super::{ErasedStore, Owner, PartitionSalt, Replaced, SessionStore};
use super::{ReuseKind, SessionError, SessionId, SessionPolicy, SessionRecord, Successors, TokenHash};
use crate::clock::{Clock, Timestamp};
use crate::log::TARGET;

/// How long the salt of the store is known without another question.
const SALT_IS_KNOWN: Duration = Duration::from_secs(60);

/// A conflict means that a concurrent request wrote first. Few can: after another refresh there is nothing left to write, the
/// last use is written once in every touch interval however many requests look, and access tokens are rarely expired.
pub(super) const COMMIT_ATTEMPTS: u32 = 8;

/// The sessions of an application.
///
/// An exchange has two halves. [`prepare`](Self::prepare) decides and writes nothing. Then the caller reads the claims for the
/// new tokens. [`commit`](Self::commit) makes the tokens and writes. A failure before the write consumes nothing.
pub struct Sessions {
    pub(super) store: Arc<dyn ErasedStore>,
    pub(super) policy: SessionPolicy,
    pub(super) cache: Option<LiveCache>,
    pub(super) feed: Feed,
    pub(super) clock: Arc<dyn Clock>,
    latest: AtomicI64,
    salt: RwLock<Option<(PartitionSalt, Timestamp)>>,
}

impl Sessions {
    /// Takes the store, the clock and the rules.
    pub fn new(store: impl SessionStore, clock: Arc<dyn Clock>, policy: SessionPolicy) -> Self {
        Self::erased(Arc::new(KnowsOutages::new(store)), clock, policy)
    }

    pub(crate) fn erased(store: Arc<dyn ErasedStore>, clock: Arc<dyn Clock>, policy: SessionPolicy) -> Self {
        Self {
            store,
            policy,
            cache: None,
            feed: Feed::new(DEFAULT_MEMORY),
            clock,
            latest: AtomicI64::new(i64::MIN),
            salt: RwLock::default(),
        }
    }

    /// A user, with the partition in which the store keeps the sessions of this user.
    pub(super) async fn owner<'a>(&self, user_id: &'a str) -> Result<Owner<'a>, SessionError> {
        Ok(Owner::new(&self.salt().await?, user_id))
    }

    /// The salt that the store keeps.
    ///
    /// It is proposed again now and then. A store that lost everything then gets it back, and servers whose salts differ since agree.
    pub(super) async fn salt(&self) -> Result<PartitionSalt, SessionError> {
        let now = self.now();
        let known = *self.salt.read().unwrap_or_else(PoisonError::into_inner);
        let proposed = match known {
            Some((salt, read)) if now.since(read) < SALT_IS_KNOWN => return Ok(salt),
            Some((salt, _)) => salt,
            None => PartitionSalt::generate()?,
        };
        let salt = self.store.salt(proposed).await?;
        if known.is_some_and(|(before, _)| before != salt) {
            tracing::error!(target: TARGET, "the session store has lost its content: sessions that were opened since may not be listed");
        }
        *self.salt.write().unwrap_or_else(PoisonError::into_inner) = Some((salt, now));
        Ok(salt)
    }

    /// The latest time that the clock has shown, so that an ended session does not come back when the clock steps back.
    pub(crate) fn now(&self) -> Timestamp {
        let reading = self.clock.now().unix();
        Timestamp::from_unix(self.latest.fetch_max(reading, Ordering::Relaxed).max(reading))
    }

    /// Decides about the refresh token `presented` of the session `id`. Only a reuse writes: it ends the session.
    ///
    /// The caller has verified that the token was signed for this session. `successors` are the tokens that may replace it. They must
    /// be derived from `presented`, so that a retry names the same ones.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unknown`], [`SessionError::Expired`], [`SessionError::Reused`] and [`SessionError::Unrepeatable`] refuse
    /// the token (`invalid_grant`, RFC 6749 section 5.2). After [`SessionError::Store`] nothing is known about it. After
    /// [`SessionError::NotEnded`] the token is an old one, but the session goes on.
    pub async fn prepare(
        &self,
        id: &SessionId,
        presented: &TokenHash,
        successors: impl Into<Successors>,
    ) -> Result<Prepared, SessionError> {
        let (presented, successors) = (presented.clone(), successors.into());
        self.decided(id, Trigger::Refresh { presented, successors }).await
    }

    /// Returns the session `id` if its refresh token `presented` could be exchanged now, without an exchange. Only a reuse writes, and
    /// the first presentation of a token whose answer [might have been lost](SessionRecord::may_be_lost).
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare), and [`SessionError::Contended`]. A token whose answer was lost has to be refreshed first, and is
    /// [`SessionError::Unrepeatable`]: while nothing is written, it would be good here for ever.
    pub(crate) async fn examine(
        &self,
        id: &SessionId,
        presented: &TokenHash,
        successors: Successors,
    ) -> Result<SessionRecord, SessionError> {
        let trigger = Trigger::Refresh { presented: presented.clone(), successors };
        for _ in 0..COMMIT_ATTEMPTS {
            let record = self.load(id).await?;
            let now = self.now();
            match self.decide(&record, &trigger, now).await?.outcome {
                Outcome::Recovered => return Err(SessionError::Unrepeatable),
                Outcome::Rotated | Outcome::Kept if record.may_be_lost => {
                    let version = record.version;
                    let next = confirmed(&record, now);
                    if self.store.replace(next.clone(), version).await? == Replaced::Yes {
                        return Ok(next);
                    }
                }
                _ => return Ok(record),
            }
        }
        Err(SessionError::Contended)
    }

    /// Decides whether the session `id` can go on with new tokens after its user has reauthenticated. Its
    /// [`authenticated_at`](SessionRecord::authenticated_at) then moves to now. Nothing is written before
    /// [`commit`](Self::commit).
    ///
    /// `fresh` is the hash of the session's next refresh token, which must be derived from no other. The current one can then no
    /// longer be exchanged: inside the window it is [`SessionError::Unrepeatable`], after it a reuse.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unknown`] and [`SessionError::Expired`] when the session has ended, and [`SessionError::Store`].
    pub async fn reauthenticate(&self, id: &SessionId, fresh: &TokenHash) -> Result<Prepared, SessionError> {
        self.decided(id, Trigger::Reauthentication { fresh: fresh.clone() }).await
    }

    async fn decided(&self, id: &SessionId, trigger: Trigger) -> Result<Prepared, SessionError> {
        let loaded = self.load(id).await?;
        let arrived = self.now();
        let decided = self.decide(&loaded, &trigger, arrived).await?;
        Ok(Prepared { loaded, decided, trigger, arrived })
    }

    async fn load(&self, id: &SessionId) -> Result<SessionRecord, SessionError> {
        self.store.load(id).await?.ok_or(SessionError::Unknown)
    }

    async fn decide(
        &self,
        record: &SessionRecord,
        trigger: &Trigger,
        arrived: Timestamp,
    ) -> Result<Decided, SessionError> {
        let now = self.now();
        let transition = match trigger {
            Trigger::Refresh { presented, successors } => {
                let times = ExchangeTimes { arrived, now };
                present(record, presented, successors.clone(), times, &self.policy)
            }
            Trigger::Reauthentication { fresh } => reauthenticate(record, fresh, now, &self.policy),
        };
        match transition {
            Transition::Rotate(next) => Ok(Decided::written(*next, Outcome::Rotated)),
            Transition::Recover(next) => Ok(Decided::written(*next, Outcome::Recovered)),
            Transition::Confirm(next) => Ok(Decided::written(*next, Outcome::Kept)),
            Transition::Repeat => Ok(Decided::unwritten(record.clone(), Outcome::Repeated)),
            Transition::Keep => Ok(Decided::unwritten(record.clone(), Outcome::Kept)),
            Transition::Unrepeatable => Err(SessionError::Unrepeatable),
            Transition::Expired => Err(SessionError::Expired),
            Transition::Reuse(kind) => Err(self.end_after_reuse(&record.id, kind).await),
        }
    }

    async fn end_after_reuse(&self, id: &SessionId, kind: ReuseKind) -> SessionError {
        match self.end_each(&[*id]).await {
            Ok(_) => SessionError::Reused(kind),
            Err(SessionError::Store(cause)) => SessionError::NotEnded { kind, cause },
            Err(error) => error,
        }
    }

    /// Makes the new tokens with `mint` and writes the exchange. The tokens are returned only once it is written.
    ///
    /// The decision is taken again, because reading the claims since [`prepare`](Self::prepare) may have taken long: expiry and
    /// the times of the new token count from now, and the window counts from when the token was presented. `mint` gets the
    /// record, from which it takes the times of the refresh token, and which token to make. When a concurrent refresh of the same
    /// session writes first, the decision and `mint` are repeated.
    ///
    /// # Errors
    ///
    /// The error of `mint`, after which nothing was written. [`SessionError::Contended`] also when the user's access tokens were
    /// [expired](Self::expire_access_tokens) since [`prepare`](Self::prepare), because the claims that the caller read may be
    /// older. Otherwise as [`prepare`](Self::prepare).
    pub async fn commit<T, E>(
        &self,
        prepared: Prepared,
        mut mint: impl FnMut(&SessionRecord, Outcome) -> Result<T, E> + Send,
    ) -> Result<T, E>
    where
        T: Send,
        E: From<SessionError> + Send,
    {
        self.commit_with(prepared, |record, outcome| ready(mint(&record, outcome))).await
    }

    /// As [`commit`](Self::commit), where `mint` may wait, for a signature that is made elsewhere.
    pub(crate) async fn commit_with<T, E, Minting>(
        &self,
        prepared: Prepared,
        mut mint: impl FnMut(SessionRecord, Outcome) -> Minting + Send,
    ) -> Result<T, E>
    where
        T: Send,
        E: From<SessionError> + Send,
        Minting: Future<Output = Result<T, E>> + Send,
    {
        let Prepared { loaded, decided, trigger, arrived } = prepared;
        let (id, not_before) = (loaded.id, loaded.access_not_before);
        // A conditional write detects a change of the record. Where nothing is written that would show it, the record is read again.
        let mut known = Some(loaded).filter(|_| decided.is_written);
        for _ in 0..COMMIT_ATTEMPTS {
            let current = match known.take() {
                Some(record) => record,
                None => self.load(&id).await?,
            };
            if current.access_not_before != not_before {
                return Err(SessionError::Contended.into());
            }
            let Decided { record, outcome, is_written } = self.decide(&current, &trigger, arrived).await?;
            let minted = mint(record.clone(), outcome).await?;
            if !is_written {
                if outcome == Outcome::Kept {
                    self.touched(record).await;
                }
                return Ok(minted);
            }
            let written = self.store.replace(record, current.version).await;
            if written.map_err(SessionError::Store)? == Replaced::Yes {
                return Ok(minted);
            }
        }
        Err(SessionError::Contended.into())
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// An exchange that is decided but not yet written.
#[derive(Debug)]
#[must_use = "an exchange takes effect with `Sessions::commit`"]
pub struct Prepared {
    loaded: SessionRecord,
    decided: Decided,
    trigger: Trigger,
    arrived: Timestamp,
}

/// The reason for new tokens.
#[derive(Debug)]
enum Trigger {
    /// A refresh token was presented. The `successors` are derived from it.
    Refresh { presented: TokenHash, successors: Successors },
    /// The user has reauthenticated. `fresh` is random.
    Reauthentication { fresh: TokenHash },
}

/// The record after an exchange, and whether it has to be written.
#[derive(Debug)]
struct Decided {
    record: SessionRecord,
    outcome: Outcome,
    is_written: bool,
}

impl Decided {
    fn written(record: SessionRecord, outcome: Outcome) -> Self {
        Self { record, outcome, is_written: true }
    }

    fn unwritten(record: SessionRecord, outcome: Outcome) -> Self {
        Self { record, outcome, is_written: false }
    }
}

impl Prepared {
    /// The session as [`commit`](Sessions::commit) will write it, except for the times.
    pub fn record(&self) -> &SessionRecord {
        &self.decided.record
    }

    /// When the token was presented or the user reauthenticated. The caller reads the claims after this time.
    pub(crate) fn arrived(&self) -> Timestamp {
        self.arrived
    }
}

/// The refresh token that the client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The successor, for the first time.
    Rotated,
    /// Another successor, for the first time: it displaces one that was never presented. See
    /// [`Rotation::recover_lost_answers`](super::Rotation::recover_lost_answers).
    Recovered,
    /// The successor, as it was given out before, the [`current`](SessionRecord::current) token of the record: the same record gives
    /// the same bytes.
    Repeated,
    /// The token that was presented; see [`Rotation::NearExpiry`](super::Rotation::NearExpiry).
    Kept,
}

#[cfg(test)]
mod tests;
