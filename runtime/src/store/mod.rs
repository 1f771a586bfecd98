//! Where sessions are kept: [`MemoryStore`], `SqliteStore` with the feature `sqlite`, `PostgresStore` with the feature
//! `postgres`, `RedisStore` with the feature `redis`, or a store of your own.
//!
//! All of them also keep the keys of a [`KeyRing`](crate::token::KeyRing), which may lie in files instead, in a `FileKeyStore`.
//!
//! A store keeps records and knows no rules. [`session`](crate::session) decides which token is good, when a session ends and
//! what a replay means, in the same way for every store. A store only has to provide one conditional write,
//! [`SessionStore::replace`].

#[cfg(not(target_family = "wasm"))]
mod files;
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
#[cfg(not(target_family = "wasm"))]
pub use files::FileKeyStore;
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

pub use crate::session::store::{Replaced, SessionStore, StoreError};
