//! Where sessions are kept: [`MemoryStore`], `SqliteStore` with the feature `sqlite`, `PostgresStore` with the feature
//! `postgres`, `RedisStore` with the feature `redis`, or a store of your own.
//!
//! A store keeps records and knows no rules. [`session`](crate::session) decides which token is good, when a session ends and
//! what a replay means, in the same way for every store. A store only has to provide one conditional write,
//! [`SessionStore::replace`].

mod memory;
#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
mod postgres;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
mod redis;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
mod sqlite;

#[cfg(feature = "redis")]
pub use self::redis::RedisStore;
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

pub use crate::session::store::{Replaced, SessionStore, StoreError};
