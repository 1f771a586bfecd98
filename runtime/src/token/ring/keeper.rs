//! The keys of a ring in this process: read from the store, changed there, and handed to those that sign and verify.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[cfg(not(target_family = "wasm"))]
use tokio::runtime::Handle;

use super::document::{self, Entry};
use super::generate::Fresh;
use super::life::{self, Schedule};
use super::plan::{NoSpare, Plan};
use super::state::State;
use super::store::ErasedKeyStore;
use super::vault::Vault;
use super::{Follower, KeyRingError, StoredKeys};
use crate::clock::{Clock, Timestamp};
#[cfg(not(target_family = "wasm"))]
use crate::log::OneLine;
use crate::log::TARGET;
use crate::token::{Algorithm, KeySet};

/// How often the store is read. What another server has changed is known here within a second.
#[cfg(not(target_family = "wasm"))]
const EVERY: Duration = Duration::from_millis(800);
/// Twelve servers that start together need two attempts each.
const ATTEMPTS: u32 = 10;

pub(super) struct Keeper {
    store: Box<dyn ErasedKeyStore>,
    vault: Vault,
    algorithm: Algorithm,
    schedule: Schedule,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Held by the one change that is under way.
    writing: tokio::sync::Mutex<()>,
    /// When the keys in use change next, in seconds since 1970.
    next_change: AtomicI64,
    /// The runtime in which the ring was opened.
    #[cfg(not(target_family = "wasm"))]
    runtime: Option<Handle>,
}

impl Keeper {
    pub(super) fn new(
        store: Box<dyn ErasedKeyStore>,
        vault: Vault,
        algorithm: Algorithm,
        schedule: Schedule,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            vault,
            algorithm,
            schedule,
            clock,
            state: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
            next_change: AtomicI64::new(i64::MIN),
            #[cfg(not(target_family = "wasm"))]
            runtime: Handle::try_current().ok(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plan<'s>(&self, revoked: &'s mut BTreeSet<String>, spares: &'s mut Vec<Fresh>) -> Plan<'s> {
        let (algorithm, schedule) = (self.algorithm, self.schedule);
        Plan { now: self.clock.now(), algorithm, schedule, revoked, spares }
    }

    /// Takes a step, and again with one more spare key if it needs one. Nothing waits for the new key but this: RSA takes long to make one.
    fn with_spares<T>(&self, step: impl Fn(&mut State) -> Result<T, NoSpare>) -> Result<T, KeyRingError> {
        loop {
            let done = step(&mut self.lock());
            if let Ok(done) = done {
                return Ok(done);
            }
            let spare = Fresh::new(self.algorithm).map_err(KeyRingError::Key)?;
            self.lock().spares.push(spare);
        }
    }

    pub(super) async fn tick(&self) -> Result<(), KeyRingError> {
        self.change(|_, _| Ok(())).await
    }

    pub(super) async fn rotate_now(&self) -> Result<Timestamp, KeyRingError> {
        // By hand, the keys come under the first secret at once.
        self.lock().encrypted_anew_at = None;
        self.change(|plan, entries| plan.rotate(entries)).await
    }

    pub(super) async fn revoke(&self, kid: &str) -> Result<bool, KeyRingError> {
        self.revoke_here(kid)?;
        self.change(|plan, entries| Ok(plan.revoke(entries, kid))).await
    }

    /// Before the store is asked, which may not answer.
    fn revoke_here(&self, kid: &str) -> Result<(), KeyRingError> {
        self.with_spares(|state| {
            let State { entries, revoked, spares, .. } = &mut *state;
            let mut plan = self.plan(revoked, spares);
            let mut left = entries.clone();
            if plan.revoke(&mut left, kid) {
                plan.tend(&mut left)?;
                *entries = left;
                self.hand_out(state);
            }
            Ok(())
        })
    }

    /// Reads the store, makes a change and whatever else is due, and writes it. Begins again if another server was faster.
    async fn change<T>(
        &self,
        edit: impl Fn(&mut Plan<'_>, &mut Vec<Entry>) -> Result<T, NoSpare>,
    ) -> Result<T, KeyRingError> {
        let _turn = self.writing.lock().await;
        for _ in 0..ATTEMPTS {
            let found = self.store.load().await.map_err(KeyRingError::Store)?;
            let expected = found.as_ref().map_or(0, |stored| stored.version);
            self.read(found)?;
            let (result, entries, is_changed) = self.prepare(&edit)?;
            if is_changed {
                let document = document::write(&self.vault, &entries)?;
                if !self.store.replace(&document, expected).await.map_err(KeyRingError::Store)? {
                    continue;
                }
                self.adopt(Some(StoredKeys::new(expected.saturating_add(1), document)), entries);
            } else {
                self.use_entries(entries);
            }
            return Ok(result);
        }
        Err(KeyRingError::Contended)
    }

    /// Takes what the store has.
    fn read(&self, found: Option<StoredKeys>) -> Result<(), KeyRingError> {
        let mut state = self.lock();
        match &found {
            None if !state.entries.is_empty() => {
                tracing::warn!(target: TARGET, "the store of the keys is empty, and gets the keys of this server");
                state.decoded = Vec::new();
                state.is_under_old_secret = false;
            }
            None => {}
            Some(_) if found == state.stored => {}
            Some(stored) => {
                let content = document::read(&self.vault, &stored.document)?;
                state.decoded = content.entries;
                state.is_under_old_secret = content.is_under_old_secret;
            }
        }
        state.stored = found;
        state.forget_stored_spares();
        Ok(())
    }

    /// What the store should have, and whether it has something else.
    fn prepare<T>(
        &self,
        edit: impl Fn(&mut Plan<'_>, &mut Vec<Entry>) -> Result<T, NoSpare>,
    ) -> Result<(T, Vec<Entry>, bool), KeyRingError> {
        self.with_spares(|state| {
            let has_to_write = state.has_to_encrypt_anew(self.clock.now());
            let State { stored, decoded, entries, revoked, spares, .. } = state;
            let mut wanted = if stored.is_none() { entries.clone() } else { decoded.clone() };
            let mut plan = self.plan(revoked, spares);
            let result = edit(&mut plan, &mut wanted)?;
            plan.tend(&mut wanted)?;
            let is_same = wanted.len() == decoded.len()
                && wanted.iter().zip(&*decoded).all(|(wanted, stored)| wanted.is_same_as(stored));
            Ok((result, wanted, has_to_write || !is_same))
        })
    }

    /// Takes what was written.
    fn adopt(&self, stored: Option<StoredKeys>, entries: Vec<Entry>) {
        let mut state = self.lock();
        state.stored = stored;
        if std::mem::take(&mut state.is_under_old_secret) {
            state.encrypted_anew_at = Some(self.clock.now());
        }
        state.decoded.clone_from(&entries);
        state.forget_stored_spares();
        drop(state);
        self.use_entries(entries);
    }

    fn use_entries(&self, entries: Vec<Entry>) {
        let mut state = self.lock();
        // If a key was revoked while the store was asked, those in use are newer: without the key, and with another one that signs.
        if !entries.iter().any(|entry| state.revoked.contains(entry.kid())) {
            state.entries = entries;
        }
        self.hand_out(&mut state);
    }

    /// Gives the keys of this moment to the followers, if they have others.
    fn hand_out(&self, state: &mut State) {
        let now = self.clock.now();
        let next = life::next_change(&state.lives(), now, state.grace());
        self.next_change.store(next.map_or(i64::MAX, Timestamp::unix), Ordering::Relaxed);
        let keys = match state.keys(now) {
            Ok(keys) => keys,
            Err(error) => {
                tracing::error!(target: TARGET, %error, "the keys of the ring cannot be used");
                return;
            }
        };
        let kids: Vec<_> = keys.keys().iter().map(|key| key.kid().to_owned()).collect();
        if state.handed_out == kids {
            return;
        }
        tracing::info!(target: TARGET, signing = ?kids.first(), accepted = ?kids.get(1..), "the keys of access tokens have changed");
        state.handed_out = kids;
        state.followers.retain(|follower| follower(Some(keys.clone())));
    }

    pub(super) fn keep_time(&self) {
        if self.clock.now().unix() >= self.next_change.load(Ordering::Relaxed) {
            self.hand_out(&mut self.lock());
        }
    }

    pub(super) fn keys(&self) -> Result<KeySet, KeyRingError> {
        self.lock().keys(self.clock.now()).map_err(KeyRingError::Key)
    }

    pub(super) fn kids(&self) -> Vec<String> {
        let keys = self.keys().ok();
        keys.iter().flat_map(|keys| keys.keys()).map(|key| key.kid().to_owned()).collect()
    }

    pub(super) fn until_next_end(&self) -> Option<Duration> {
        let state = self.lock();
        let now = self.clock.now();
        life::next_end(&state.lives(), now, state.grace()).map(|end| end.since(now))
    }

    /// The tokens of any follower may be valid for its grace, so the longest one counts.
    pub(super) fn follow(&self, grace: Duration, follower: Follower) {
        let mut state = self.lock();
        state.grace = state.grace.max(Some(grace));
        // It may have taken its keys a while ago.
        if let Ok(keys) = state.keys(self.clock.now()) {
            follower(Some(keys));
        }
        state.followers.push(follower);
        self.hand_out(&mut state);
    }
}

#[cfg(not(target_family = "wasm"))]
impl Keeper {
    /// Ticks for as long as there is a follower.
    pub(super) fn watch(keeper: &Arc<Self>) {
        let Some(runtime) = Handle::try_current().ok().or_else(|| keeper.runtime.clone()) else {
            tracing::warn!(
                target: TARGET,
                "there is no runtime of tokio, so the keys of the ring change only when `KeyRing::tick` is called"
            );
            return;
        };
        if std::mem::replace(&mut keeper.lock().is_watched, true) {
            return;
        }
        let keeper = Arc::downgrade(keeper);
        runtime.spawn(async move {
            let mut is_failing = false;
            loop {
                tokio::time::sleep(EVERY).await;
                let Some(keeper) = keeper.upgrade() else { return };
                if !keeper.is_followed() {
                    return;
                }
                match keeper.tick().await {
                    Ok(()) if is_failing => {
                        tracing::info!(target: TARGET, "the store of the keys answers again");
                        is_failing = false;
                    }
                    Ok(()) => {}
                    Err(error) => {
                        // The keys go on by their times.
                        keeper.keep_time();
                        if !is_failing {
                            tracing::error!(target: TARGET, error = %OneLine(&error), "the keys of the ring cannot be read or changed; those in use go on");
                        }
                        is_failing = true;
                    }
                }
            }
        });
    }

    /// Whether anyone takes the keys. If not, the watch ends.
    fn is_followed(&self) -> bool {
        let mut state = self.lock();
        state.followers.retain(|follower| follower(None));
        state.is_watched = !state.followers.is_empty();
        state.is_watched
    }
}
