//! One fetch, in a task of its own where there is a runtime.

use std::sync::Arc;
#[cfg(not(target_family = "wasm"))]
use std::sync::MutexGuard;
#[cfg(not(target_family = "wasm"))]
use std::time::Duration;

use super::Inner;
#[cfg(not(target_family = "wasm"))]
use super::flights::{Flights, Reason};
use crate::clock::Timestamp;

/// A fetch that has begun. It ends when it is dropped, whatever the reason, so that no request waits for it in vain.
pub(super) struct Flight {
    inner: Arc<Inner>,
    number: u64,
    began: Timestamp,
}

impl Flight {
    fn new(inner: &Arc<Inner>, number: u64) -> Self {
        Self { inner: Arc::clone(inner), number, began: inner.clock.now() }
    }

    pub(super) async fn run(self) {
        let Some(remote) = &self.inner.remote else { return };
        let result = remote.load(&*self.inner.clock).await;
        self.inner.land(self.number, self.began, result);
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        // After `land` there is nothing left to give up.
        self.inner.give_up(self.number, std::thread::panicking());
    }
}

/// Lets a fetch that has begun run in a task of its own, which no caller can cancel. Without a runtime of tokio, returns it.
pub(super) fn launch(inner: &Arc<Inner>, number: u64) -> Option<Flight> {
    let flight = Flight::new(inner, number);
    #[cfg(not(target_family = "wasm"))]
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(flight.run());
        return None;
    }
    Some(flight)
}

/// Begins a fetch behind the scenes, if one may begin and there is a runtime to run it.
pub(super) fn fetch_behind(inner: &Arc<Inner>) {
    #[cfg(not(target_family = "wasm"))]
    if tokio::runtime::Handle::try_current().is_ok() {
        // A thread that holds the lock begins one, or has a reason not to.
        let begin = |mut flights: MutexGuard<'_, Flights>| flights.begin(Reason::Due, inner.clock.uptime());
        if let Some(number) = inner.flights.try_lock().ok().and_then(begin) {
            launch(inner, number);
        }
    }
    #[cfg(target_family = "wasm")]
    let _ = inner;
}

/// Fetches until there is a set, or the keys are dropped.
#[cfg(not(target_family = "wasm"))]
pub(super) fn fetch_first_set(inner: &Arc<Inner>) {
    let (Ok(runtime), true) = (tokio::runtime::Handle::try_current(), inner.remote.is_some()) else { return };
    let inner = Arc::downgrade(inner);
    runtime.spawn(async move {
        while let Some(inner) = inner.upgrade() {
            let Some(pause) = first_attempt(inner).await else { return };
            tokio::time::sleep(pause).await;
        }
    });
}

#[cfg(target_family = "wasm")]
pub(super) fn fetch_first_set(_: &Arc<Inner>) {}

/// Tries to fetch the first set. Returns after how long to try again.
#[cfg(not(target_family = "wasm"))]
async fn first_attempt(inner: Arc<Inner>) -> Option<Duration> {
    let number = inner.flights().begin(Reason::Due, inner.clock.uptime());
    if let Some(number) = number {
        Flight::new(&inner, number).run().await;
    }
    let has_set = inner.known().table.is_some();
    (!has_set).then(|| inner.flights().retry_after(inner.clock.uptime()))
}
