//! How a session begins, and which ones make room for it.

use std::collections::HashSet;
use std::num::NonZeroU32;

use super::{SessionError, SessionId, SessionMetadata, SessionRecord, Sessions, TokenHash};

/// A session that was written, before others made room for it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) record: SessionRecord,
    /// The user's sessions before, where their number is limited.
    before: HashSet<SessionId>,
}

impl Sessions {
    /// Starts a session for a user who has just signed in, always under a new identifier.
    ///
    /// `token` is the hash of the session's first refresh token. The record that comes back has the session's identifier
    /// and the times for the tokens. Where the policy limits the [number of sessions](super::SessionPolicy::max_per_user), the
    /// user's oldest sign-ins beyond it are ended.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`], after which the new session is not to be used, and [`SessionError::Randomness`] when no
    /// identifier could be made.
    pub async fn open(
        &self,
        user_id: &str,
        token: TokenHash,
        metadata: SessionMetadata,
    ) -> Result<SessionRecord, SessionError> {
        let opened = self.start(user_id, token, metadata).await?;
        self.make_room(&opened, |_| {}).await?;
        Ok(opened.record)
    }

    /// The first half of [`open`](Self::open): ends no other session yet.
    pub(crate) async fn start(
        &self,
        user_id: &str,
        token: TokenHash,
        metadata: SessionMetadata,
    ) -> Result<Opened, SessionError> {
        let before = match self.policy.max_per_user {
            Some(_) => self.store.list(user_id).await?.into_iter().map(|record| record.id).collect(),
            None => HashSet::new(),
        };
        let now = self.now();
        let lifetimes = self.policy.lifetimes;
        let absolute_end = now + lifetimes.absolute_ttl;
        let idle_end = lifetimes.idle_end(now, absolute_end);
        let mut record =
            SessionRecord::new(SessionId::generate()?, user_id, token, now, idle_end, absolute_end);
        record.metadata = metadata;
        self.store.insert(record.clone()).await?;
        Ok(Opened { record, before })
    }

    /// The second half of [`open`](Self::open): ends the oldest sign-ins beyond the limit, and says which. When that fails, the
    /// new session ends too, so that a failing store is no way around the limit.
    pub(crate) async fn make_room(
        &self,
        opened: &Opened,
        ended: impl FnMut(&SessionId) + Send,
    ) -> Result<(), SessionError> {
        let Some(limit) = self.policy.max_per_user else { return Ok(()) };
        let result = self.end_oldest(opened, limit, ended).await;
        if result.is_err() {
            // Nobody holds its tokens, so that it stays when this fails too does no harm.
            let _ = self.store.remove(&opened.record.id).await;
        }
        result
    }

    async fn end_oldest(
        &self,
        opened: &Opened,
        limit: NonZeroU32,
        mut ended: impl FnMut(&SessionId) + Send,
    ) -> Result<(), SessionError> {
        let own = &opened.record;
        let listed = self.list(&own.user_id).await?;
        let (newer, older): (Vec<_>, Vec<_>) =
            listed.into_iter().filter(|other| other.id != own.id).partition(|other| opened.comes_before(other));
        let limit = usize::try_from(limit.get()).unwrap_or(usize::MAX);
        let room = limit.saturating_sub(newer.len() + 1);
        for record in older.iter().skip(room) {
            if self.end(&record.id).await? {
                ended(&record.id);
            }
        }
        Ok(())
    }
}

impl Opened {
    /// Whether `other` was opened at the same time and counts as the newer one. Of two sign-ins at once both must think the same,
    /// or they would end each other.
    fn comes_before(&self, other: &SessionRecord) -> bool {
        let own = &self.record;
        !self.before.contains(&other.id) && (own.created_at, &other.id) < (other.created_at, &own.id)
    }
}
