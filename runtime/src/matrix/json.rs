//! The matrix for programs.

use std::collections::BTreeMap;

use serde::ser::{Serialize, Serializer};

use super::{AccessMatrix, AccessRow};
use crate::access::Access;

pub(super) fn text(matrix: &AccessMatrix) -> String {
    // Strings, lists and maps with names for keys: there is nothing in it that JSON does not have.
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
            method: &self.method,
            path: &self.path,
            access: kind(&self.access),
            rule: match &self.access {
                Access::Require(rule) => Some(rule.to_string()),
                _ => None,
            },
            reason: self.reason(),
            roles_sufficing: self.roles_sufficing().into_iter().collect(),
            declared: self.declared.to_string(),
            documented: self.documented,
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

fn kind(access: &Access) -> &'static str {
    match access {
        Access::Public { .. } => "public",
        Access::Optional => "optional",
        Access::Authenticated => "authenticated",
        Access::Require(_) => "rule",
    }
}
