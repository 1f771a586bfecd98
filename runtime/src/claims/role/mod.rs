//! Roles. The set of roles is closed if an enum derives it, and open if roles are strings.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::hash::Hash;

use serde::de::{Deserialize as _, Deserializer, Error as _};

use super::{CowStr, SessionClaims, same};

/// A role as a name, and the names it grants.
///
/// Derive it on a fieldless enum for a closed set. `String` is the open set: every name is possible, and none implies
/// another.
///
/// ```
/// use countersign::RoleSet as _;
///
/// assert_eq!(String::from("editor").name(), "editor");
/// assert!(String::from("editor").grants("editor"));
/// assert!(!String::from("editor").grants("viewer"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a role",
    label = "not a role",
    note = "add `#[derive(Role)]` to a fieldless enum, or use `String` for an open set of roles"
)]
pub trait RoleSet: Sized + Send + Sync + 'static {
    /// The names of a closed set in the order of declaration; `None` if the set is open.
    const NAMES: Option<&'static [&'static str]>;

    /// The roles that imply others, each with all roles that it implies, directly or not.
    const IMPLIES: Implications = &[];

    /// The roles whose names are kept out of OpenAPI documents and refusals.
    const PRIVATE: &'static [&'static str] = &[];

    /// A tuple of types with the names of the roles, which rustc prints where a role does not exist; `()` prints none.
    type Listed;

    /// Tells one derived set from another, which may have roles of the same names.
    #[doc(hidden)]
    const SET: &'static str = "";

    /// The role's name in tokens, in rules and in the OpenAPI document.
    fn name(&self) -> &str;

    /// The role with this name, or `None` if the set lacks it.
    fn from_name(name: &str) -> Option<Self>;

    /// Whether holders of this role also hold the role `name`: because it is the same role, or because this one implies it.
    fn grants(&self, name: &str) -> bool;
}

/// A set of roles, and the values that name one of them: for an enum its variants, for `String` every text.
///
/// `#[derive(Role)]` implements it. [`SessionClaims::has_role`] takes such a value, so that a role which does not exist does not compile.
#[diagnostic::on_unimplemented(
    message = "`has_role` takes a role of `{Self}`",
    label = "this is no role of `{Self}`",
    note = "write a variant of `{Self}`; a name that is known only at run time becomes one with `name.parse::<{Self}>()`"
)]
pub trait NamedBy<T>: RoleSet {
    /// The name of the role that the value names.
    fn name_of(value: &T) -> &str;
}

impl<T: AsRef<str>> NamedBy<T> for String {
    fn name_of(value: &T) -> &str {
        value.as_ref()
    }
}

/// A role of claims that carry none: no type is one. It is there for its message.
#[diagnostic::on_unimplemented(
    message = "`has_role` on claims that carry no roles",
    label = "no user of these claims holds a role",
    note = "mark a field of the claims with #[claims(roles)]"
)]
pub trait RoleOfNone {}

impl<T: RoleOfNone> NamedBy<T> for NoRole {
    fn name_of(_: &T) -> &str {
        ""
    }
}

/// The type of a path that an access attribute names as a role: an enum that derives `Role`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a role",
    label = "not a role",
    note = "a path in a rule is a variant of the enum with #[derive(Role)], such as `Role::Admin`; a string names a role too, such as `\"admin\"`"
)]
pub trait RolePath {
    /// The type itself.
    type This;

    /// See [`RoleSet::SET`].
    const SET: &'static str;
}

/// The second `role`. The first says which type it has: if that is no role, then this call is the only error, since the type of its value is unknown.
pub const fn role_at<'a, R: RolePath>(_: &R, role: &'a R::This) -> &'a R::This {
    role
}

/// The enum of a role.
pub const fn set_of<R: RolePath>(_: &R) -> &'static str {
    R::SET
}

/// Roles with the roles that they imply, directly or not.
pub type Implications = &'static [(&'static str, &'static [&'static str])];

/// The facts about a set of roles, as a value: a [`RoleSet`] for code that is not generic over it, and for constants.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RoleTable {
    /// See [`RoleSet::NAMES`].
    pub(crate) names: Option<&'static [&'static str]>,
    /// See [`RoleSet::IMPLIES`].
    pub(crate) implies: Implications,
    /// See [`RoleSet::PRIVATE`].
    pub(crate) private: &'static [&'static str],
    /// See `RoleSet::SET`.
    pub(crate) set: &'static str,
    /// See `SessionClaims::HAS_SCOPES`.
    pub(crate) scopes: bool,
}

impl RoleTable {
    /// An open set without a hierarchy, for code that knows no roles.
    pub(crate) const NONE: Self = Self { names: None, implies: &[], private: &[], set: "", scopes: true };

    /// The table of `R`.
    pub const fn of<R: RoleSet>() -> Self {
        Self { names: R::NAMES, implies: R::IMPLIES, private: R::PRIVATE, set: R::SET, scopes: true }
    }

    /// The table of the claims `C`.
    pub(crate) const fn of_claims<C: SessionClaims>() -> Self {
        Self { scopes: C::HAS_SCOPES, ..Self::of::<C::Role>() }
    }

    /// Whether the role `holds` implies the other role `name`.
    pub(crate) const fn implied(self, holds: &str, name: &str) -> bool {
        let mut index = 0;
        while index < self.implies.len() {
            let (role, implied) = self.implies[index];
            if same(role.as_bytes(), holds.as_bytes()) {
                let mut other = 0;
                while other < implied.len() && !same(implied[other].as_bytes(), name.as_bytes()) {
                    other += 1;
                }
                return other < implied.len();
            }
            index += 1;
        }
        false
    }
}

/// The types of a handler's signature, as text, each with the roles that it tells.
pub type SignatureRoles<'a> = &'a [(&'a str, Option<RoleTable>)];

impl RoleSet for String {
    const NAMES: Option<&'static [&'static str]> = None;

    type Listed = ();

    fn name(&self) -> &str {
        self
    }

    fn from_name(name: &str) -> Option<Self> {
        Some(name.to_owned())
    }

    fn grants(&self, name: &str) -> bool {
        self == name
    }
}

/// The roles of claims without a field marked `#[claims(roles)]`: an empty closed set.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum NoRole {}

impl RoleSet for NoRole {
    const NAMES: Option<&'static [&'static str]> = Some(&[]);

    type Listed = ();

    fn name(&self) -> &str {
        match *self {}
    }

    fn from_name(_: &str) -> Option<Self> {
        None
    }

    fn grants(&self, _: &str) -> bool {
        match *self {}
    }
}

/// The error of a derived role's `FromStr`: the name is not one of the set.
///
/// It neither repeats the name, which may come from a stranger, nor lists the roles, which a stranger may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownRole;

impl fmt::Display for UnknownRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown role")
    }
}

impl std::error::Error for UnknownRole {}

/// The body of `FromStr` for a derived role.
pub fn parse_role<R: RoleSet>(name: &str) -> Result<R, UnknownRole> {
    R::from_name(name).ok_or(UnknownRole)
}

/// The body of `Deserialize` for a derived role.
pub fn deserialize_role<'de, R: RoleSet, D: Deserializer<'de>>(deserializer: D) -> Result<R, D::Error> {
    let CowStr(name) = CowStr::deserialize(deserializer)?;
    parse_role(&name).map_err(D::Error::custom)
}

/// A field that can carry `#[claims(roles)]`: `Vec`, `BTreeSet`, `HashSet`, `Option` or a single role.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot carry #[claims(roles)]",
    label = "not a role or a collection of roles",
    note = "use `Vec<R>`, `BTreeSet<R>`, `HashSet<R>`, `Option<R>` or `R`, where `R` derives `Role` or is `String`"
)]
pub trait RoleField: Sized {
    /// The type of the roles.
    type Role: RoleSet;

    /// The roles that the user holds.
    fn held(&self) -> impl Iterator<Item = &Self::Role>;

    /// Builds the field from a token's roles; `None` if it cannot hold that many, or so few.
    fn from_held(roles: Vec<Self::Role>) -> Option<Self>;
}

impl<R: RoleSet> RoleField for Vec<R> {
    type Role = R;

    fn held(&self) -> impl Iterator<Item = &R> {
        self.iter()
    }

    fn from_held(roles: Vec<R>) -> Option<Self> {
        Some(roles)
    }
}

#[diagnostic::do_not_recommend]
impl<R: RoleSet> RoleField for R {
    type Role = R;

    fn held(&self) -> impl Iterator<Item = &R> {
        std::iter::once(self)
    }

    fn from_held(roles: Vec<R>) -> Option<Self> {
        let [role] = <[R; 1]>::try_from(roles).ok()?;
        Some(role)
    }
}

impl<R: RoleSet> RoleField for Option<R> {
    type Role = R;

    fn held(&self) -> impl Iterator<Item = &R> {
        self.iter()
    }

    fn from_held(mut roles: Vec<R>) -> Option<Self> {
        let role = roles.pop();
        roles.is_empty().then_some(role)
    }
}

impl<R: RoleSet + Ord> RoleField for BTreeSet<R> {
    type Role = R;

    fn held(&self) -> impl Iterator<Item = &R> {
        self.iter()
    }

    fn from_held(roles: Vec<R>) -> Option<Self> {
        Some(roles.into_iter().collect())
    }
}

impl<R: RoleSet + Eq + Hash> RoleField for HashSet<R> {
    type Role = R;

    fn held(&self) -> impl Iterator<Item = &R> {
        self.iter()
    }

    fn from_held(roles: Vec<R>) -> Option<Self> {
        Some(roles.into_iter().collect())
    }
}

#[cfg(all(test, feature = "macros"))]
mod tests;
