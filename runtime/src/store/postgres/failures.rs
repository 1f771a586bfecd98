//! What the errors of PostgreSQL, of a pooler and of the connections mean for a store.

use super::StoreError;

/// PostgreSQL's code for a row that a concurrent transaction has changed.
const SERIALIZATION_FAILURE: &str = "40001";

/// Codes of a server that is there and cannot work: it shuts down, was shut down, starts, has no connection left or is a standby. Not the
/// code of a statement that took too long: that one may have waited for a row, while others are answered.
const OUT_OF_SERVICE: [&str; 5] = ["57P01", "57P02", "57P03", "53300", "25006"];
/// The codes that start with these are those of broken connections. A pooler uses them where it cannot reach the server.
const CONNECTION_EXCEPTION: &str = "08";

/// Keeps only code and message: the server quotes rows in the details of its errors, and identifiers do not belong in a log.
pub(super) fn failure(error: sqlx::Error) -> StoreError {
    let is_out_of_reach = is_out_of_reach(&error);
    let cause: Box<dyn std::error::Error + Send + Sync> = match error.as_database_error() {
        Some(database) => {
            let code = database.code().unwrap_or_default();
            format!("PostgreSQL error {code}: {}", database.message()).into()
        }
        None => error.into(),
    };
    match is_out_of_reach {
        true => StoreError::unreachable(cause),
        false => StoreError::new(cause),
    }
}

/// Whether the error says that the database is not to be had for now, whatever is asked of it.
pub(super) fn is_out_of_reach(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| OUT_OF_SERVICE.contains(&&*code) || code.starts_with(CONNECTION_EXCEPTION)),
        _ => false,
    }
}

pub(super) fn is_lost_race(error: &sqlx::Error) -> bool {
    let database = error.as_database_error();
    database.is_some_and(|error| error.code().as_deref() == Some(SERIALIZATION_FAILURE))
}
