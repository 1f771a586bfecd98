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
        Self { server: Server::start("postgres", &programs), programs }
    }

    /// Starts a standby, which copies `primary` and then streams what is written there.
    pub fn standby_of(primary: &Self) -> Self {
        let programs = programs::postgres();
        let server = Server::start_standby("postgres", &programs, primary.port());
        Self { server, programs }
    }

    /// Lets each transaction on this primary wait for its standby before it is confirmed.
    pub fn wait_for_standby(&self) {
        self.execute("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.execute("SELECT pg_reload_conf()");
        // The standby is synchronous once the primary has read its settings and the standby has caught up.
        let is_synchronous = "DO $$ BEGIN
            WHILE NOT EXISTS (SELECT FROM pg_stat_get_wal_senders() WHERE sync_state = 'sync') LOOP
                PERFORM pg_sleep(0.01);
            END LOOP;
        END $$";
        self.execute(is_synchronous);
    }

    /// Makes this standby the primary, which waits for no standby of its own.
    pub fn promote(&self) {
        self.execute("SELECT pg_promote()");
        self.execute("ALTER SYSTEM SET synchronous_standby_names = ''");
        self.execute("SELECT pg_reload_conf()");
    }

    fn execute(&self, statement: &str) {
        self.run("psql", &["-qAtX", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-c", statement]);
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let port = self.port().to_string();
        let done = Command::new(self.programs.join(program))
            .args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres"])
            .args(arguments)
            .output();
        match done {
            Ok(done) if done.status.success() => {}
            Ok(done) => give_up(&format!("`{program}` failed: {}", String::from_utf8_lossy(&done.stderr))),
            Err(error) => give_up(&format!("`{program}` does not start: {error}")),
        }
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
        // Of all servers, since a standby has the databases of its primary.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.run("createdb", &[&name]);
        self.url_of(&name)
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
