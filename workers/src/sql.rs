//! The statements of an object, and the values that go in and out of them.
//!
//! Nothing here knows a Worker, so the tests run the same statements in a SQLite of their own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Makes the tables of an object. Each statement does nothing where its table exists.
///
/// Cloudflare bills the rows that a statement reads. With the index by user, a sign-in reads one row of it and a list reads those
/// that it returns.
pub(crate) const SCHEMA: [&str; 4] = [
    "
    CREATE TABLE IF NOT EXISTS countersign_sessions (
        id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
        user_id TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        current_hash BLOB NOT NULL CHECK (length(current_hash) = 32),
        previous_hash BLOB CHECK (length(previous_hash) = 32),
        may_be_lost INTEGER NOT NULL,
        rotated_at INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        authenticated_at INTEGER NOT NULL,
        last_used_at INTEGER NOT NULL,
        idle_ttl INTEGER,
        idle_expires_at INTEGER NOT NULL,
        absolute_expires_at INTEGER NOT NULL,
        access_not_before INTEGER,
        ends_with_browser INTEGER NOT NULL,
        address TEXT,
        user_agent TEXT,
        device_label TEXT,
        device_kind TEXT,
        fingerprint BLOB CHECK (length(fingerprint) = 32),
        version INTEGER NOT NULL,
        purge_day INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS countersign_sessions_by_user ON countersign_sessions (user_id, sequence)",
    "CREATE INDEX IF NOT EXISTS countersign_sessions_by_purge_day ON countersign_sessions (purge_day)",
    "CREATE TABLE IF NOT EXISTS countersign_settings (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT",
];

/// The number of columns of [`Operation::Load`] and [`Operation::List`].
pub(crate) const COLUMNS: usize = 21;

/// Numbers leave as text: JavaScript has them as floating-point numbers, which are exact only up to 2^53.
macro_rules! select_where {
    ($condition:literal) => {
        concat!(
            "SELECT id, user_id, CAST(sequence AS TEXT), current_hash, previous_hash, CAST(may_be_lost AS TEXT),
                CAST(rotated_at AS TEXT), CAST(created_at AS TEXT), CAST(authenticated_at AS TEXT),
                CAST(last_used_at AS TEXT), CAST(idle_ttl AS TEXT), CAST(idle_expires_at AS TEXT),
                CAST(absolute_expires_at AS TEXT), CAST(access_not_before AS TEXT), CAST(ends_with_browser AS TEXT),
                address, user_agent, device_label, device_kind, fingerprint, CAST(version AS TEXT)
            FROM countersign_sessions
            WHERE ",
            $condition
        )
    };
}

/// A question that an object answers. Each is one statement, so that nothing comes between a comparison and its write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Operation {
    /// `?1` is the proposed salt. Returns the one that is kept.
    Salt,
    /// `?1` to `?12` are the columns that change, `?13` to `?21` the others. Returns the sequence.
    Insert,
    /// `?1` is the identifier.
    Load,
    /// `?1` to `?12` are the columns that change, `?13` is the expected version. Returns a row if it wrote.
    Replace,
    /// `?1` is the identifier. Returns a row if it removed one.
    Remove,
    /// `?1` are the identifiers, a JSON array of hexadecimal text. Returns those that it removed.
    RemoveEach,
    /// `?1` to `?3` are the user and the range of the partition, `?4` and `?5` the place after which the list begins, `?6` is the limit.
    List,
    /// `?1` to `?3` are the user and the range of the partition, `?4` is the identifier to spare or NULL. Returns a row for each.
    RemoveAll,
    /// `?1` is the time, `?2` the largest number of rows. Returns a row for each.
    Purge,
}

impl Operation {
    pub(crate) const fn statement(self) -> &'static str {
        match self {
            Self::Salt => {
                "INSERT INTO countersign_settings (name, value) VALUES ('salt', ?1)
                ON CONFLICT (name) DO UPDATE SET value = value
                RETURNING value"
            }
            Self::Insert => {
                "INSERT INTO countersign_sessions (id, current_hash, previous_hash, may_be_lost, rotated_at,
                    authenticated_at, last_used_at, idle_expires_at, absolute_expires_at, access_not_before, version,
                    purge_day, user_id, created_at, idle_ttl, ends_with_browser, address, user_agent, device_label,
                    device_kind, fingerprint, sequence)
                SELECT ?1, ?2, ?3, CAST(?4 AS INTEGER), CAST(?5 AS INTEGER), CAST(?6 AS INTEGER), CAST(?7 AS INTEGER),
                    CAST(?8 AS INTEGER), CAST(?9 AS INTEGER), CAST(?10 AS INTEGER), CAST(?11 AS INTEGER),
                    CAST(?12 AS INTEGER), ?13, CAST(?14 AS INTEGER), CAST(?15 AS INTEGER), CAST(?16 AS INTEGER), ?17,
                    ?18, ?19, ?20, ?21, coalesce(max(sequence), 0) + 1
                FROM countersign_sessions
                WHERE user_id = ?13
                RETURNING CAST(sequence AS TEXT)"
            }
            Self::Load => select_where!("id = ?1"),
            Self::Replace => {
                "UPDATE countersign_sessions
                SET current_hash = ?2, previous_hash = ?3, may_be_lost = CAST(?4 AS INTEGER),
                    rotated_at = CAST(?5 AS INTEGER), authenticated_at = CAST(?6 AS INTEGER),
                    last_used_at = CAST(?7 AS INTEGER), idle_expires_at = CAST(?8 AS INTEGER),
                    absolute_expires_at = CAST(?9 AS INTEGER), access_not_before = CAST(?10 AS INTEGER),
                    version = CAST(?11 AS INTEGER), purge_day = CAST(?12 AS INTEGER)
                WHERE id = ?1 AND version = CAST(?13 AS INTEGER)
                RETURNING 1"
            }
            Self::Remove => "DELETE FROM countersign_sessions WHERE id = ?1 RETURNING 1",
            Self::RemoveEach => {
                "DELETE FROM countersign_sessions WHERE id IN (SELECT unhex(value) FROM json_each(?1)) RETURNING id"
            }
            Self::List => select_where!(
                "user_id = ?1 AND id BETWEEN ?2 AND ?3 AND (sequence, id) < (CAST(?4 AS INTEGER), ?5)
                ORDER BY sequence DESC, id DESC
                LIMIT CAST(?6 AS INTEGER)"
            ),
            Self::RemoveAll => {
                "DELETE FROM countersign_sessions
                WHERE user_id = ?1 AND id BETWEEN ?2 AND ?3 AND id IS NOT ?4
                RETURNING 1"
            }
            Self::Purge => {
                "DELETE FROM countersign_sessions
                WHERE id IN (
                    SELECT id FROM countersign_sessions
                    WHERE purge_day <= CAST(?1 AS INTEGER) / 86400
                        AND (idle_expires_at <= CAST(?1 AS INTEGER) OR absolute_expires_at <= CAST(?1 AS INTEGER))
                    LIMIT CAST(?2 AS INTEGER)
                )
                RETURNING 1"
            }
        }
    }
}

/// Whether an object has a session; then its alarm is set once more.
pub(crate) const HAS_SESSIONS: &str = "SELECT 1 FROM countersign_sessions LIMIT 1";

/// A value of a statement or of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Text(String),
    Bytes(Vec<u8>),
}

/// The question of a Worker to an object.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Question {
    pub(crate) operation: Operation,
    pub(crate) values: Vec<Value>,
}

/// The answer of the object: the rows, or why there are none.
pub(crate) type Answer = Result<Vec<Vec<Value>>, String>;

/// In JSON, text has a `'` in front and bytes are base64.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Text(text) => serializer.serialize_str(&format!("'{text}")),
            Self::Bytes(bytes) => serializer.serialize_str(&STANDARD.encode(bytes)),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(mut text) = Option::<String>::deserialize(deserializer)? else { return Ok(Self::Null) };
        if text.starts_with('\'') {
            text.remove(0);
            return Ok(Self::Text(text));
        }
        // An error of the decoder would quote a byte of what it read.
        let bytes =
            STANDARD.decode(text).map_err(|_| serde::de::Error::custom("bytes that are not base64"))?;
        Ok(Self::Bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_from_json() {
        let values = vec![
            Value::Null,
            Value::Text(String::new()),
            Value::Text("'\"\0🦀".to_owned()),
            Value::Text("YQ==".to_owned()),
            Value::Bytes(Vec::new()),
            Value::Bytes((0..=255).collect()),
        ];
        let json = serde_json::to_string(&values).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Value>>(&json).unwrap(), values);
        assert!(serde_json::from_str::<Value>("\"no base64\"").is_err());
    }

    #[test]
    fn every_statement_is_one_and_knows_its_placeholders() {
        for (operation, placeholders) in [
            (Operation::Salt, 1),
            (Operation::Insert, 21),
            (Operation::Load, 1),
            (Operation::Replace, 13),
            (Operation::Remove, 1),
            (Operation::RemoveEach, 1),
            (Operation::List, 6),
            (Operation::RemoveAll, 4),
            (Operation::Purge, 2),
        ] {
            let statement = operation.statement();
            assert!(!statement.contains(';'), "{operation:?}");
            let highest = statement.split('?').skip(1).filter_map(|after| {
                after.split(|character: char| !character.is_ascii_digit()).next()?.parse::<u32>().ok()
            });
            assert_eq!(highest.max(), Some(placeholders), "{operation:?}");
        }
    }
}
