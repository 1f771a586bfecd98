//! Roles that an attribute names, checked at compile time: against the signature, and where the handler meets its router.

use std::marker::PhantomData;

use crate::access::same;
use crate::claims::SessionClaims;
use crate::extract::{RefreshSession, Session};
use crate::role::Roles;
use crate::sentence::Sentence;

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

/// The types of a signature with the roles that they name.
pub type Known<'a> = &'a [(&'a str, Option<Roles>)];

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
            panic!("{}", no_role(attribute, ty, role, names).text());
        }
        index += 1;
    }
}

const fn contains(names: &[&str], name: &str) -> bool {
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

/// What is wrong with a role that `names` does not have.
const fn no_role(attribute: &str, ty: &str, role: &str, names: &[&str]) -> Sentence {
    let start = Sentence::new().add("#[").add(attribute).add("]: `").add(ty);
    if names.is_empty() {
        return start.add("` carries no roles; mark a field of the claims with #[claims(roles)]");
    }
    let mut sentence = start.add("` has no role `").add(role).add("`");
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
mod tests {
    use super::*;

    /// A closed set of these.
    const fn closed(names: &'static [&'static str]) -> Option<Roles> {
        Some(Roles { names: Some(names), ..Roles::NONE })
    }

    #[test]
    fn a_missing_role_is_explained_with_the_nearest_and_all() {
        assert_eq!(
            no_role("require_role", "User", "admln", &["member", "admin"]).text(),
            "#[require_role]: `User` has no role `admln`; did you mean `admin`? (its roles are `member`, `admin`)"
        );
        assert_eq!(
            no_role("require_role", "User", "owner", &["member", "admin"]).text(),
            "#[require_role]: `User` has no role `owner` (its roles are `member`, `admin`)"
        );
    }

    #[test]
    fn claims_without_roles_are_told_where_roles_come_from() {
        assert_eq!(
            no_role("require_role", "Session<User>", "admin", &[]).text(),
            "#[require_role]: `Session<User>` carries no roles; mark a field of the claims with #[claims(roles)]"
        );
    }

    #[test]
    fn a_long_list_of_roles_is_cut_between_names() {
        let names = ["a-role-with-a-name-that-takes-some-room"; 40];
        let sentence = no_role("require_role", "User", "é", &names);
        assert!(sentence.text().len() <= Sentence::SIZE);
        assert!(sentence.text().starts_with("#[require_role]: `User` has no role `é`"));
    }

    #[test]
    #[should_panic = "`Session<User>` has no role `admln`"]
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

    #[test]
    fn distances_count_letters() {
        assert_eq!(distance("admin", "admin"), 0);
        assert_eq!(distance("admln", "admin"), 1);
        assert_eq!(distance("", "admin"), 5);
        assert_eq!(distance(&"x".repeat(LONGEST), "x"), LONGEST);
        assert_eq!(distance(&"x".repeat(LONGEST), &"x".repeat(LONGEST)), 0);
    }
}
