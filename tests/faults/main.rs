//! Real faults: servers that are killed and restarted, two servers on one store, stores that stop, hang and lose their data. A row is a row
//! of `docs/REQUIREMENTS.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test that is how it fails")]

mod client;
mod clocks;
mod failover;
mod killed;
mod outages;
mod postgres;
mod proxy;
mod redis;
mod redis_cluster;
mod server;
mod two_servers;
