//! Connections of the store's own pool between two operations.
//!
//! A pool of `sqlx` asks the server whether a connection is open whenever it gets one back, which costs as much as a statement. So the
//! connections that were used a moment ago stay out of the pool until the next operation, unless one waits for a connection. The pool
//! still opens, counts and closes all of them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};

use super::TRUSTED;

#[derive(Default)]
pub(super) struct Kept(Mutex<State>);

#[derive(Default)]
struct State {
    /// With the time of the last use, which is the latest at the back.
    idle: VecDeque<(PoolConnection<Postgres>, Instant)>,
    /// How many operations ask the pool.
    waiting: usize,
}

impl State {
    /// Gives back to the pool what was not used lately.
    fn retire(&mut self) {
        while self.idle.front().is_some_and(|(_, last_use)| last_use.elapsed() > TRUSTED) {
            self.idle.pop_front();
        }
    }
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that was used last, or one of the pool.
    pub(super) async fn take(&self, pool: &PgPool) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let _waiting = {
            let mut state = self.lock();
            state.retire();
            if let Some((connection, _)) = state.idle.pop_back() {
                return Ok(connection);
            }
            state.waiting += 1;
            Waiting(self)
        };
        pool.acquire().await
    }

    /// Keeps a connection, or gives it to the pool where an operation waits for one.
    pub(super) fn keep(&self, connection: PoolConnection<Postgres>) {
        let mut state = self.lock();
        state.retire();
        if state.waiting == 0 {
            state.idle.push_back((connection, Instant::now()));
        }
    }

    /// Gives all connections to the pool, which finds out whether they are open.
    pub(super) fn give_back(&self) {
        self.lock().idle.clear();
    }
}

impl Drop for Kept {
    /// Closes the connections. A pool gets connections back in a task, for which there may be no runtime any more.
    fn drop(&mut self) {
        for (connection, _) in self.lock().idle.drain(..) {
            drop(connection.leak());
        }
    }
}

/// Counts an operation while it asks the pool, also if it is given up.
struct Waiting<'k>(&'k Kept);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.lock().waiting -= 1;
    }
}
