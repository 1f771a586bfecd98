//! Whether a role that an attribute names exists, and which existing one is nearest. Three mechanisms answer, each where the others
//! cannot:
//!
//! - [`check_role`], a constant beside the handler, where a type of the signature knows its roles;
//! - [`DeclaredBy`], a bound, where the handler meets its router: also under `cargo check`, but it cannot compare strings, so it names no
//!   nearest role;
//! - [`check_names`], a constant of every guard and proof, where it meets its state: also in a plain router of axum and behind a
//!   negation, but only under `cargo build`.

use std::marker::PhantomData;

use crate::access::Rule;
use crate::claims::role::{Known, Roles};
use crate::claims::same;
use crate::diagnostics::message::Message;

/// The marker of a role, which the access attributes make, belongs to the roles `R`.
///
/// `Names` is there to be read: rustc shows it, and it is [`RoleSet::Listed`](crate::RoleSet::Listed).
#[diagnostic::on_unimplemented(
    message = "`{R}` has no role `{Self}`",
    label = "this handler requires the role `{Self}`",
    note = "the roles of `{R}` are `{Names}`",
    note = "a role is called like its variant in snake_case, unless #[role(rename = \"...\")] says otherwise; `_` stands for a character that \
            a Rust name cannot hold",
    note = "if `NoRole` stands here, the claims carry no roles: mark a field with #[claims(roles)]"
)]
pub trait DeclaredBy<R, Names> {}

#[diagnostic::do_not_recommend]
impl<R, N> DeclaredBy<R, N> for () {}

impl<R, N, First: DeclaredBy<R, N>, Rest: DeclaredBy<R, N>> DeclaredBy<R, N> for (First, Rest) {}

/// The roles of a derived set as types; what [`RoleSet::Listed`](crate::RoleSet::Listed) is made of.
pub trait ListsRoles {
    /// One for each role.
    type Names;
}

/// A type in a handler's signature that says which roles its users can hold.
pub trait NamesRoles {
    /// What is known of them.
    const NAMES: Option<Roles>;
}

impl<T: NamesRoles> NamesRoles for Option<T> {
    const NAMES: Option<Roles> = T::NAMES;
}

/// Asks any type for its roles: the constant of its own hides that of [`NoRoles`].
pub struct RoleNames<T>(PhantomData<T>);

impl<T: NamesRoles> RoleNames<T> {
    /// What the type says.
    pub const NAMES: Option<Roles> = T::NAMES;
}

/// The answer of types that say nothing about roles.
pub trait NoRoles {
    /// Nothing is known.
    const NAMES: Option<Roles> = None;
}

impl<T> NoRoles for RoleNames<T> {}

/// Whether any type of the signature has a closed set of roles.
pub const fn any_known(signature: Known<'_>) -> bool {
    let mut index = 0;
    while index < signature.len() {
        if let Some(Roles { names: Some(_), .. }) = signature[index].1 {
            return true;
        }
        index += 1;
    }
    false
}

/// Whether the signature already answered for the roles.
#[non_exhaustive]
pub enum Checked<const CHECKED: bool> {}

/// The roles that are left to compare where the handler meets its router.
pub trait Unchecked<R> {
    /// All or none.
    type Roles;
}

impl<R> Unchecked<R> for Checked<true> {
    type Roles = ();
}

impl<R> Unchecked<R> for Checked<false> {
    type Roles = R;
}

/// Refuses to compile when a type of the signature knows its roles and `role` is not among them.
#[track_caller]
#[expect(clippy::panic, reason = "runs at compile time only")]
pub const fn check_role(attribute: &str, role: &str, signature: Known<'_>) {
    let mut index = 0;
    while index < signature.len() {
        if let (ty, Some(Roles { names: Some(names), .. })) = signature[index]
            && !contains(names, role)
        {
            let start = Message::new().add("#[").add(attribute).add("]: `").add(ty).add("`");
            panic!("{}", no_role(start, role, names).text());
        }
        index += 1;
    }
}

/// A set of roles that has the role whose name hashes to `HASH`.
///
/// `#[derive(Role)]` implements it once for each variant; the open set, `String`, has every role.
pub trait Declares<const HASH: u64> {}

impl<const HASH: u64> Declares<HASH> for String {}

/// A role's name as a constant that types can carry: FNV-1a with 64 bits.
///
/// It keeps names apart at compile time only, where a collision is an error and never a permission.
#[must_use]
pub const fn role_hash(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        index += 1;
    }
    hash
}

pub(crate) const fn contains(names: &[&str], name: &str) -> bool {
    let mut index = 0;
    while index < names.len() {
        if distance(names[index], name) == 0 {
            return true;
        }
        index += 1;
    }
    false
}

const LONGEST: usize = 64;

/// Letters to change, insert or remove between two names; a long name is far from every other.
const fn distance(from: &str, to: &str) -> usize {
    let (from, to) = (from.as_bytes(), to.as_bytes());
    if from.len() >= LONGEST || to.len() >= LONGEST {
        return if same(from, to) { 0 } else { LONGEST };
    }
    let mut row = [0; LONGEST];
    let mut column = 0;
    while column <= to.len() {
        row[column] = column;
        column += 1;
    }
    let mut line = 0;
    while line < from.len() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        let mut column = 0;
        while column < to.len() {
            let replaced = diagonal + (from[line] != to[column]) as usize;
            diagonal = row[column + 1];
            row[column + 1] = least(replaced, least(diagonal, row[column]) + 1);
            column += 1;
        }
        line += 1;
    }
    row[to.len()]
}

const fn least(one: usize, other: usize) -> usize {
    if one < other { one } else { other }
}

/// Refuses to compile when a rule names a role that is not among these. A name behind `!` would let everybody in.
///
/// `routes!` asks the first argument of a handler. This is for every guard and proof, wherever it stands: in a plain router of axum, or behind
/// other arguments.
///
/// ```
/// # use axum::{Router, routing::get};
/// # use countersign::{Auth, Role, SessionClaims, require};
/// # #[derive(Role, Clone, Copy)]
/// # enum Role { Member, Blocked }
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: u64, #[claims(roles)] roles: Vec<Role> }
/// # fn main() { let _: Router<Auth<User>> = Router::new().route("/", get(write)); }
/// #[require(!role("blocked"))]
/// async fn write() {}
/// ```
///
/// ```compile_fail,E0080
/// # use axum::{Router, routing::get};
/// # use countersign::{Auth, Role, SessionClaims, require};
/// # #[derive(Role, Clone, Copy)]
/// # enum Role { Member, Blocked }
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: u64, #[claims(roles)] roles: Vec<Role> }
/// # fn main() { let _: Router<Auth<User>> = Router::new().route("/", get(write)); }
/// #[require(!role("blokced"))]
/// async fn write() {}
/// ```
///
/// ```compile_fail,E0080
/// # use countersign::{Auth, AuthRouter, Proof, Role, SessionClaims, routes, rule};
/// # #[derive(Role, Clone, Copy)]
/// # enum Role { Member, Blocked }
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: u64, #[claims(roles)] roles: Vec<Role> }
/// # rule! { NotBlocked = !role("blokced"); }
/// # fn main() { let _ = AuthRouter::<Auth<User>>::new().routes(routes!(write)); }
/// #[utoipa::path(post, path = "/posts")]
/// async fn write(_: User, _: Proof<NotBlocked>) {}
/// ```
#[expect(clippy::panic, reason = "runs at compile time only")]
pub(crate) const fn check_names(rule: &Rule, roles: Roles) {
    match (rule, roles.names) {
        (Rule::Role(role), Some(names)) if !contains(names, role) => {
            let start = Message::new().add("a guard demands a role, and the claims type of its router");
            panic!("{}", no_role(start, role, names).text());
        }
        (Rule::Not(rule), _) => check_names(rule, roles),
        (Rule::Any(rules) | Rule::All(rules), _) => {
            let mut index = 0;
            while index < rules.len() {
                check_names(&rules[index], roles);
                index += 1;
            }
        }
        _ => {}
    }
}

/// What is wrong with a role that `names` does not have; `start` says whose names these are.
pub(crate) const fn no_role(start: Message, role: &str, names: &[&str]) -> Message {
    if names.is_empty() {
        return start.add(" carries no roles; mark a field of the claims with #[claims(roles)]");
    }
    let mut sentence = start.add(" has no role `").add(role).add("`");
    let mut nearest = 0;
    let mut index = 0;
    while index < names.len() {
        if distance(names[index], role) < distance(names[nearest], role) {
            nearest = index;
        }
        index += 1;
    }
    if distance(names[nearest], role) <= least(role.len() / 3 + 1, 3) {
        sentence = sentence.add("; did you mean `").add(names[nearest]).add("`?");
    }
    sentence = sentence.add(" (its roles are ");
    let mut index = 0;
    while index < names.len() {
        sentence = sentence.add(if index == 0 { "`" } else { ", `" }).add(names[index]).add("`");
        index += 1;
    }
    sentence.add(")")
}

#[cfg(test)]
mod tests;
