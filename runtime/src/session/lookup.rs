//! How sessions are looked up.

use std::cmp::Ordering;
use std::time::Duration;

use super::cache::LiveCache;
use super::feed::{Feed, Issued};
#[cfg(not(target_family = "wasm"))]
use super::watch::{Watched, Withdrawn};
use super::{Fingerprint, Owner, Page, PageCursor, Place, Replaced};
use super::{SessionError, SessionId, SessionPage, SessionRecord, Sessions, StoreError};
use crate::clock::Timestamp;
use crate::log::{OneLine, TARGET};

impl Sessions {
    /// Lets [`is_live`](Self::is_live) answer from look-ups that are younger than `max_age`, for up to `capacity` sessions.
    pub(crate) fn cached(mut self, max_age: Duration, capacity: usize) -> Self {
        self.cache = Some(LiveCache::new(max_age, capacity));
        self
    }

    /// Sets how long access tokens are good: so long the feed of endings remembers.
    pub(crate) fn with_tokens_of(mut self, lifetime: Duration) -> Self {
        self.feed = Feed::new(lifetime);
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
    /// Asks the store, unless a cache of look-ups has the answer. Records that the session is in use, as [`touch`](Self::touch) does.
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
        let Some(cache) = &self.cache else {
            return Ok(self.look_up(id, user_id, issued_at).await?.is_some());
        };
        let now = self.now();
        if cache.vouches_for(id, user_id, issued_at, now) {
            return Ok(true);
        }
        let lookup = cache.begin_lookup(id, user_id, now);
        let found = self.look_up(id, user_id, issued_at).await?;
        if let Some(record) = &found {
            cache.keep(lookup, record);
        }
        Ok(found.is_some())
    }

    /// The session, if it is live for this access token.
    async fn look_up(
        &self,
        id: &SessionId,
        user_id: &str,
        issued_at: Timestamp,
    ) -> Result<Option<SessionRecord>, SessionError> {
        let record = self.touch(id).await?;
        Ok(record.filter(|record| {
            record.user_id == user_id
                && record.access_not_before.is_none_or(|not_before| issued_at > not_before)
        }))
    }

    /// As [`is_live`](Self::is_live), for an access token that was verified and has not expired: without a look-up where the store's log
    /// of endings shows that the session goes on. The end of another server's session is noticed within half a second.
    ///
    /// Such an answer does not record that the session is in use; a refresh does. A store without a log is asked each time. The cache of
    /// look-ups is left aside.
    ///
    /// # Errors
    ///
    /// As [`is_live`](Self::is_live). A log that cannot be read is no error while the store answers: it is asked.
    pub async fn is_heard_live(
        &self,
        id: &SessionId,
        user_id: &str,
        issued_at: Timestamp,
    ) -> Result<bool, SessionError> {
        Ok(self.is_heard(id, user_id, issued_at).await?
            || self.look_up(id, user_id, issued_at).await?.is_some())
    }

    /// Whether the log of endings shows that a session goes on which was live at `known_at`. `false` says nothing.
    pub(super) async fn is_heard(
        &self,
        id: &SessionId,
        user_id: &str,
        known_at: Timestamp,
    ) -> Result<bool, SessionError> {
        if self.feed.is_missing() {
            return Ok(false);
        }
        let (now, arrival) = (self.now(), self.feed.arrival(&*self.clock));
        let token = Issued { session: id, user_id, salt: self.salt().await?, at: known_at };
        if self.feed.vouches_for(token, now, arrival) {
            return Ok(true);
        }
        match self.feed.catch_up(&*self.store, &*self.clock, now, arrival).await {
            Ok(()) => Ok(self.feed.vouches_for(token, now, arrival)),
            // A look-up would wait as long, for the same answer.
            Err(outage) if outage.is_unreachable() => Err(outage.into()),
            Err(cause) => {
                tracing::debug!(target: TARGET, error = %OneLine(&cause), "the log of ended sessions could not be read");
                Ok(false)
            }
        }
    }

    /// As [`is_heard_live`](Self::is_heard_live), for one that asks again and again. The look-up that it needs at most tells that the
    /// session was live when it was asked for; from then on the log is enough.
    #[cfg(not(target_family = "wasm"))]
    pub(super) async fn is_still_live(
        &self,
        token: &Watched,
        known_at: &mut Timestamp,
    ) -> Result<bool, SessionError> {
        if token.withdrawn.as_ref().is_some_and(Withdrawn::is_true) {
            return Ok(false);
        }
        let Some(session) = &token.session else { return Ok(true) };
        if self.is_heard(session, token.holder(), *known_at).await? {
            return Ok(true);
        }
        let asked = self.now();
        let found = self.look_up(session, token.holder(), token.issued_at).await?;
        if found.is_some() {
            *known_at = asked.max(*known_at);
        }
        Ok(found.is_some())
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
        let owner = self.owner(user_id).await?;
        let mut records = self.every_record(&owner).await?;
        let now = self.now();
        records.retain(|record| !record.is_expired(now));
        Ok(records)
    }

    /// Returns up to `limit` sessions of a user, one at least, that have not ended, the newest first, beginning at a cursor of the page before; `None` if
    /// the cursor is not one of this user's list.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`].
    pub async fn list_page(
        &self,
        user_id: &str,
        after: Option<&PageCursor>,
        limit: u32,
    ) -> Result<Option<SessionPage>, SessionError> {
        let salt = self.salt().await?;
        let owner = Owner::new(&salt, user_id);
        let mut after = match after.map(|cursor| cursor.place(&salt, &owner)) {
            Some(None) => return Ok(None),
            place => place.flatten(),
        };
        let now = self.now();
        let mut sessions = Vec::new();
        // One more than asked for shows whether another page follows. Records that have expired and are not purged yet leave room for
        // others.
        let limit = limit.max(1);
        let wanted = limit.saturating_add(1);
        while count(&sessions) < wanted {
            let asked = wanted - count(&sessions);
            let records = self.records(&owner, &mut after, asked).await?;
            let is_end = count(&records) < asked;
            sessions.extend(records.into_iter().filter(|record| !record.is_expired(now)));
            if is_end {
                break;
            }
        }
        let has_more = count(&sessions) > limit;
        sessions.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let last = sessions.last().filter(|_| has_more);
        Ok(Some(SessionPage {
            next: last.map(|last| PageCursor::behind(last.place(), &salt, &owner)),
            sessions,
        }))
    }

    /// Every record of a user, expired or not, the newest first, read page by page, so that no other client of the store waits for long.
    pub(super) async fn every_record(&self, owner: &Owner<'_>) -> Result<Vec<SessionRecord>, SessionError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let records = self.records(owner, &mut after, READ_AT_ONCE).await?;
            let is_end = count(&records) < READ_AT_ONCE;
            all.extend(records);
            if is_end {
                return Ok(all);
            }
        }
    }

    /// The next records behind `after`, which moves on.
    async fn records(
        &self,
        owner: &Owner<'_>,
        after: &mut Option<Place>,
        limit: u32,
    ) -> Result<Vec<SessionRecord>, SessionError> {
        let records = self.store.list(owner, Page { after: *after, limit }).await?;
        if let Some(last) = records.last().map(SessionRecord::place) {
            // Otherwise a store that takes no notice of `after` would be asked for ever.
            if after.is_some_and(|after| last >= after) {
                return Err(StoreError::new("the store has listed a session twice").into());
            }
            *after = Some(last);
        }
        Ok(records)
    }
}

/// How many records one read of a user's list brings.
const READ_AT_ONCE: u32 = 500;

fn count(records: &[SessionRecord]) -> u32 {
    u32::try_from(records.len()).unwrap_or(u32::MAX)
}

/// The order of a user's sessions, the same for every server.
pub(super) fn newest_first(a: &SessionRecord, b: &SessionRecord) -> Ordering {
    b.place().cmp(&a.place())
}
