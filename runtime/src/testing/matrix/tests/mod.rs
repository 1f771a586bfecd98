//! The committed file, read back and compared.

mod changes;
mod decisions;
mod file;
mod removed;
mod served;
mod words;

use crate::access::{Access, Rule};
use crate::claims::role::{Implications, RoleTable};
use crate::matrix::{AccessMatrix, AccessRow, DeclaredWhere};

fn row(access: Access) -> AccessRow {
    with_roles(access, &[("editor", &["member"]), ("admin", &["member", "editor"])])
}

fn with_roles(access: Access, implies: Implications) -> AccessRow {
    AccessRow {
        method: "GET".to_owned(),
        path: "/posts".to_owned(),
        access,
        declared: DeclaredWhere::Attribute,
        documented: true,
        roles: RoleTable { implies, ..RoleTable::NONE },
        place: std::panic::Location::caller(),
    }
}

/// The committed form of one route.
fn text(row: AccessRow) -> String {
    AccessMatrix::new(vec![row]).to_markdown()
}

fn leaked<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn all_of<const N: usize>(rules: [Rule; N]) -> Rule {
    Rule::All(leaked(rules))
}

fn any_of<const N: usize>(rules: [Rule; N]) -> Rule {
    Rule::Any(leaked(rules))
}

fn not(rule: Rule) -> Rule {
    Rule::Not(leaked(rule))
}
