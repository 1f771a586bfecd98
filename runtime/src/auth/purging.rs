//! The purge of sessions at intervals.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::Auth;
use crate::claims::SessionClaims;
use crate::log::{OneLine, TARGET};

const SHORTEST: Duration = Duration::from_secs(1);

impl<C: SessionClaims> Auth<C> {
    /// Removes expired sessions from the store now and then `every` so often, a second at least, for as long as it is polled. It never
    /// resolves: spawn it. Of many servers that do so on one store, one at a time purges.
    ///
    /// A failure is logged, and the next turn tries again. It needs a runtime of `tokio` with its timer.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use countersign::{Auth, SessionClaims};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    /// # fn start(auth: Auth<User>) {
    /// tokio::spawn(auth.purge_every(Duration::from_secs(10 * 60)));
    /// # }
    /// ```
    pub fn purge_every(&self, every: Duration) -> impl Future<Output = ()> + Send + use<C> {
        let auth = self.clone();
        async move {
            let every = every.max(SHORTEST);
            let mut turns = interval(every);
            turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                turns.tick().await;
                match auth.inner.sessions.purge_in_turn(every).await {
                    Ok(0) => {}
                    Ok(purged) => {
                        tracing::debug!(target: TARGET, purged, "expired sessions were removed from the store")
                    }
                    Err(error) => {
                        tracing::warn!(target: TARGET, error = %OneLine(&error), "expired sessions could not be removed from the store");
                    }
                }
            }
        }
    }
}
