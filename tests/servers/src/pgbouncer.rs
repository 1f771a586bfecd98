//! PgBouncer in front of PostgreSQL.

use std::path::Path;
use std::sync::OnceLock;

use crate::server::Server;
use crate::{Postgres, programs};

/// A PgBouncer that hands out connections for one transaction at a time, ended with this value or with the process.
#[derive(Debug)]
pub struct PgBouncer<'p> {
    server: Server,
    postgres: &'p Postgres,
}

impl PgBouncer<'static> {
    /// The one in front of [`Postgres::shared`] that the tests of this process share; started when it is first asked for.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PgBouncer<'_>> = OnceLock::new();
        SHARED.get_or_init(|| Self::in_front_of(Postgres::shared()))
    }
}

impl<'p> PgBouncer<'p> {
    /// Starts a pooler that has at most three connections to each database of this server, whatever number of clients it has.
    pub fn in_front_of(postgres: &'p Postgres) -> Self {
        let configure = |_: &Path, port: u16| {
            let config = CONFIG.replace("{upstream}", &postgres.port().to_string());
            config.replace("{port}", &port.to_string())
        };
        Self { server: Server::start_with("pgbouncer", &programs::pgbouncer(), &configure), postgres }
    }

    /// Makes an empty database on the server and says where it is behind this pooler.
    pub fn database(&self) -> String {
        self.url_of(&self.postgres.database())
    }

    /// Where the database at this URL of the server is behind this pooler.
    pub fn url_of(&self, database: &str) -> String {
        database.replacen(&format!(":{}/", self.postgres.port()), &format!(":{}/", self.port()), 1)
    }

    /// The port on the loopback address.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Kills the pooler; connections break, new ones are refused.
    pub fn stop(&self) {
        self.server.stop();
    }

    /// Starts it again after [`stop`](Self::stop), on the same port.
    pub fn start_again(&self) {
        self.server.start_again();
    }
}

/// `sqlx` cannot connect unless the parameter is ignored. The delays are short, since tests stop the server behind.
const CONFIG: &str = "\
[databases]
* = host=127.0.0.1 port={upstream} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
admin_users = postgres
pool_mode = transaction
default_pool_size = 3
max_client_conn = 1000
ignore_startup_parameters = extra_float_digits
server_login_retry = 0.2
server_idle_timeout = 10
";
