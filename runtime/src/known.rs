//! Roles that an attribute names, checked at compile time: against the signature, and where the handler meets its router.

use std::marker::PhantomData;

use crate::claims::SessionClaims;
use crate::extract::{RefreshSession, Session};
use crate::role::{Known, Roles};
use crate::sentence::Sentence;
use crate::unknown::{contains, no_role};

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

impl<C: SessionClaims> NamesRoles for Session<C> {
    const NAMES: Option<Roles> = Some(Roles::of_claims::<C>());
}

impl<C: SessionClaims> NamesRoles for RefreshSession<C> {
    const NAMES: Option<Roles> = Some(Roles::of_claims::<C>());
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
            let start = Sentence::new().add("#[").add(attribute).add("]: `").add(ty).add("`");
            panic!("{}", no_role(start, role, names).text());
        }
        index += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A closed set of these.
    const fn closed(names: &'static [&'static str]) -> Option<Roles> {
        Some(Roles { names: Some(names), ..Roles::NONE })
    }

    #[test]
    #[should_panic = "#[require_role]: `Session<User>` has no role `admln`; did you mean `admin`?"]
    fn a_role_that_no_type_declares_is_refused() {
        check_role("require_role", "admln", &[("State<Db>", None), ("Session<User>", closed(&["admin"]))]);
    }

    #[test]
    fn a_role_that_every_type_declares_passes_and_an_open_set_has_every_role() {
        check_role(
            "require_role",
            "admin",
            &[("User", closed(&["member", "admin"])), ("Option<Open>", Some(Roles::NONE))],
        );
    }

    /// Otherwise the router has to answer for the roles, and nobody would if this were wrong.
    #[test]
    fn a_signature_of_types_without_roles_answers_for_none() {
        assert!(!any_known(&[]));
        assert!(!any_known(&[("State<Db>", None), ("Json<Value>", None)]));
        assert!(!any_known(&[("Open", Some(Roles::NONE))]));
        assert!(any_known(&[("State<Db>", None), ("User", closed(&["admin"]))]));
        assert!(any_known(&[("Plain", closed(&[]))]));
    }

    #[test]
    #[should_panic = "`Support` has no role `admin`"]
    fn each_type_of_a_signature_has_to_know_the_role() {
        check_role(
            "require_role",
            "admin",
            &[("User", closed(&["admin"])), ("Support", closed(&["support"]))],
        );
    }

    #[test]
    #[should_panic = "has no role `admi`"]
    fn a_part_of_a_name_is_no_role() {
        check_role("require_role", "admi", &[("User", closed(&["admin", "adm"]))]);
    }

    #[test]
    #[should_panic = "has no role `Admin`"]
    fn a_name_in_other_letters_is_no_role() {
        check_role("require_role", "Admin", &[("User", closed(&["admin"]))]);
    }
}
