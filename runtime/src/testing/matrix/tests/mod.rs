//! The committed file, read back and compared.

mod changes;
mod decisions;
mod demand;
mod file;
mod removed;
mod served;

use crate::access::{Access, Rule};
use crate::claims::role::{Implications, RoleTable};
use crate::matrix::{AccessMatrix, AccessRow, Declaration, DeclaredWhere, Methods, RoutePlace};

const IMPLIES: Implications = &[("editor", &["member"]), ("admin", &["member", "editor"])];

fn row(access: Access) -> AccessRow {
    with_roles(access, IMPLIES)
}

fn with_roles(access: Access, implies: Implications) -> AccessRow {
    of_route("GET /posts", access, implies)
}

/// The row that prints like this.
fn of_route(route: &str, access: Access, implies: Implications) -> AccessRow {
    let (methods, path) = route.split_once(' ').unwrap();
    let methods = Methods::read(methods).unwrap();
    let place = RoutePlace::read(path, methods == Methods::Every);
    let roles = RoleTable { implies, ..RoleTable::NONE };
    let declaration = Declaration::new(access, DeclaredWhere::Attribute, roles);
    AccessRow::new(methods, place, declaration, std::panic::Location::caller()).documented()
}

fn undocumented(row: AccessRow) -> AccessRow {
    AccessRow::new(row.methods().clone(), row.place().clone(), row.declaration, row.added_at)
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
