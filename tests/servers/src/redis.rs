//! Redis.

use std::path::Path;
use std::sync::OnceLock;

use crate::programs;
use crate::server::Server;

/// A Redis server, ended with this value or with the process.
#[derive(Debug)]
pub struct Redis(Server);

impl Redis {
    /// The server that the tests of this process share; started when it is first asked for.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Redis> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A server of the caller's own, to be stopped, paused and started.
    pub fn start() -> Self {
        Self(Server::start("redis", &programs::redis()))
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port())
    }

    /// The port on the loopback address.
    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// Where the server keeps its data and its `log`.
    pub fn folder(&self) -> &Path {
        self.0.folder()
    }

    /// Kills the server; connections break, new ones are refused.
    pub fn stop(&self) {
        self.0.stop();
    }

    /// Starts it again after [`stop`](Self::stop), on the same port and with what was written before.
    pub fn start_again(&self) {
        self.0.start_again();
    }

    /// Lets it hang: connections stay open and nothing is answered.
    pub fn pause(&self) {
        self.0.pause();
    }

    /// Lets it go on after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.0.resume();
    }
}
