//! The keys of a ring in Redis: one hash, which does not expire.

use redis::aio::ConnectionLike;

use super::scripts::REPLACE_KEYS;
use super::{RedisStore, StoreError};
use crate::token::{KeyStore, StoredKeys};

const NAME: &str = "keys";

impl<C> KeyStore for RedisStore<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    async fn load_keys(&self) -> Result<Option<StoredKeys>, StoreError> {
        let mut command = redis::cmd("HMGET");
        command.arg(self.keys.of_deployment(NAME)).arg(&["version", "document"]);
        match self.query::<(Option<u64>, Option<Vec<u8>>)>(&command).await? {
            (Some(version), Some(document)) => Ok(Some(StoredKeys::new(version, document))),
            (None, None) => Ok(None),
            _ => Err(StoreError::new("the keys of the ring are damaged")),
        }
    }

    async fn replace_keys(&self, document: &[u8], expected_version: u64) -> Result<bool, StoreError> {
        let key = self.keys.of_deployment(NAME);
        let next = expected_version.checked_add(1).ok_or_else(|| StoreError::new("no version is left"))?;
        let arguments = (expected_version, next, document);
        Ok(self.call::<u64>(&REPLACE_KEYS, &[key], arguments).await? == 1)
    }
}
