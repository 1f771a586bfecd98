//! What is at the other end of a connection: a server of its own, a pooler, or a standby.
//!
//! All questions are simple queries, which prepare nothing.

use std::collections::HashSet;

use sqlx::{Executor as _, PgConnection, Row as _};

/// Which of two connections is asked, one question after the other. The order has no period, since a pooler may give its connections out
/// in turn.
const QUESTIONS: [usize; 12] = [0, 1, 0, 0, 1, 1, 0, 1, 1, 1, 0, 0];

/// Whether these two connections share those of a pooler.
///
/// Each process of the server belongs to one connection to it. So there is a pooler if both connections have met one process, or one
/// of them has met two.
pub(super) async fn is_shared(
    first: &mut PgConnection,
    second: &mut PgConnection,
) -> Result<bool, sqlx::Error> {
    let mut met = [HashSet::new(), HashSet::new()];
    for asked in QUESTIONS {
        let connection = if asked == 0 { &mut *first } else { &mut *second };
        let process: i32 = connection.fetch_one("SELECT pg_backend_pid()").await?.try_get(0)?;
        met[asked].insert(process);
        if !met[0].is_disjoint(&met[1]) || met.iter().any(|met| met.len() > 1) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether transactions are at PostgreSQL's own default level, unless they say otherwise.
pub(super) async fn is_read_committed(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let level: String = connection.fetch_one("SHOW default_transaction_isolation").await?.try_get(0)?;
    Ok(level == "read committed")
}

/// An error if the server is a standby.
pub(super) async fn refuse_standby(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    match connection.fetch_one("SELECT pg_is_in_recovery()").await?.try_get(0)? {
        true => Err(sqlx::Error::Configuration(
            "the database is a standby, which lags behind; connect to the primary".into(),
        )),
        false => Ok(()),
    }
}
