//! The log of endings, in the order in which transactions become visible.
//!
//! A position from a sequence would not do: a reader that has seen the larger of two would miss the smaller one if that was
//! committed later. So each row has the number of its transaction, and a cursor is the snapshot in which the log was read, as text
//! `incarnation/xmin:xmax:running`. The next read returns the rows that were not visible in that snapshot.
//!
//! Numbers of transactions can return: after a crash, and on a standby that was promoted before it had everything. Both empty an
//! unlogged table, which therefore holds the incarnation of the server, a random number. Where that is another one, or where the
//! snapshot is older than the cursor, all of the log is read.

use sqlx::postgres::PgRow;
use sqlx::{Postgres, Row as _};

use super::{Query, StoreError};
use crate::clock::Timestamp;
use crate::session::{Cursor, Ending, Endings};

const READ: &str = "
    WITH state AS (
        SELECT (SELECT number FROM countersign_incarnation) AS incarnation, txid_current_snapshot() AS snapshot
    ), part AS (
        SELECT *, coalesce(
            incarnation = $1 AND txid_snapshot_xmax(snapshot) >= txid_snapshot_xmax($2::text::txid_snapshot), false
        ) AS follows
        FROM state
    )
    SELECT incarnation, snapshot::text AS snapshot, ending
    FROM part LEFT JOIN countersign_endings
    ON transaction >= CASE WHEN follows THEN txid_snapshot_xmin($2::text::txid_snapshot) ELSE 0 END
    AND NOT (follows AND txid_visible_in_snapshot(transaction, $2::text::txid_snapshot))";

const INCARNATE: &str =
    "INSERT INTO countersign_incarnation (number) VALUES ($1) ON CONFLICT (is_set) DO NOTHING";

const ANNOUNCE: &str = "
    INSERT INTO countersign_endings (transaction, ending, until) SELECT txid_current(), unnest($1::text[]), $2
    ON CONFLICT (transaction, ending) DO NOTHING";

const FORGET: &str = "
    DELETE FROM countersign_endings WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM countersign_endings WHERE until <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED))";

/// The statement that adds these endings to the log.
pub(super) fn announce(endings: &[Ending], until: Timestamp) -> Query {
    let endings: Vec<String> = endings.iter().map(ToString::to_string).collect();
    sqlx::query(ANNOUNCE).bind(endings).bind(until.unix())
}

/// The statement that removes rows whose time has come.
pub(super) fn forget(now: Timestamp, at_most: u32) -> Query {
    sqlx::query(FORGET).bind(now.unix()).bind(i64::from(at_most))
}

/// The statement that gives the server a number, unless it has one.
pub(super) fn incarnate() -> Result<Query, StoreError> {
    let mut number = [0; 8];
    getrandom::fill(&mut number).map_err(StoreError::new)?;
    Ok(sqlx::query(INCARNATE).bind(i64::from_be_bytes(number)))
}

/// The statement that reads what was added since this cursor, or everything.
pub(super) fn read(after: Option<&Cursor>) -> Result<Query, StoreError> {
    let (incarnation, snapshot) = match after {
        Some(cursor) => {
            let parts = cursor.as_str().split_once('/');
            let (incarnation, snapshot) =
                parts.ok_or_else(|| StoreError::new("a cursor of another store"))?;
            (Some(incarnation.parse::<i64>().map_err(StoreError::new)?), Some(snapshot.to_owned()))
        }
        None => (None, None),
    };
    Ok(sqlx::query(READ).bind(incarnation).bind(snapshot))
}

/// What [`read`] has found; `None` while the server has no number.
pub(super) fn found(rows: &[PgRow]) -> Result<Option<Endings>, StoreError> {
    let first = rows.first().ok_or_else(|| StoreError::new("no answer about the log of endings"))?;
    let Some(incarnation) = column::<Option<i64>>(first, "incarnation")? else { return Ok(None) };
    let snapshot: String = column(first, "snapshot")?;
    let mut endings = Vec::new();
    for row in rows {
        // An answer without endings is one row without an ending.
        if let Some(ending) = column::<Option<String>>(row, "ending")? {
            endings.push(ending.parse().map_err(StoreError::new)?);
        }
    }
    Ok(Some(Endings { endings, next: Cursor::new(format!("{incarnation}/{snapshot}")) }))
}

fn column<'r, T: sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>>(
    row: &'r PgRow,
    name: &str,
) -> Result<T, StoreError> {
    row.try_get(name).map_err(StoreError::new)
}
