//! How a session begins, and which ones make room for it.

use std::collections::HashSet;
use std::num::NonZeroU32;

use super::service::COMMIT_ATTEMPTS;
use super::{SessionError, SessionId, SessionMetadata, SessionRecord, Sessions, TokenHash};

/// A session that was written and is not yet given out.
struct Opened {
    record: SessionRecord,
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
    /// [`SessionError::Store`], and [`SessionError::Contended`] when the user signs in very often at once;
    /// [`SessionError::Randomness`] when no identifier could be made.
    pub async fn open(
        &self,
        user_id: &str,
        token: TokenHash,
        metadata: SessionMetadata,
    ) -> Result<SessionRecord, SessionError> {
        let opened = self.open_with(user_id, token, metadata, |_| Ok::<_, SessionError>(()), |_| {}).await?;
        Ok(opened.0)
    }

    /// As [`open`](Self::open). `mint` makes the tokens; when it refuses, no session was ended or is left behind. `ended` is
    /// told of each session that made room.
    pub(crate) async fn open_with<T, E>(
        &self,
        user_id: &str,
        token: TokenHash,
        metadata: SessionMetadata,
        mut mint: impl FnMut(&SessionRecord) -> Result<T, E> + Send,
        mut ended: impl FnMut(&SessionId) + Send,
    ) -> Result<(SessionRecord, T), E>
    where
        T: Send,
        E: From<SessionError> + Send,
    {
        for _ in 0..COMMIT_ATTEMPTS {
            let opened = self.start(user_id, token.clone(), metadata.clone()).await?;
            let minted = match mint(&opened.record) {
                Ok(minted) => minted,
                Err(error) => {
                    self.store.remove(&opened.record.id).await.map_err(SessionError::Store)?;
                    return Err(error);
                }
            };
            if self.make_room(&opened, &mut ended).await? {
                return Ok((opened.record, minted));
            }
        }
        Err(SessionError::Contended.into())
    }

    async fn start(
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

    /// Ends the oldest sign-ins beyond the limit. `false` when the new session has been ended: it was one too many itself, or
    /// made room for another sign-in at the same time.
    ///
    /// When it fails, the new session ends too, so that a failing store is no way around the limit.
    async fn make_room(
        &self,
        opened: &Opened,
        ended: &mut (impl FnMut(&SessionId) + Send),
    ) -> Result<bool, SessionError> {
        let Some(limit) = self.policy.max_per_user else { return Ok(true) };
        let result = self.end_oldest(opened, limit, ended).await;
        if !matches!(result, Ok(true)) {
            let removed = self.store.remove(&opened.record.id).await;
            // Nobody holds its tokens: that it stays in the list because this fails too does no harm.
            if result.is_ok() {
                removed?;
            }
        }
        result
    }

    async fn end_oldest(
        &self,
        opened: &Opened,
        limit: NonZeroU32,
        ended: &mut (impl FnMut(&SessionId) + Send),
    ) -> Result<bool, SessionError> {
        let own = &opened.record;
        let listed = self.list(&own.user_id).await?;
        let (newer, older): (Vec<_>, Vec<_>) = listed
            .into_iter()
            .filter(|other| other.id != own.id)
            .partition(|other| opened.gives_way_to(other));
        let limit = usize::try_from(limit.get()).unwrap_or(usize::MAX);
        if newer.len() >= limit {
            return Ok(false);
        }
        let mut oldest = older.iter().skip(limit - 1 - newer.len()).peekable();
        if oldest.peek().is_none() {
            return Ok(true);
        }
        for record in oldest {
            if self.end(&record.id).await? {
                ended(&record.id);
            }
        }
        // One that was there before this one began may have taken it for an older one: clocks differ, and seconds are long.
        Ok(self.live(&own.id).await?.is_some())
    }
}

impl Opened {
    /// Whether `other` was opened at the same time and counts as the newer one. One that was there before is never newer,
    /// though it may be of the same second.
    fn gives_way_to(&self, other: &SessionRecord) -> bool {
        let own = &self.record;
        !self.before.contains(&other.id) && (own.created_at, &other.id) < (other.created_at, &own.id)
    }
}
