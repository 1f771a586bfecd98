//! The server under test as a process, and the stores that outlive it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use test_servers::{Postgres, Redis};

/// The longest window that is allowed, so that no machine is too slow for it.
pub(crate) const IN_WINDOW: u32 = 300;
/// No window at all.
pub(crate) const STRICT: u32 = 0;

/// An empty store for sessions.
pub(crate) struct Store {
    location: String,
    _folder: Option<tempfile::TempDir>,
}

impl Store {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = folder.path().join("sessions.db").to_str().unwrap().to_owned();
        Self { location, _folder: Some(folder) }
    }

    pub(crate) fn postgres() -> Self {
        Self::at(Postgres::shared().database())
    }

    /// One of the numbered databases of a server that all tests share.
    pub(crate) fn redis() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self::at(format!("{}/{}", Redis::shared().url(), NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) fn at(url: String) -> Self {
        Self { location: url, _folder: None }
    }
}

/// A server process, ended with the test.
pub(crate) struct Server {
    process: Mutex<Child>,
    _ends_when_closed: ChildStdin,
    pub(crate) url: String,
    pub(crate) agent: ureq::Agent,
}

impl Server {
    /// Starts a server on a free port, and waits until it listens.
    pub(crate) fn start(store: &Store, window: u32) -> Self {
        Self::start_with_clock(store, window, 0)
    }

    /// With a clock that is this many seconds ahead.
    pub(crate) fn start_with_clock(store: &Store, window: u32, ahead: i32) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_sessions-server"))
            .env("STORE", &store.location)
            .env("CLOCK_OFFSET", ahead.to_string())
            .env("COUNTERSIGN_ROTATION_WINDOW", window.to_string())
            .env("COUNTERSIGN_ISSUER", "https://issuer.test")
            .env("COUNTERSIGN_AUDIENCE", "https://api.test")
            .env("COUNTERSIGN_ACCESS_KEY", "Nq2Zk8sQ0eVwT5mXr7uYbH3cJd9fLg1pAaRiOxWvEyU4tSzC")
            .env("COUNTERSIGN_REFRESH_KEY", "d6GmP1xKcWf8RzUj3oTyLbQ5nHv0aEs7iXgYkVwNq9ChJ2rB")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        assert!(url.starts_with("http://"), "the server does not start");
        let agent = crate::client::agent();
        Self { process: Mutex::new(process), _ends_when_closed: input, url: url.trim_end().to_owned(), agent }
    }

    /// `kill -9`; returns when the process is gone.
    pub(crate) fn kill(&self) {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = process.kill();
        let _ = process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Makes a test on SQLite, on PostgreSQL and on Redis of each function that takes a [`Store`].
macro_rules! on_every_store {
    ($($test:ident)+) => {
        on_every_store!(sqlite: $($test)+);
        on_every_store!(postgres: $($test)+);
        on_every_store!(redis: $($test)+);
    };
    ($store:ident: $($test:ident)+) => {
        mod $store {
            $(
                #[test]
                fn $test() {
                    super::$test(&crate::server::Store::$store());
                }
            )+
        }
    };
}

pub(crate) use on_every_store;
