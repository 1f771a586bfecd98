//! How sessions, or their access tokens, end before their time.

use super::Replaced;
use super::cache::{Forgetting, Whose};
use super::service::COMMIT_ATTEMPTS;
use super::{SessionError, SessionId, SessionRecord, Sessions};

impl Sessions {
    /// Ends the session `id`, and says whether there was one; that there is none is as good.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn end(&self, id: &SessionId) -> Result<bool, SessionError> {
        let _forgetting = self.forgetting(Whose::Session(id));
        Ok(self.store.remove(id).await?)
    }

    /// Ends the session `id` if it belongs to `user_id`, and says whether it did. Another user's session and one that does
    /// not exist look alike.
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

    /// Ends every session of a user, but for `except`, and says how many.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn end_all(&self, user_id: &str, except: Option<&SessionId>) -> Result<u64, SessionError> {
        let _forgetting = self.forgetting(Whose::User(user_id));
        Ok(self.store.remove_all(user_id, except).await?)
    }

    /// Ends the access tokens that a user's sessions have been given until now, where sessions are
    /// [looked up](Self::is_live), and says in how many sessions. The sessions go on: a refresh gives the next access token.
    ///
    /// Time is counted in seconds, so a token of this very second counts as given before.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`], and [`SessionError::Contended`]; then the tokens of some sessions may be good still, and it
    /// has to be done again.
    pub async fn expire_access_tokens(&self, user_id: &str) -> Result<u64, SessionError> {
        let _forgetting = self.forgetting(Whose::User(user_id));
        let mut count = 0;
        for record in self.list(user_id).await? {
            count += u64::from(self.expire_now(record).await?);
        }
        Ok(count)
    }

    async fn expire_now(&self, mut record: SessionRecord) -> Result<bool, SessionError> {
        let id = record.id.clone();
        for _ in 0..COMMIT_ATTEMPTS {
            // A refresh that was faster may have given out a token with claims from before the call.
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

    /// Removes what has ended, and says how many; call it now and then.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn purge_expired(&self) -> Result<u64, SessionError> {
        Ok(self.store.purge_expired(self.now()).await?)
    }

    /// Held over a write: the cache forgets when it is dropped.
    pub(super) fn forgetting<'a>(&'a self, whose: Whose<'a>) -> Forgetting<'a> {
        Forgetting { cache: self.cache.as_ref(), whose }
    }
}
