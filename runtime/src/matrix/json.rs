//! The matrix for programs.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

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
        let access = self.access();
        let rule = match &access {
            Access::Require(rule) => Some(rule.to_string()),
            _ => None,
        };
        let issuers = self.issuers();
        let mut row = serializer.serialize_struct("AccessRow", 10 + usize::from(issuers.is_some()))?;
        row.serialize_field("method", self.method())?;
        row.serialize_field("path", self.path())?;
        row.serialize_field("access", access_name(&access))?;
        row.serialize_field("rule", &rule)?;
        row.serialize_field("reason", &self.reason())?;
        row.serialize_field("roles_sufficing", &BTreeMap::from_iter(self.roles_sufficing()))?;
        if let Some(issuers) = issuers {
            row.serialize_field("issuers", &issuers)?;
        }
        row.serialize_field("declared", &self.declared().to_string())?;
        row.serialize_field("own", &self.own_access().to_string())?;
        row.serialize_field("guards", &Vec::from_iter(self.guards().iter().map(Access::to_string)))?;
        row.serialize_field("documented", &self.is_documented())?;
        row.end()
    }
}
