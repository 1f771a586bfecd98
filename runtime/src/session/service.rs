//! Sessions as the rest of the crate uses them: opened, exchanged, listed, ended.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::rotation::{Moment, Step, present};
use super::{ReuseKind, SessionId, SessionMetadata, SessionPolicy, SessionRecord, TokenHash};
use crate::TARGET;
use crate::clock::{Clock, Timestamp};
use crate::store::{ErasedStore, Replaced, SessionStore, StoreError};

/// A conflict means that another refresh won, after which this one has nothing left to write: one repetition is enough
/// for every store that keeps its promise.
const COMMIT_ATTEMPTS: u32 = 3;

/// The sessions of an application.
///
/// An exchange has two halves. [`prepare`](Self::prepare) decides and writes nothing; then the caller reads whatever it needs
/// to make new tokens; [`commit`](Self::commit) makes them and writes. Whatever fails before the write consumes nothing.
pub struct Sessions {
    store: Arc<dyn ErasedStore>,
    clock: Arc<dyn Clock>,
    policy: SessionPolicy,
    latest: AtomicI64,
}

impl Sessions {
    /// Takes the store, the clock and the rules.
    pub fn new(store: impl SessionStore, clock: Arc<dyn Clock>, policy: SessionPolicy) -> Self {
        Self::erased(Arc::new(store), clock, policy)
    }

    pub(crate) fn erased(store: Arc<dyn ErasedStore>, clock: Arc<dyn Clock>, policy: SessionPolicy) -> Self {
        Self { store, clock, policy, latest: AtomicI64::new(i64::MIN) }
    }

    /// The latest time that the clock has shown: when it steps back, nothing that has ended lives again.
    pub(crate) fn now(&self) -> Timestamp {
        let reading = self.clock.now().unix();
        Timestamp::from_unix(self.latest.fetch_max(reading, Ordering::Relaxed).max(reading))
    }

    /// Starts a session for a user who has just signed in, always under a new identifier.
    ///
    /// `token` is the hash of the session's first refresh token. The record that comes back has the session's identifier
    /// and the times for the tokens.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`], and [`SessionError::Randomness`] when no identifier could be made.
    pub async fn open(
        &self,
        user_id: &str,
        token: TokenHash,
        metadata: SessionMetadata,
    ) -> Result<SessionRecord, SessionError> {
        let now = self.now();
        let lifetimes = self.policy.lifetimes;
        let absolute_end = now + lifetimes.absolute_ttl;
        let idle_end = lifetimes.idle_end(now, absolute_end);
        let mut record =
            SessionRecord::new(SessionId::generate()?, user_id, token, now, idle_end, absolute_end);
        record.metadata = metadata;
        self.store.insert(record.clone()).await?;
        Ok(record)
    }

    /// Decides what becomes of the session `id` when the refresh token `presented` is used. Only a reuse writes: it ends the
    /// session.
    ///
    /// Whoever calls this has verified that the token was signed for this session. `successor` is the hash of the token that
    /// is to replace it, and is derived from it, so that a retry names the same one.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unknown`], [`SessionError::Expired`], [`SessionError::Reused`] and [`SessionError::Unrepeatable`] refuse
    /// the token (`invalid_grant`, RFC 6749 section 5.2); [`SessionError::Store`] says nothing about it.
    pub async fn prepare(
        &self,
        id: &SessionId,
        presented: &TokenHash,
        successor: &TokenHash,
    ) -> Result<Prepared, SessionError> {
        let loaded = self.load(id).await?;
        let arrived = self.now();
        let (record, outcome) = self.decide(&loaded, presented, successor, arrived).await?;
        let (presented, successor) = (presented.clone(), successor.clone());
        Ok(Prepared { loaded, record, outcome, presented, successor, arrived })
    }

    async fn load(&self, id: &SessionId) -> Result<SessionRecord, SessionError> {
        self.store.load(id).await?.ok_or(SessionError::Unknown)
    }

    async fn decide(
        &self,
        record: &SessionRecord,
        presented: &TokenHash,
        successor: &TokenHash,
        arrived: Timestamp,
    ) -> Result<(SessionRecord, Outcome), SessionError> {
        let moment = Moment { arrived, now: self.now() };
        match present(record, presented, successor, moment, &self.policy) {
            Step::Rotate(next) => Ok((*next, Outcome::Rotated)),
            Step::Repeat => Ok((record.clone(), Outcome::Repeated)),
            Step::Keep => Ok((record.clone(), Outcome::Kept)),
            Step::Unrepeatable => Err(SessionError::Unrepeatable),
            Step::Expired => Err(SessionError::Expired),
            Step::Reuse(kind) => Err(self.end_after_reuse(&record.id, kind).await),
        }
    }

    async fn end_after_reuse(&self, id: &SessionId, kind: ReuseKind) -> SessionError {
        let removed = self.store.remove(id).await;
        tracing::warn!(
            target: TARGET,
            event = "refresh_token_reused",
            kind = kind.as_str(),
            session = %id,
            ended = removed.is_ok(),
            "an old refresh token was presented"
        );
        match removed {
            Ok(_) => SessionError::Reused(kind),
            Err(cause) => SessionError::Store(cause),
        }
    }

    /// Makes the new tokens with `mint` and writes the exchange; the tokens are handed out only when it is written.
    ///
    /// The decision is taken anew, and for an exchange that writes nothing with the record of now: whatever the caller did
    /// since [`prepare`](Self::prepare) may have taken long. Expiry and new times count from now; whether a retry was in the
    /// window counts from when it arrived. `mint` gets the record from which the
    /// refresh token's times are taken, and which token to make. When another refresh of the same session was faster, all of
    /// that happens again.
    ///
    /// # Errors
    ///
    /// What `mint` refuses, after which nothing was written; else as [`prepare`](Self::prepare).
    pub async fn commit<T, E>(
        &self,
        prepared: Prepared,
        mut mint: impl FnMut(&SessionRecord, Outcome) -> Result<T, E> + Send,
    ) -> Result<T, E>
    where
        T: Send,
        E: From<SessionError> + Send,
    {
        let Prepared { loaded, outcome, presented, successor, arrived, .. } = prepared;
        let id = loaded.id.clone();
        // A rotation notices a change of the record when it writes; the others have to look.
        let mut known = Some(loaded).filter(|_| outcome == Outcome::Rotated);
        for _ in 0..COMMIT_ATTEMPTS {
            let current = match known.take() {
                Some(record) => record,
                None => self.load(&id).await?,
            };
            let (record, outcome) = self.decide(&current, &presented, &successor, arrived).await?;
            let minted = mint(&record, outcome)?;
            if outcome != Outcome::Rotated {
                return Ok(minted);
            }
            let written = self.store.replace(record, current.version).await;
            if written.map_err(SessionError::Store)? == Replaced::Yes {
                return Ok(minted);
            }
        }
        Err(SessionError::Contended.into())
    }

    /// The session `id`, unless it has ended.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn live(&self, id: &SessionId) -> Result<Option<SessionRecord>, SessionError> {
        let record = self.store.load(id).await?;
        let now = self.now();
        Ok(record.filter(|record| !record.is_expired(now)))
    }

    /// The sessions of a user that have not ended, the newest first.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn list(&self, user_id: &str) -> Result<Vec<SessionRecord>, SessionError> {
        let mut records = self.store.list(user_id).await?;
        let now = self.now();
        records.retain(|record| !record.is_expired(now));
        records.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| a.id.cmp(&b.id)));
        Ok(records)
    }

    /// Ends the session `id`; that there is none is as good.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn end(&self, id: &SessionId) -> Result<(), SessionError> {
        self.store.remove(id).await?;
        Ok(())
    }

    /// Ends the session `id` if it belongs to `user_id`, and says whether it did. Another user's session and one that does
    /// not exist look alike.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn revoke(&self, user_id: &str, id: &SessionId) -> Result<bool, SessionError> {
        match self.live(id).await? {
            Some(record) if record.user_id == user_id => Ok(self.store.remove(id).await?),
            _ => Ok(false),
        }
    }

    /// Ends every session of a user, but for `except`, and says how many.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn end_all(&self, user_id: &str, except: Option<&SessionId>) -> Result<u64, SessionError> {
        Ok(self.store.remove_all(user_id, except).await?)
    }

    /// Removes what has ended, and says how many; call it now and then.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn purge_expired(&self) -> Result<u64, SessionError> {
        Ok(self.store.purge_expired(self.now()).await?)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// An exchange that was decided and is not yet written.
#[derive(Debug)]
#[must_use = "an exchange takes effect with `Sessions::commit`"]
pub struct Prepared {
    loaded: SessionRecord,
    record: SessionRecord,
    outcome: Outcome,
    presented: TokenHash,
    successor: TokenHash,
    arrived: Timestamp,
}

impl Prepared {
    /// The session as it will be, but for the times.
    pub fn record(&self) -> &SessionRecord {
        &self.record
    }
}

/// Which refresh token the client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The successor, for the first time.
    Rotated,
    /// The successor, as it was given out before: from the same record come the same bytes.
    Repeated,
    /// The token that was presented; see [`Rotation::NearExpiry`](super::Rotation::NearExpiry).
    Kept,
}

/// Why there is no session, or no new one.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// There is no such session, or no longer.
    Unknown,
    /// The session has reached its idle or its absolute limit.
    Expired,
    /// An old refresh token was presented, and the session was ended for it (RFC 9700 section 4.14.2).
    Reused(ReuseKind),
    /// A retry inside the window cannot be answered with the same successor, because another was derived for it; the session
    /// goes on.
    Unrepeatable,
    /// The store reported one conflict after the other; nothing was written.
    Contended,
    /// The system had no random numbers to give.
    Randomness(Box<dyn Error + Send + Sync>),
    /// The store failed.
    Store(StoreError),
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "there is no such session",
            Self::Expired => "the session has expired",
            Self::Reused(_) => "an old refresh token was used again, and the session was ended",
            Self::Unrepeatable => "the refresh cannot be repeated",
            Self::Contended => "the session was changed by others again and again",
            Self::Randomness(_) => "the system has no random numbers to give",
            Self::Store(_) => "the session store is unavailable",
        })
    }
}

impl Error for SessionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Randomness(cause) => Some(cause.as_ref()),
            Self::Store(cause) => Some(cause),
            _ => None,
        }
    }
}

impl From<StoreError> for SessionError {
    fn from(cause: StoreError) -> Self {
        Self::Store(cause)
    }
}

#[cfg(test)]
mod tests;
