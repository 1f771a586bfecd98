//! The matrix for programs.

use std::collections::BTreeMap;

use serde::ser::{Serialize, Serializer};

use super::{AccessMatrix, AccessRow, access_name};
use crate::access::Access;

pub(super) fn text(matrix: &AccessMatrix) -> String {
    // Serialization cannot fail: the rows are strings, lists, and maps whose keys are strings.
    serde_json::to_string_pretty(matrix).unwrap_or_default() + "\n"
}

/// The array of [`AccessMatrix::to_json`].
impl Serialize for AccessMatrix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.rows)
    }
}

/// An object of [`AccessMatrix::to_json`].
impl Serialize for AccessRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Row {
            method: self.method(),
            path: self.path(),
            access: access_name(&self.access()),
            rule: match &self.access() {
                Access::Require(rule) => Some(rule.to_string()),
                _ => None,
            },
            reason: self.reason(),
            roles_sufficing: self.roles_sufficing().into_iter().collect(),
            declared: self.declared().to_string(),
            documented: self.is_documented(),
        }
        .serialize(serializer)
    }
}

#[derive(serde::Serialize)]
struct Row<'a> {
    method: &'a str,
    path: &'a str,
    access: &'static str,
    rule: Option<String>,
    reason: Option<&'a str>,
    roles_sufficing: BTreeMap<&'a str, Vec<&'a str>>,
    declared: String,
    documented: bool,
}
