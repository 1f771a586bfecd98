//! PostgreSQL, PgBouncer, Redis and nginx for tests: started on a free port of the loopback address, with their data in a temporary folder.
//!
//! Nothing is left when the test process ends, however it ends: a small `sh` script holds the other end of a pipe from it, and
//! when the pipe closes, the script kills the server and removes the folder.
//!
//! Where a program is not installed, the functions panic with the command that installs it.

mod nginx;
mod pgbouncer;
mod postgres;
mod programs;
mod redis;
mod redis_cluster;
mod server;

pub use nginx::Nginx;
pub use pgbouncer::PgBouncer;
pub use postgres::Postgres;
pub use redis::Redis;
pub use redis_cluster::{RedisCluster, SlotMove};

/// The only place of this crate that fails a test.
#[expect(clippy::panic, reason = "a test that has no server cannot pass")]
fn give_up(sentence: &str) -> ! {
    panic!("{sentence}")
}
