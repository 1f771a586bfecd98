//! The keys of a ring in SQLite.

use sqlx::Row as _;

use super::{SqliteStore, StoreError, failure};
use crate::store::sql::{FIRST_KEYS, LOAD_KEYS, REPLACE_KEYS, read_keys, stored_number};
use crate::token::{KeyStore, StoredKeys};

impl KeyStore for SqliteStore {
    async fn load_keys(&self) -> Result<Option<StoredKeys>, StoreError> {
        let row = sqlx::query(LOAD_KEYS).fetch_optional(&self.pool).await.map_err(failure)?;
        let read = |row: &sqlx::sqlite::SqliteRow| read_keys(row.try_get("version"), row.try_get("document"));
        row.as_ref().map(read).transpose()
    }

    async fn replace_keys(&self, document: &[u8], expected_version: u64) -> Result<bool, StoreError> {
        let written = match expected_version {
            0 => self.execute(sqlx::query(FIRST_KEYS).bind(document)).await?,
            _ => {
                let query = sqlx::query(REPLACE_KEYS).bind(document).bind(stored_number(expected_version)?);
                self.execute(query).await?
            }
        };
        Ok(written == 1)
    }
}
