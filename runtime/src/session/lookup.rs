//! How sessions are looked up.

use std::cmp::Ordering;
use std::time::Duration;

use super::cache::LiveCache;
use super::{Fingerprint, Replaced, SessionError, SessionId, SessionRecord, Sessions};
use crate::clock::Timestamp;
use crate::log::{OneLine, TARGET};

impl Sessions {
    /// Lets [`is_live`](Self::is_live) answer from look-ups that are younger than `max_age`, for up to `capacity` sessions.
    pub(crate) fn cached(mut self, max_age: Duration, capacity: usize) -> Self {
        self.cache = Some(LiveCache::new(max_age, capacity));
        self
    }

    /// Returns the session `id`, unless it has ended.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn live(&self, id: &SessionId) -> Result<Option<SessionRecord>, SessionError> {
        let record = self.store.load(id).await?;
        let now = self.now();
        Ok(record.filter(|record| !record.is_expired(now)))
    }

    /// As [`live`](Self::live), and records that the session is in use: `last_used_at` moves once in every
    /// [touch interval](super::SessionPolicy::touch_interval). The end of the session does not move.
    ///
    /// A failure to write is not an error: the next look-up tries again.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the session could not be read.
    pub async fn touch(&self, id: &SessionId) -> Result<Option<SessionRecord>, SessionError> {
        match self.live(id).await? {
            Some(record) => Ok(Some(self.touched(record).await)),
            None => Ok(None),
        }
    }

    /// The record with its new `last_used_at` if that was due and could be written, else the record as it is.
    pub(super) async fn touched(&self, record: SessionRecord) -> SessionRecord {
        let now = self.now();
        if now.since(record.last_used_at) < self.policy.touch_interval {
            return record;
        }
        let version = record.version;
        let next = SessionRecord { last_used_at: now, version: version.saturating_add(1), ..record.clone() };
        match self.store.replace(next.clone(), version).await {
            Ok(Replaced::Yes) => next,
            Ok(Replaced::Conflict) => record,
            Err(cause) => {
                tracing::debug!(target: TARGET, error = %OneLine(&cause), "the last use of a session was not recorded");
                record
            }
        }
    }

    /// Whether the session `id` has not ended, belongs to `user_id`, and still accepts access tokens that were issued at
    /// `issued_at`.
    ///
    /// Records that the session is in use, as [`touch`](Self::touch) does.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the session could not be read. Whether it is live is then unknown.
    pub async fn is_live(
        &self,
        id: &SessionId,
        user_id: &str,
        issued_at: Timestamp,
    ) -> Result<bool, SessionError> {
        let now = self.now();
        let cache = self.cache.as_ref();
        if cache.is_some_and(|cache| cache.vouches_for(id, user_id, issued_at, now)) {
            return Ok(true);
        }
        let lookup = cache.map(|cache| cache.begin_lookup(id, user_id, now));
        let Some(record) = self.touch(id).await? else { return Ok(false) };
        let is_live = record.user_id == user_id
            && record.access_not_before.is_none_or(|not_before| issued_at > not_before);
        if let (true, Some(cache), Some(lookup)) = (is_live, cache, lookup) {
            cache.keep(lookup, &record);
        }
        Ok(is_live)
    }

    /// Whether a client with these fingerprints is one that no live session of the user has; `false` without a fingerprint. A store that
    /// does not answer says nothing, and is no reason to refuse a sign-in.
    pub(crate) async fn is_new_device(&self, user_id: &str, fingerprints: &[Fingerprint]) -> bool {
        if fingerprints.is_empty() {
            return false;
        }
        match self.list(user_id).await {
            Ok(sessions) => {
                let mut known = sessions.iter().filter_map(|session| session.metadata.fingerprint());
                !known.any(|known| fingerprints.contains(&known))
            }
            Err(cause) => {
                tracing::debug!(target: TARGET, error = %OneLine(&cause), "whether a device is new is not known");
                false
            }
        }
    }

    /// Returns the sessions of a user that have not ended, the newest first.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn list(&self, user_id: &str) -> Result<Vec<SessionRecord>, SessionError> {
        let mut records = self.store.list(user_id).await?;
        let now = self.now();
        records.retain(|record| !record.is_expired(now));
        records.sort_by(newest_first);
        Ok(records)
    }
}

/// The order of a user's sessions. Of the sessions of one second, the smaller identifier comes first: the choice means nothing,
/// and every server makes the same.
pub(super) fn newest_first(a: &SessionRecord, b: &SessionRecord) -> Ordering {
    b.created_at.cmp(&a.created_at).then_with(|| a.id.cmp(&b.id))
}
