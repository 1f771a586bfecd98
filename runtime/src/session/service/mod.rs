//! Sessions as the rest of the crate uses them, and how their refresh tokens are exchanged.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::cache::LiveCache;
use super::rotation::{Moment, Step, present, proved_again};
use super::{ErasedStore, Replaced, SessionStore};
use super::{ReuseKind, SessionError, SessionId, SessionPolicy, SessionRecord, TokenHash};
use crate::clock::{Clock, Timestamp};

/// A conflict means that somebody else wrote. After another refresh there is nothing left to write; the last use is noted once
/// in every touch interval, however many ask at once; and nobody ends a user's access tokens all the time.
pub(super) const COMMIT_ATTEMPTS: u32 = 8;

/// The sessions of an application.
///
/// An exchange has two halves. [`prepare`](Self::prepare) decides and writes nothing; then the caller reads whatever it needs
/// to make new tokens; [`commit`](Self::commit) makes them and writes. Whatever fails before the write consumes nothing.
pub struct Sessions {
    pub(super) store: Arc<dyn ErasedStore>,
    pub(super) policy: SessionPolicy,
    pub(super) cache: Option<LiveCache>,
    clock: Arc<dyn Clock>,
    latest: AtomicI64,
}

impl Sessions {
    /// Takes the store, the clock and the rules.
    pub fn new(store: impl SessionStore, clock: Arc<dyn Clock>, policy: SessionPolicy) -> Self {
        Self::erased(Arc::new(store), clock, policy)
    }

    pub(crate) fn erased(store: Arc<dyn ErasedStore>, clock: Arc<dyn Clock>, policy: SessionPolicy) -> Self {
        Self { store, policy, cache: None, clock, latest: AtomicI64::new(i64::MIN) }
    }

    /// The latest time that the clock has shown: when it steps back, nothing that has ended lives again.
    pub(crate) fn now(&self) -> Timestamp {
        let reading = self.clock.now().unix();
        Timestamp::from_unix(self.latest.fetch_max(reading, Ordering::Relaxed).max(reading))
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
    /// the token (`invalid_grant`, RFC 6749 section 5.2); [`SessionError::Store`] says nothing about it, and
    /// [`SessionError::NotEnded`] that it was an old one and the session goes on.
    pub async fn prepare(
        &self,
        id: &SessionId,
        presented: &TokenHash,
        successor: &TokenHash,
    ) -> Result<Prepared, SessionError> {
        let (presented, successor) = (presented.clone(), successor.clone());
        self.prepared(id, Cause::Presented { presented, successor }).await
    }

    /// Decides whether the session `id` can go on with new tokens after its user has proved again who they are: that they signed
    /// in, as far as [`authenticated_at`](SessionRecord::authenticated_at) tells, is then of now. Nothing is written before
    /// [`commit`](Self::commit).
    ///
    /// `fresh` is the hash of the session's next refresh token, which must follow from no other. The current one can then be
    /// neither exchanged nor repeated: while the window is open it is [`SessionError::Unrepeatable`], and after it a reuse.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unknown`] and [`SessionError::Expired`] when the session has ended, and [`SessionError::Store`].
    pub async fn reauthenticate(&self, id: &SessionId, fresh: &TokenHash) -> Result<Prepared, SessionError> {
        self.prepared(id, Cause::ProvedAgain { fresh: fresh.clone() }).await
    }

    async fn prepared(&self, id: &SessionId, cause: Cause) -> Result<Prepared, SessionError> {
        let loaded = self.load(id).await?;
        let arrived = self.now();
        let (record, outcome) = self.decide(&loaded, &cause, arrived).await?;
        Ok(Prepared { loaded, record, outcome, cause, arrived })
    }

    async fn load(&self, id: &SessionId) -> Result<SessionRecord, SessionError> {
        self.store.load(id).await?.ok_or(SessionError::Unknown)
    }

    async fn decide(
        &self,
        record: &SessionRecord,
        cause: &Cause,
        arrived: Timestamp,
    ) -> Result<(SessionRecord, Outcome), SessionError> {
        let now = self.now();
        let step = match cause {
            Cause::Presented { presented, successor } => {
                present(record, presented, successor, Moment { arrived, now }, &self.policy)
            }
            Cause::ProvedAgain { fresh } => proved_again(record, fresh, now, &self.policy),
        };
        match step {
            Step::Rotate(next) => Ok((*next, Outcome::Rotated)),
            Step::Repeat => Ok((record.clone(), Outcome::Repeated)),
            Step::Keep => Ok((record.clone(), Outcome::Kept)),
            Step::Unrepeatable => Err(SessionError::Unrepeatable),
            Step::Expired => Err(SessionError::Expired),
            Step::Reuse(kind) => Err(self.end_after_reuse(&record.id, kind).await),
        }
    }

    async fn end_after_reuse(&self, id: &SessionId, kind: ReuseKind) -> SessionError {
        match self.end(id).await {
            Ok(_) => SessionError::Reused(kind),
            Err(SessionError::Store(cause)) => SessionError::NotEnded { kind, cause },
            Err(error) => error,
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
    /// What `mint` refuses, after which nothing was written; [`SessionError::Contended`] too when the user's access tokens were
    /// [expired](Self::expire_access_tokens) since [`prepare`](Self::prepare), as the claims that the caller read may be older;
    /// else as `prepare`.
    pub async fn commit<T, E>(
        &self,
        prepared: Prepared,
        mut mint: impl FnMut(&SessionRecord, Outcome) -> Result<T, E> + Send,
    ) -> Result<T, E>
    where
        T: Send,
        E: From<SessionError> + Send,
    {
        let Prepared { loaded, outcome, cause, arrived, .. } = prepared;
        let (id, not_before) = (loaded.id.clone(), loaded.access_not_before);
        // A rotation notices a change of the record when it writes; the others have to look.
        let mut known = Some(loaded).filter(|_| outcome == Outcome::Rotated);
        for _ in 0..COMMIT_ATTEMPTS {
            let current = match known.take() {
                Some(record) => record,
                None => self.load(&id).await?,
            };
            if current.access_not_before != not_before {
                return Err(SessionError::Contended.into());
            }
            let (record, outcome) = self.decide(&current, &cause, arrived).await?;
            let minted = mint(&record, outcome)?;
            match outcome {
                Outcome::Rotated => {}
                Outcome::Repeated => return Ok(minted),
                Outcome::Kept => {
                    self.touched(record).await;
                    return Ok(minted);
                }
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

/// An exchange that was decided and is not yet written.
#[derive(Debug)]
#[must_use = "an exchange takes effect with `Sessions::commit`"]
pub struct Prepared {
    loaded: SessionRecord,
    record: SessionRecord,
    outcome: Outcome,
    cause: Cause,
    arrived: Timestamp,
}

/// Why there are to be new tokens.
#[derive(Debug)]
enum Cause {
    /// A refresh token was presented, and `successor` follows from it.
    Presented { presented: TokenHash, successor: TokenHash },
    /// The user has proved again who they are; `fresh` follows from nothing.
    ProvedAgain { fresh: TokenHash },
}

impl Prepared {
    /// The session as it will be, but for the times.
    pub fn record(&self) -> &SessionRecord {
        &self.record
    }

    /// When the token was presented, or the user known again: no later than anything that the caller reads for the exchange.
    pub(crate) fn arrived(&self) -> Timestamp {
        self.arrived
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

#[cfg(test)]
mod tests;
