//! What a session takes in `MemoryStore`, and how long a look-up waits for a purge: `cargo run --release -p benches --bin memory`.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for the people who measure")]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use countersign::session::{Owner, PartitionSalt, SessionId, SessionMetadata, SessionRecord, TokenHash};
use countersign::store::{MemoryStore, SessionStore as _};
use countersign::{DeviceKind, Timestamp};

const SESSIONS: u32 = 1_000_000;

fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the store is in memory"),
    }
}

/// The resident memory of this process in bytes, where Linux tells it.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

fn main() {
    let store = MemoryStore::new();
    let salt = PartitionSalt::from_bytes([7; 16]);
    let start = Timestamp::from_unix(1_700_000_000);
    let end = start + Duration::from_secs(86_400);
    let before = resident();
    let mut last = None;
    for number in 0..SESSIONS {
        let user = format!("user-{}", number / 3);
        let id = SessionId::generate(Owner::new(&salt, &user).partition()).unwrap();
        let mut record = SessionRecord::new(id, user, TokenHash::of(number.to_be_bytes()), start, end, end);
        record.previous = Some(TokenHash::of([1]));
        record.metadata = SessionMetadata::default()
            .with_address([192, 0, 2, 7].into())
            .with_user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0")
            .with_device_label("Firefox on Linux")
            .with_device_kind(DeviceKind::Desktop);
        now(store.insert(record)).unwrap();
        last = Some(id);
    }
    println!("{} bytes a session", (resident() - before) / u64::from(SESSIONS));

    let is_purging = Arc::new(AtomicBool::new(true));
    let purge = std::thread::spawn({
        let (store, is_purging) = (store.clone(), Arc::clone(&is_purging));
        move || {
            let begun = Instant::now();
            for _ in 0..20 {
                now(store.purge_expired(start, 1000)).unwrap();
            }
            is_purging.store(false, Ordering::SeqCst);
            begun.elapsed() / 20
        }
    });
    let mut longest = Duration::ZERO;
    while is_purging.load(Ordering::SeqCst) {
        let begun = Instant::now();
        now(store.load(&last.unwrap())).unwrap();
        longest = longest.max(begun.elapsed());
    }
    println!(
        "a purge of all looks at them for {:?}; a look-up beside it took up to {longest:?}",
        purge.join().unwrap()
    );
}
