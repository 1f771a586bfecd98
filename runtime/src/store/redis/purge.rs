//! How sessions that have ended are removed.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use redis::aio::ConnectionLike;

use super::keys::{TAGS, Tag};
use super::{RedisStore, StoreError, scripts, stored};
use crate::clock::Timestamp;

/// How many tags are looked under at a time.
const TAGS_AT_ONCE: u16 = 64;
/// How many sessions one script removes at most. Other clients wait while it runs.
pub(super) const PURGED_AT_ONCE: u32 = 100;
/// How long the key of the turn lives beyond the turn, in case clocks disagree.
const TURN_GRACE: Duration = Duration::from_secs(60 * 60);

impl<C: ConnectionLike + Clone + Send + Sync> RedisStore<C> {
    pub(super) async fn purge_sessions(&self, now: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        let first = self.purge_from.load(Ordering::Relaxed);
        let mut removed = 0;
        for begin in (0..TAGS).step_by(usize::from(TAGS_AT_ONCE)) {
            for tag in self.tags_with_due_entries(first + begin, now).await? {
                removed += self.purge_tag(Tag::numbered(tag), now, at_most - removed).await?;
                if removed == at_most {
                    self.purge_from.store(tag % TAGS, Ordering::Relaxed);
                    return Ok(u64::from(removed));
                }
            }
        }
        self.purge_from.store(0, Ordering::Relaxed);
        Ok(u64::from(removed))
    }

    async fn tags_with_due_entries(&self, first: u16, now: Timestamp) -> Result<Vec<u16>, StoreError> {
        let tags = first..first + TAGS_AT_ONCE;
        let counts = tags.clone().map(|tag| async move {
            let mut command = redis::cmd("ZCOUNT");
            command.arg(self.keys.ends(Tag::numbered(tag))).arg("-inf").arg(now.unix());
            self.query::<u64>(&command).await
        });
        let counts = try_join_all(counts).await?;
        Ok(tags.zip(counts).filter(|(_, due)| *due > 0).map(|(tag, _)| tag).collect())
    }

    /// Removes up to `at_most` sessions under this tag.
    async fn purge_tag(&self, tag: Tag, now: Timestamp, at_most: u32) -> Result<u32, StoreError> {
        let ends = self.keys.ends(tag);
        let records = self.keys.records(tag);
        let (mut removed, mut passed_over) = (0, 0);
        loop {
            let wanted = PURGED_AT_ONCE.min(at_most - removed);
            if wanted == 0 {
                return Ok(removed);
            }
            let mut command = redis::cmd("ZRANGEBYSCORE");
            command.arg(&ends).arg("-inf").arg(now.unix()).arg("LIMIT").arg(passed_over).arg(wanted);
            let ids: Vec<String> = self.query(&command).await?;
            if ids.is_empty() {
                return Ok(removed);
            }
            let keys: Vec<_> =
                std::iter::once(ends.clone()).chain(ids.iter().map(|id| format!("{records}{id}"))).collect();
            let (still_due, gone): (u64, Vec<(String, String)>) =
                self.call(&scripts::PURGE, &keys, (now.unix(), &ids)).await?;
            passed_over += still_due;
            removed += u32::try_from(gone.len()).unwrap_or(u32::MAX);
            let entries = gone.iter().map(|(id, user)| async move {
                let mut command = redis::cmd("ZREM");
                command.arg(self.keys.sessions_of(tag, user)).arg(id);
                self.query::<u64>(&command).await
            });
            // An entry that stays does no harm.
            join_all(entries).await;
        }
    }

    pub(super) async fn claim_turn_to_purge(
        &self,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let time_to_live = stored::milliseconds(until.since(now), TURN_GRACE);
        let turn = [self.keys.of_deployment("purge")];
        self.call(&scripts::CLAIM, &turn, (now.unix(), until.unix(), time_to_live)).await
    }
}
