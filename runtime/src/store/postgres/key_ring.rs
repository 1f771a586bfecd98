//! The keys of a ring in PostgreSQL.

use sqlx::Row as _;

use super::{PostgresStore, StoreError, failure, is_lost_race};
use crate::store::sql::{FIRST_KEYS, LOAD_KEYS, REPLACE_KEYS, read_keys, stored_number};
use crate::token::{KeyStore, StoredKeys};

impl KeyStore for PostgresStore {
    async fn load_keys(&self) -> Result<Option<StoredKeys>, StoreError> {
        let rows = self.fetch(sqlx::query(LOAD_KEYS)).await.map_err(failure)?;
        let read = |row: &sqlx::postgres::PgRow| read_keys(row.try_get("version"), row.try_get("document"));
        rows.first().map(read).transpose()
    }

    async fn replace_keys(&self, document: &[u8], expected_version: u64) -> Result<bool, StoreError> {
        let document = document.to_vec();
        let query = match expected_version {
            0 => sqlx::query(FIRST_KEYS).bind(document),
            _ => sqlx::query(REPLACE_KEYS).bind(document).bind(stored_number(expected_version)?),
        };
        match self.execute(query).await {
            Ok(written) => Ok(written == 1),
            Err(error) if is_lost_race(&error) => Ok(false),
            Err(error) => Err(failure(error)),
        }
    }
}
