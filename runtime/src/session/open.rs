//! How a session begins, and which sessions make room for it.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::future::{Future, ready};
use std::num::NonZeroU32;

use super::lookup::newest_first;
use super::service::COMMIT_ATTEMPTS;
use super::{Remember, SessionError, SessionId, SessionMetadata, SessionRecord, Sessions, TokenHash};

/// The session that a sign-in opens.
#[derive(Clone, Debug)]
pub(crate) struct Opening<'a> {
    pub(crate) user_id: &'a str,
    /// The hash of the session's first refresh token.
    pub(crate) token: TokenHash,
    pub(crate) metadata: SessionMetadata,
    pub(crate) remember: Remember,
}

/// A session that is written while its tokens are not yet given out.
struct Opened {
    record: SessionRecord,
    /// The user's sessions before this one. It is filled only where their number is limited.
    before: HashSet<SessionId>,
}

impl Sessions {
    /// Starts a session for a user who has just signed in, always under a new identifier.
    ///
    /// `token` is the hash of the session's first refresh token. The record that is returned has the session's identifier and the
    /// times for the tokens. Where the policy limits the [number of sessions](super::SessionPolicy::max_per_user), the user's
    /// other sessions beyond the limit are ended, those first that were not used for the longest time.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`]; [`SessionError::Contended`] when the user signs in many times at once;
    /// [`SessionError::Randomness`] when no identifier could be made.
    pub async fn open(
        &self,
        user_id: &str,
        token: TokenHash,
        metadata: SessionMetadata,
    ) -> Result<SessionRecord, SessionError> {
        self.open_remembered(user_id, token, metadata, Remember::as_configured()).await
    }

    /// As [`open`](Self::open), with lifetimes and cookies of this session's own.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_remembered(
        &self,
        user_id: &str,
        token: TokenHash,
        metadata: SessionMetadata,
        remember: Remember,
    ) -> Result<SessionRecord, SessionError> {
        let opening = Opening { user_id, token, metadata, remember };
        Ok(self.open_with(opening, |_| ready(Ok::<_, SessionError>(())), |_| {}).await?.0)
    }

    /// As [`open`](Self::open), and makes the tokens with `mint`. When `mint` fails, no session has been ended and none is left
    /// behind. `ended` is called for each session that made room.
    pub(crate) async fn open_with<T, E, Minting>(
        &self,
        opening: Opening<'_>,
        mut mint: impl FnMut(SessionRecord) -> Minting + Send,
        mut ended: impl FnMut(&SessionId) + Send,
    ) -> Result<(SessionRecord, T), E>
    where
        T: Send,
        E: From<SessionError> + Send,
        Minting: Future<Output = Result<T, E>> + Send,
    {
        for _ in 0..COMMIT_ATTEMPTS {
            let opened = self.start(&opening).await?;
            let minted = match mint(opened.record.clone()).await {
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

    async fn start(&self, opening: &Opening<'_>) -> Result<Opened, SessionError> {
        let &Opening { user_id, ref token, ref metadata, remember } = opening;
        let owner = self.owner(user_id).await?;
        let before = match self.policy.max_per_user {
            Some(_) => self.every_record(&owner).await?.into_iter().map(|record| record.id).collect(),
            None => HashSet::new(),
        };
        let now = self.now();
        let own = remember.own_lifetimes();
        let lifetimes = own.unwrap_or(self.policy.lifetimes);
        let absolute_end = now + lifetimes.absolute_ttl;
        let idle_end = (now + lifetimes.idle_ttl).min(absolute_end);
        let mut record = SessionRecord::new(
            SessionId::generate(owner.partition())?,
            user_id,
            token.clone(),
            now,
            idle_end,
            absolute_end,
        );
        record.idle_ttl = own.map(|lifetimes| lifetimes.idle_ttl);
        record.ends_with_browser = remember.ends_with_browser();
        record.metadata = metadata.clone();
        record.sequence = self.store.insert(record.clone()).await?;
        Ok(Opened { record, before })
    }

    /// Ends the idlest sessions beyond the limit. Returns `false` when the new session was ended itself: concurrent sign-ins
    /// filled the limit, or one of them took it for an idler session.
    ///
    /// When this fails, the new session ends too, so that a failing store is no way around the limit.
    async fn make_room(
        &self,
        opened: &Opened,
        ended: &mut (impl FnMut(&SessionId) + Send),
    ) -> Result<bool, SessionError> {
        let Some(limit) = self.policy.max_per_user else { return Ok(true) };
        let result = self.end_idlest(opened, limit, ended).await;
        if !matches!(result, Ok(true)) {
            let removed = self.store.remove(&opened.record.id).await;
            // Its tokens were never given out. If this removal fails too, the session stays in the list and does no harm.
            if result.is_ok() {
                removed?;
            }
        }
        result
    }

    async fn end_idlest(
        &self,
        opened: &Opened,
        limit: NonZeroU32,
        ended: &mut (impl FnMut(&SessionId) + Send),
    ) -> Result<bool, SessionError> {
        let own = &opened.record;
        let listed = self.list(&own.user_id).await?;
        let (newer, mut older): (Vec<_>, Vec<_>) = listed
            .into_iter()
            .filter(|other| other.id != own.id)
            .partition(|other| opened.counts_as_newer(other));
        older.sort_by(|a, b| opened.idlest_last(a, b));
        let limit = usize::try_from(limit.get()).unwrap_or(usize::MAX);
        if newer.len() >= limit {
            return Ok(false);
        }
        let idlest: Vec<_> = older.iter().skip(limit - 1 - newer.len()).map(|record| record.id).collect();
        if idlest.is_empty() {
            return Ok(true);
        }
        for id in self.end_each(&idlest).await? {
            ended(&id);
        }
        // A sign-in at the same time may have taken this session for an idler one and ended it: clocks differ, and another session may
        // have been used since this one was opened.
        Ok(self.live(&own.id).await?.is_some())
    }
}

impl Opened {
    /// Whether `other` was opened concurrently and counts as newer than this session.
    ///
    /// A session that was listed before this one was written is older, whatever its sequence: a store whose counter was set back must not
    /// lock users out. Concurrent sign-ins are not in each other's `before`, so they go by the order of the list, which is the same
    /// for all of them: of two, exactly one gives way.
    fn counts_as_newer(&self, other: &SessionRecord) -> bool {
        !self.before.contains(&other.id) && newest_first(other, &self.record).is_lt()
    }

    /// The order in which the user's other sessions are kept. The last use decides between sessions that were there before.
    ///
    /// Concurrent sign-ins are kept before those, in an order that is the same for all of them and that no use changes. Two of them
    /// then end sessions from the same end of the same list. Were they to compete with a session that is in use at this moment, each
    /// could end the other, and the user would keep fewer sessions than allowed.
    fn idlest_last(&self, a: &SessionRecord, b: &SessionRecord) -> Ordering {
        let is_settled = |record: &SessionRecord| self.before.contains(&record.id);
        let used = |record: &SessionRecord| is_settled(record).then_some(record.last_used_at);
        is_settled(a).cmp(&is_settled(b)).then_with(|| used(b).cmp(&used(a))).then_with(|| newest_first(a, b))
    }
}
