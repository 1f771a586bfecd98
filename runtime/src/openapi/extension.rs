//! The access of an operation for programs: the extension `x-access`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::requirements::sufficing;
use crate::access::{Access, Rule, function_of};
use crate::claims::role::RoleTable;

/// The name of the extension. The documentation of [`AuthRouter`](crate::AuthRouter) lists its members.
pub(crate) const EXTENSION: &str = "x-access";

/// Its name in an operation where the application uses `x-access` for something else.
pub(super) const OTHER_EXTENSION: &str = "x-countersign-access";

/// Whether this module may have written the value of `x-access`.
pub(super) fn is_ours(value: &Value) -> bool {
    let kind = value.get("kind").and_then(Value::as_str);
    let is_known =
        kind.is_some_and(|kind| ["public", "optional", "authenticated", "require"].contains(&kind));
    is_known && value.get("rule").is_some_and(Value::is_string)
}

/// A member that does not apply is left out.
#[derive(Default, Serialize)]
struct Extension {
    kind: &'static str,
    rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    roles: BTreeMap<&'static str, Vec<&'static str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age: Option<u64>,
    #[serde(skip_serializing_if = "is_false")]
    live: bool,
    #[serde(skip_serializing_if = "is_false")]
    both_tokens: bool,
    #[serde(skip_serializing_if = "is_false")]
    deny_impersonated: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    issuers: Vec<&'static str>,
    #[serde(skip_serializing_if = "is_false")]
    machine: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checks: Vec<&'static str>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// The extension for an access, without the names of private roles.
pub(super) fn of(access: &Access, roles: &RoleTable) -> Value {
    let mut extension = Extension { rule: access.words(roles.private), ..Extension::default() };
    extension.kind = match access {
        Access::Public { reason } => {
            extension.reason = Some(reason);
            "public"
        }
        Access::Optional => "optional",
        Access::Authenticated => "authenticated",
        Access::Require(rule) => {
            extension.collect(rule, roles);
            "require"
        }
    };
    serde_json::to_value(extension).unwrap_or_default()
}

impl Extension {
    fn collect(&mut self, rule: &Rule, roles: &RoleTable) {
        match *rule {
            Rule::Role(name) if !roles.private.contains(&name) => {
                self.roles.insert(name, sufficing(name, roles).collect());
            }
            Rule::Scope(scope) => add(&mut self.scopes, scope),
            Rule::Fresh(age) => {
                let seconds = age.as_secs();
                self.max_age = Some(self.max_age.map_or(seconds, |present| present.min(seconds)));
            }
            Rule::NotImpersonated => self.deny_impersonated = true,
            Rule::Check { name, .. } => add(&mut self.checks, function_of(name)),
            Rule::Issuer(name) => add(&mut self.issuers, name),
            Rule::Machine => self.machine = true,
            Rule::Live => self.live = true,
            Rule::BothTokens => {
                self.live = true;
                self.both_tokens = true;
            }
            Rule::Any(rules) | Rule::All(rules) => rules.iter().for_each(|rule| self.collect(rule, roles)),
            // A negation is in the words alone: its members would read as demands.
            Rule::Role(_) | Rule::Not(_) => {}
        }
    }
}

fn add(names: &mut Vec<&'static str>, name: &'static str) {
    if !names.contains(&name) {
        names.push(name);
    }
}
