//! The log of endings: one stream for the deployment, an entry for each announcement.

use std::collections::HashMap;
use std::time::Duration;

use redis::aio::ConnectionLike;

use super::{RedisStore, StoreError, scripts};
use crate::clock::Timestamp;
use crate::session::{Cursor, Ending, Endings};

/// How long an entry is kept at most, by the server's clock, where no purge removes it earlier. Servers need it for some minutes.
const KEPT: Duration = Duration::from_secs(60 * 60);
/// How many entries one command reads or removes.
const AT_ONCE: usize = 100;
/// The cursor of a log that was empty. No entry has it.
const BEGINNING: &str = "0-0";

type Entry = (String, HashMap<String, String>);

impl<C: ConnectionLike + Clone + Send + Sync> RedisStore<C> {
    pub(super) async fn write_log(&self, endings: &[Ending], until: Timestamp) -> Result<(), StoreError> {
        if endings.is_empty() {
            return Ok(());
        }
        let endings: Vec<_> = endings.iter().map(Ending::to_string).collect();
        let kept = u64::try_from(KEPT.as_millis()).unwrap_or(u64::MAX);
        let entry = (until.unix(), endings.join(" "), kept);
        let _id: String = self.call(&scripts::ANNOUNCE, &[self.log()], entry).await?;
        Ok(())
    }

    pub(super) async fn read_log(&self, after: Option<&Cursor>) -> Result<Endings, StoreError> {
        let mut last = after.map_or(BEGINNING, Cursor::as_str).to_owned();
        let mut endings = Vec::new();
        loop {
            let mut entries = self.entries_from(&last).await?;
            // The last entry that was read is the first one here. If it is not, the log has lost it: it was too old, or a replica took over
            // that had not received it. The identifiers of a replica's entries come from its own clock, so what it has added since may count
            // as earlier. All of the log is new then.
            if last != BEGINNING && entries.first().is_none_or(|(id, _)| *id != last) {
                last = BEGINNING.to_owned();
                entries = self.entries_from(&last).await?;
            }
            let is_end = entries.len() < AT_ONCE;
            for (id, fields) in entries {
                if id == last {
                    continue;
                }
                let texts = fields.get("endings").map(String::as_str).unwrap_or_default();
                for text in texts.split_ascii_whitespace() {
                    endings.push(text.parse().map_err(StoreError::new)?);
                }
                last = id;
            }
            if is_end {
                return Ok(Endings { endings, next: Cursor::new(last) });
            }
        }
    }

    /// The entry with this identifier and the ones behind it.
    async fn entries_from(&self, id: &str) -> Result<Vec<Entry>, StoreError> {
        let mut command = redis::cmd("XRANGE");
        self.query(command.arg(self.log()).arg(id).arg("+").arg("COUNT").arg(AT_ONCE)).await
    }

    /// Removes the entries at the beginning whose time has passed.
    pub(super) async fn trim_log(&self, now: Timestamp) -> Result<(), StoreError> {
        loop {
            let removed: usize = self.call(&scripts::TRIM, &[self.log()], (now.unix(), AT_ONCE)).await?;
            if removed < AT_ONCE {
                return Ok(());
            }
        }
    }

    fn log(&self) -> String {
        self.keys.of_deployment("endings")
    }
}
