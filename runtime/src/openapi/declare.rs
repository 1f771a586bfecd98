//! An access, written into an operation.

use serde_json::Value;
use utoipa::openapi::path::Operation;

use super::extension::{self, EXTENSION, OTHER_EXTENSION};
use super::refusals;
use super::requirements::requirements;
use super::schemes::Names;
use crate::access::Access;
use crate::claims::role::RoleTable;

/// How the line of a public operation begins, here and in the expansion of `#[public]`.
const PUBLIC: &str = "Public: ";

/// Writes an access into an operation; what was written there by hand about who may call it does not count.
///
/// It can be called again with another access, which takes the place of the first.
pub(crate) fn declare(operation: &mut Operation, access: &Access, roles: &RoleTable) {
    declare_with(operation, access, roles, &Names::default());
}

/// As [`declare`], with these names for the places of tokens.
pub(super) fn declare_with(operation: &mut Operation, access: &Access, roles: &RoleTable, names: &Names) {
    remove_line(operation);
    operation.security = Some(requirements(access, roles, names));
    refusals::describe(operation, access, roles);
    add_line(operation, &line(access, roles));
    let extensions = operation.extensions.get_or_insert_default();
    let is_foreign = extensions.get(EXTENSION).is_some_and(|value| !extension::is_ours(value));
    let name = if is_foreign { OTHER_EXTENSION } else { EXTENSION };
    extensions.insert(name.to_owned(), extension::of(access, roles));
}

/// The last line of the description. Some viewers show neither `security` nor extensions.
pub(super) fn line(access: &Access, roles: &RoleTable) -> String {
    match access {
        Access::Public { reason } => format!("{PUBLIC}{reason}"),
        access => format!("Access: {}", access.words(roles.private)),
    }
}

fn add_line(operation: &mut Operation, line: &str) {
    let description = operation.description.get_or_insert_default();
    // An attribute may have written it.
    if description.strip_suffix(line).is_some_and(|before| before.is_empty() || before.ends_with('\n')) {
        return;
    }
    if !description.is_empty() {
        description.push_str("\n\n");
    }
    description.push_str(line);
}

/// Takes out the line of an access that was declared before.
fn remove_line(operation: &mut Operation) {
    let extensions = operation.extensions.iter();
    let declared =
        extensions.flat_map(|all| [EXTENSION, OTHER_EXTENSION].map(|name| all.get(name))).flatten();
    let mut lines: Vec<_> = declared.filter(|value| extension::is_ours(value)).filter_map(line_of).collect();
    let Some(description) = &mut operation.description else { return };
    // `#[public]` writes its line without the extension, which says nothing once a router guards the handler.
    if operation.security.as_ref().is_some_and(Vec::is_empty) {
        let last = description.rsplit("\n\n").next().unwrap_or_default();
        lines.extend(last.starts_with(PUBLIC).then(|| last.to_owned()));
    }
    for line in lines {
        if let Some(rest) = description.strip_suffix(&line) {
            *description = rest.trim_end().to_owned();
        }
    }
}

/// The line that was written with this extension.
fn line_of(extension: &Value) -> Option<String> {
    let text = |member: &str| extension.get(member).and_then(Value::as_str);
    text("reason")
        .map(|reason| format!("{PUBLIC}{reason}"))
        .or_else(|| text("rule").map(|rule| format!("Access: {rule}")))
}
