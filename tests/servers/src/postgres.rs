//! PostgreSQL.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::server::Server;
use crate::{give_up, programs};

/// A PostgreSQL server, ended with this value or with the process.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
    programs: PathBuf,
    databases: AtomicU32,
}

impl Postgres {
    /// The server that the tests of this process share; started when it is first asked for.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A server of the caller's own, to be stopped and started.
    pub fn start() -> Self {
        let programs = programs::postgres();
        Self { server: Server::start("postgres", &programs), programs, databases: AtomicU32::new(0) }
    }

    /// Where the database `postgres` is, whose user `postgres` needs no password.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The port on the loopback address.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Where the server keeps its data and its `log`.
    pub fn folder(&self) -> &Path {
        self.server.folder()
    }

    /// Makes an empty database and says where it is.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let port = self.port().to_string();
        let made = Command::new(self.programs.join("createdb"))
            .args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres", &name])
            .output();
        match made {
            Ok(made) if made.status.success() => self.url_of(&name),
            Ok(made) => give_up(&format!("no new database: {}", String::from_utf8_lossy(&made.stderr))),
            Err(error) => give_up(&format!("`createdb` does not start: {error}")),
        }
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port())
    }

    /// Ends the server at once, as a crash would; connections break.
    pub fn stop(&self) {
        self.server.stop();
    }

    /// Starts it again after [`stop`](Self::stop), on the same port and with the same data.
    pub fn start_again(&self) {
        self.server.start_again();
    }
}
