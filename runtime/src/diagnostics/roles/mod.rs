//! Checks that the roles named in rules exist, and suggests the nearest one. There are three mechanisms, because each works where the
//! others cannot:
//!
//! - [`check_role`] and [`check_role_path`], constants beside the handler, work where a type of the signature declares its roles.
//! - [`DeclaredBy`], a trait bound where the handler is added to its router, also works under `cargo check`. It cannot compare strings,
//!   so it suggests no role.
//! - [`check_names`], a constant of every guard and proof, also works in a plain axum router and behind a negation, but only under
//!   `cargo build`, when the state's type is known.

use std::marker::PhantomData;

use crate::access::Rule;
use crate::claims::role::{RolePath, RoleTable, SignatureRoles};
use crate::claims::same;
use crate::diagnostics::message::Message;
use crate::diagnostics::nearest::nearest;

/// Implemented by the marker type of a role if the roles `R` contain that role. The access attributes generate the markers, each with a trait
/// whose message names the role as the user wrote it.
///
/// `Names` is [`RoleSet::Listed`](crate::RoleSet::Listed). It has no effect; rustc prints it in the message.
pub trait DeclaredBy<R, Names> {}

#[diagnostic::do_not_recommend]
impl<R, N> DeclaredBy<R, N> for () {}

impl<R, N, First: DeclaredBy<R, N>, Rest: DeclaredBy<R, N>> DeclaredBy<R, N> for (First, Rest) {}

/// The roles of a derived set as types, for [`RoleSet::Listed`](crate::RoleSet::Listed).
pub trait ListsRoles {
    /// A tuple with a type for each role.
    type Names;
}

/// A type in a handler's signature that tells which roles its users can hold.
pub trait NamesRoles {
    /// The roles, if the type tells them.
    const ROLES: Option<RoleTable>;
}

impl<T: NamesRoles> NamesRoles for Option<T> {
    const ROLES: Option<RoleTable> = T::ROLES;
}

/// Looks up the roles of any type. Its own constant takes precedence over that of [`NamesNoRoles`], which every type has.
pub struct RolesIn<T>(PhantomData<T>);

impl<T: NamesRoles> RolesIn<T> {
    /// The roles that the type tells.
    pub const ROLES: Option<RoleTable> = T::ROLES;
}

/// The fallback of [`RolesIn`] for types that tell no roles.
pub trait NamesNoRoles {
    /// No roles are told.
    const ROLES: Option<RoleTable> = None;
}

impl<T> NamesNoRoles for RolesIn<T> {}

/// Whether any type of the signature has a closed set of roles.
pub const fn any_closed(signature: SignatureRoles<'_>) -> bool {
    let mut index = 0;
    while index < signature.len() {
        if let Some(RoleTable { names: Some(_), .. }) = signature[index].1 {
            return true;
        }
        index += 1;
    }
    false
}

/// Whether [`check_role`] has compared the roles with the handler's signature.
#[non_exhaustive]
pub enum CheckedInSignature<const CHECKED: bool> {}

/// The roles that remain to be compared where the handler is added to its router, so that one mistake is reported once.
pub trait LeftForRouter<R> {
    /// `R` or no roles.
    type Roles;
}

impl<R> LeftForRouter<R> for CheckedInSignature<true> {
    type Roles = ();
}

impl<R> LeftForRouter<R> for CheckedInSignature<false> {
    type Roles = R;
}

/// Fails to compile if a type of the signature tells its roles and `role` is not one of them.
#[track_caller]
#[expect(clippy::panic, reason = "runs at compile time only")]
pub const fn check_role(attribute: &str, role: &str, signature: SignatureRoles<'_>) {
    let mut index = 0;
    while index < signature.len() {
        if let (ty, Some(RoleTable { names: Some(names), .. })) = signature[index]
            && !contains(names, role)
        {
            let start = Message::new().add("#[").add(attribute).add("]: `").add(ty).add("`");
            panic!("{}", no_role(start, role, names).text());
        }
        index += 1;
    }
}

/// Fails to compile if a type of the signature tells its roles and they are of another enum than `set`. `written` is the path of a role of `set`.
#[track_caller]
#[expect(clippy::panic, reason = "runs at compile time only")]
pub const fn check_role_path(attribute: &str, written: &str, set: &str, signature: SignatureRoles<'_>) {
    let mut index = 0;
    while index < signature.len() {
        if let (ty, Some(RoleTable { names: Some(names), set: own, .. })) = signature[index]
            && !same(own.as_bytes(), set.as_bytes())
        {
            let start = Message::new().add("#[").add(attribute).add("]: ");
            if names.is_empty() {
                panic!("{}", no_role(start.name(ty), written, names).text());
            }
            let message = start.name(written).add(" is not a role of ").name(ty);
            panic!("{}", with_roles(message, names).text());
        }
        index += 1;
    }
}

/// A set of roles that contains the role with this [`role_hash`], or with this [`role_path_hash`].
///
/// `#[derive(Role)]` implements it twice for each variant; `String`, the open set, contains every role.
pub trait Declares<const HASH: u64> {}

impl<const HASH: u64> Declares<HASH> for String {}

/// The FNV-1a hash (64 bits) of a role's name: a number, because a const parameter cannot be a string.
///
/// It is used at compile time only. If two names of one set collide, the program does not compile; a collision grants nothing.
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

/// The number of a role that is written as a path: the [`role_hash`] of its name and of its enum, since another enum may have a role of that name.
#[must_use]
pub const fn role_path_hash<R: RolePath>(_: &R, name: &str) -> u64 {
    role_hash(R::SET) ^ role_hash(name).rotate_left(1)
}

const fn contains(names: &[&str], name: &str) -> bool {
    let mut index = 0;
    while index < names.len() {
        if same(names[index].as_bytes(), name.as_bytes()) {
            return true;
        }
        index += 1;
    }
    false
}

/// Fails to compile if a rule names a role that `roles` lacks. A misspelt name behind `!` would admit every user.
///
/// `routes!` checks only the first argument of a handler. This covers every guard and proof: in a plain axum router, and behind other
/// arguments.
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
pub(crate) const fn check_names(rule: &Rule, roles: RoleTable) {
    let Some(names) = roles.names else { return };
    let mut number = 0;
    while let Some(condition) = rule.condition(number) {
        if let Rule::Role(role) = condition
            && !contains(names, role)
        {
            let start = Message::new().add("a guard requires a role, and the claims type of its router");
            panic!("{}", no_role(start, role, names).text());
        }
        number += 1;
    }
}

/// The message about a role that is missing from `names`; `start` names the type that the names belong to.
const fn no_role(start: Message, role: &str, names: &[&str]) -> Message {
    if names.is_empty() {
        return start.add(" carries no roles; mark a field of the claims with #[claims(roles)]");
    }
    let mut message = start.add(" has no role ").name(role);
    if let Some(nearest) = nearest(role, names) {
        message = message.add("; did you mean ").name(nearest).add("?");
    }
    with_roles(message, names)
}

/// The message with the names in parentheses behind it.
const fn with_roles(message: Message, names: &[&str]) -> Message {
    let mut message = message.add(" (its roles are ");
    let mut index = 0;
    while index < names.len() {
        message = if index > 0 { message.add(", ") } else { message };
        message = message.name(names[index]);
        index += 1;
    }
    message.add(")")
}

#[cfg(test)]
mod tests;
