//! How sessions, or their access tokens, are ended.

use super::Replaced;
use super::cache::{Ended, ForgetOnDrop};
use super::service::COMMIT_ATTEMPTS;
use super::{SessionError, SessionId, SessionRecord, Sessions};

impl Sessions {
    /// Ends the session `id`. Returns whether it existed; a missing one is not an error.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn end(&self, id: &SessionId) -> Result<bool, SessionError> {
        let _forget = self.forget_on_drop(Ended::Session(id));
        Ok(self.store.remove(id).await?)
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
        Ok(self.store.remove_all(user_id, except).await?)
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
        let mut count = 0;
        for record in self.list(user_id).await? {
            count += u64::from(self.expire_now(record).await?);
        }
        Ok(count)
    }

    async fn expire_now(&self, mut record: SessionRecord) -> Result<bool, SessionError> {
        let id = record.id.clone();
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

    /// Removes the sessions that have ended from the store. Returns how many it removed. Call it at intervals.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn purge_expired(&self) -> Result<u64, SessionError> {
        Ok(self.store.purge_expired(self.now()).await?)
    }

    /// Hold the result over the write: the cache forgets when it is dropped.
    fn forget_on_drop<'a>(&'a self, ended: Ended<'a>) -> ForgetOnDrop<'a> {
        ForgetOnDrop { cache: self.cache.as_ref(), ended }
    }
}
