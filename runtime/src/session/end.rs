//! How sessions, or their access tokens, are ended.

use std::time::Duration;

use super::cache::{Ended, ForgetOnDrop};
use super::feed::KEPT_IN_LOG;
use super::service::COMMIT_ATTEMPTS;
use super::{Ending, Replaced, SessionError, SessionId, SessionRecord, Sessions};
use crate::log::{OneLine, TARGET};

/// How many sessions one operation of a purge removes, or one that ends many.
const PURGED_AT_ONCE: u32 = 1000;
const REMOVED_AT_ONCE: usize = PURGED_AT_ONCE as usize;

impl Sessions {
    /// Ends the session `id`. Returns whether it existed; a missing one is not an error.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn end(&self, id: &SessionId) -> Result<bool, SessionError> {
        let _forget = self.forget_on_drop(Ended::Session(id));
        let announced = self.announce(&[Ending::Session(*id)]).await?;
        let existed = self.store.remove(id).await?;
        announced?;
        Ok(existed)
    }

    /// Ends these sessions of one user. Returns those that existed. An announcement that the store refuses is an error in the log alone:
    /// the sessions have ended, and the caller has something else to answer.
    pub(super) async fn end_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, SessionError> {
        let _forget: Vec<_> = ids.iter().map(|id| self.forget_on_drop(Ended::Session(id))).collect();
        let endings: Vec<_> = ids.iter().copied().map(Ending::Session).collect();
        let announced = self.announce(&endings).await?;
        let mut existed = Vec::new();
        for ids in ids.chunks(REMOVED_AT_ONCE) {
            existed.extend(self.store.remove_each(ids).await?);
        }
        if let Err(error) = announced {
            tracing::error!(target: TARGET, error = %OneLine(&error), "the end of a session could not be announced to other servers");
        }
        Ok(existed)
    }

    /// Tells every server what is about to end. Before the write: a server that hears of it asks the store from then on, so whatever
    /// has ended is refused everywhere, even if this process dies in between.
    ///
    /// Where the store is out of reach, that is the error. Where it refuses the announcement alone, as a full one does, the caller still
    /// ends the sessions and then reports the inner error: servers that did not hear of the end may let the access tokens pass until they
    /// expire.
    async fn announce(&self, endings: &[Ending]) -> Result<Result<(), SessionError>, SessionError> {
        let now = self.now();
        self.feed.note_own(endings, now);
        for endings in endings.chunks(REMOVED_AT_ONCE) {
            match self.store.announce(endings, now + KEPT_IN_LOG).await {
                Ok(()) => {}
                Err(error) if error.is_unreachable() => return Err(error.into()),
                Err(error) => return Ok(Err(error.into())),
            }
        }
        Ok(Ok(()))
    }

    /// Ends the session `id` if it belongs to `user_id`. Returns whether it did; another user's session and a missing one look
    /// alike.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn revoke(&self, user_id: &str, id: &SessionId) -> Result<bool, SessionError> {
        match self.live(id).await? {
            Some(record) if record.user_id == user_id => self.end(id).await,
            _ => Ok(false),
        }
    }

    /// Ends every session of a user except `except`. Returns how many it ended.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn end_all(&self, user_id: &str, except: Option<&SessionId>) -> Result<u64, SessionError> {
        let _forget = self.forget_on_drop(Ended::AllOf(user_id));
        let owner = self.owner(user_id).await?;
        let announced = self.announce(&[Ending::of_user(&owner)]).await?;
        let ended = self.store.remove_all(&owner, except).await?;
        announced?;
        Ok(ended)
    }

    /// Expires the access tokens that a user's sessions have been given until now, for requests that
    /// [look the session up](Self::is_live). Returns the number of sessions. The sessions go on: a refresh gives the next access
    /// token.
    ///
    /// Time is counted in seconds, so a token that was issued in this very second expires too.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] and [`SessionError::Contended`]. The tokens of some sessions may then still be good; call it
    /// again.
    pub async fn expire_access_tokens(&self, user_id: &str) -> Result<u64, SessionError> {
        let _forget = self.forget_on_drop(Ended::AllOf(user_id));
        let owner = self.owner(user_id).await?;
        let announced = self.announce(&[Ending::of_user(&owner)]).await?;
        let mut count = 0;
        for record in self.list(user_id).await? {
            count += u64::from(self.expire_now(record).await?);
        }
        announced?;
        Ok(count)
    }

    async fn expire_now(&self, mut record: SessionRecord) -> Result<bool, SessionError> {
        let id = record.id;
        for _ in 0..COMMIT_ATTEMPTS {
            // The last rotation may be dated later than this server's clock, and its access token carries the old claims.
            let not_before = self.now().max(record.rotated_at);
            if record.access_not_before.is_some_and(|already| already >= not_before) {
                return Ok(true);
            }
            let version = record.version;
            record.access_not_before = Some(not_before);
            record.version = version.saturating_add(1);
            if self.store.replace(record, version).await? == Replaced::Yes {
                return Ok(true);
            }
            record = match self.live(&id).await? {
                Some(record) => record,
                None => return Ok(false),
            };
        }
        Err(SessionError::Contended)
    }

    /// Removes the sessions that have ended from the store, a thousand at a time, so that no other request waits for long. Returns how
    /// many it removed. Call it at intervals.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn purge_expired(&self) -> Result<u64, SessionError> {
        let now = self.now();
        let mut total = 0;
        loop {
            let purged = self.store.purge_expired(now, PURGED_AT_ONCE).await?;
            total += purged;
            if purged < u64::from(PURGED_AT_ONCE) {
                return Ok(total);
            }
        }
    }

    /// As [`purge_expired`](Self::purge_expired), unless another server of the deployment has begun to purge less than `every` ago.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn purge_in_turn(&self, every: Duration) -> Result<u64, SessionError> {
        let now = self.now();
        if self.store.claim_purge(now, now + every).await? { self.purge_expired().await } else { Ok(0) }
    }

    /// Hold the result over the write: the cache forgets when it is dropped.
    fn forget_on_drop<'a>(&'a self, ended: Ended<'a>) -> ForgetOnDrop<'a> {
        ForgetOnDrop { cache: self.cache.as_ref(), ended }
    }
}
