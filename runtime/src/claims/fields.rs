//! The marked fields of a derived claims type, in the form in which generated code uses them.
//!
//! A field whose type does not fit its mark is reported once, by a bound in the derive's output. Everywhere else method resolution falls
//! back from the inherent functions below to those of [`Unfit`], so that the program, which does not compile anyway, has no second error.

use std::marker::PhantomData;

use serde::de::{Deserialize as _, Deserializer, Error as _};
use serde::ser::{Error as _, SerializeSeq as _, Serializer};

use super::role::{RoleField, RoleSet, RoleTable};
use super::wire::{CowStr, DeclaredRoles};
use super::{ScopeField, Subject, SubjectField, is_scope_token};

/// The field marked `#[claims(subject)]`.
pub struct SubjectOf<F>(PhantomData<F>);

/// The field marked `#[claims(roles)]`.
pub struct RolesOf<F>(PhantomData<F>);

/// The field marked `#[claims(scopes)]`.
pub struct ScopesOf<F>(PhantomData<F>);

impl<F: Subject> SubjectOf<F> {
    /// Writes the `sub` claim, always a string (RFC 7519 section 4.1.2).
    pub fn serialize<S: Serializer>(field: &F, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(field)
    }

    /// Reads the `sub` claim.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<F, D::Error> {
        let CowStr(text) = CowStr::deserialize(deserializer)?;
        text.parse().map_err(|_| D::Error::custom("the claim `sub` does not identify a user"))
    }
}

impl<F: RoleField> RolesOf<F> {
    /// The roles of the field's type.
    pub const ROLES: Option<RoleTable> = Some(RoleTable::of::<F::Role>());

    /// Whether a role in the field grants `name`.
    pub fn contains(field: &F, name: &str) -> bool {
        field.held().any(|role| role.grants(name))
    }

    /// Writes the `roles` claim: always an array of names (RFC 9068 section 2.2.3.1).
    pub fn serialize<S: Serializer>(field: &F, serializer: S) -> Result<S::Ok, S::Error> {
        let mut names = serializer.serialize_seq(None)?;
        for role in field.held() {
            names.serialize_element(role.name())?;
        }
        names.end()
    }

    /// Reads the `roles` claim. A name that a closed set lacks is logged and left out.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<F, D::Error> {
        let roles = deserializer.deserialize_seq(DeclaredRoles(PhantomData))?;
        F::from_held(roles).ok_or_else(|| {
            D::Error::custom("the claim `roles` does not hold exactly one role of the application")
        })
    }
}

impl<F: ScopeField> ScopesOf<F> {
    /// Whether the scope `name` is in the field.
    pub fn contains(field: &F, name: &str) -> bool {
        field.granted().any(|granted| granted == name)
    }

    /// Whether the claim is left out: RFC 6749 section 3.3 has no empty `scope`.
    pub fn is_empty(field: &F) -> bool {
        field.granted().next().is_none()
    }

    /// Writes the `scope` claim: names with one space between them (RFC 9068 section 2.2.3).
    pub fn serialize<S: Serializer>(field: &F, serializer: S) -> Result<S::Ok, S::Error> {
        let scopes: Vec<_> = field.granted().collect();
        if !scopes.iter().all(|scope| is_scope_token(scope)) {
            return Err(S::Error::custom("a scope may not be empty or hold spaces, quotes or backslashes"));
        }
        serializer.serialize_str(&scopes.join(" "))
    }

    /// Reads the `scope` claim.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<F, D::Error> {
        let CowStr(text) = CowStr::deserialize(deserializer)?;
        Ok(text.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
    }
}

/// Does not compile if the type of the field marked `#[claims(subject)]` does not fit.
#[must_use]
pub const fn subject_fits<F: SubjectField>() -> bool {
    true
}

/// Does not compile if the type of the field marked `#[claims(roles)]` does not fit.
#[must_use]
pub const fn roles_fit<F: RoleField>() -> bool {
    true
}

/// Does not compile if the type of the field marked `#[claims(scopes)]` does not fit.
#[must_use]
pub const fn scopes_fit<F: ScopeField>() -> bool {
    true
}

/// A marked field whose type fits.
///
/// `FITS` is what one of the functions above returns. If the type does not fit, the call is the only error, since rustc has no complaints about
/// types that depend on a constant with an error.
pub struct Field<const FITS: bool, F>(PhantomData<F>);

/// The type of the subject.
pub trait SubjectOfField {
    /// The type of the field.
    type Subject: Subject;
}

impl<F: Subject> SubjectOfField for Field<true, F> {
    type Subject = F;
}

/// The type of the roles.
pub trait RoleOfField {
    /// The type of one role.
    type Role: RoleSet;
}

impl<F: RoleField> RoleOfField for Field<true, F> {
    type Role = F::Role;
}

/// Stand-ins for a field whose type does not fit; see the head of this file. They never run.
pub trait Unfit<F> {
    /// No roles.
    const ROLES: Option<RoleTable> = None;

    /// `false`.
    fn contains(_: &F, _: &str) -> bool {
        false
    }

    /// `true`.
    fn is_empty(_: &F) -> bool {
        true
    }

    /// Fails.
    fn serialize<S: Serializer>(_: &F, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("the field's type does not fit"))
    }

    /// Fails.
    fn deserialize<'de, D: Deserializer<'de>>(_: D) -> Result<F, D::Error> {
        Err(D::Error::custom("the field's type does not fit"))
    }
}

impl<F> Unfit<F> for SubjectOf<F> {}
impl<F> Unfit<F> for RolesOf<F> {}
impl<F> Unfit<F> for ScopesOf<F> {}

#[cfg(test)]
mod tests {
    use super::*;

    struct Opaque;

    #[test]
    fn a_field_that_fits_answers_for_itself() {
        let names = vec!["editor".to_owned()];
        assert!(RolesOf::contains(&names, "editor"));
        assert!(!RolesOf::contains(&names, "admin"));
        assert!(ScopesOf::contains(&names, "editor"));
        assert!(!ScopesOf::contains(&names, "admin"));
        assert!(!ScopesOf::is_empty(&names));
        assert!(ScopesOf::is_empty(&Vec::new()));
    }

    #[test]
    fn a_field_that_does_not_fit_grants_and_writes_nothing() {
        assert!(!RolesOf::<Opaque>::contains(&Opaque, "editor"));
        assert!(!ScopesOf::<Opaque>::contains(&Opaque, "editor"));
        assert!(ScopesOf::<Opaque>::is_empty(&Opaque));
        assert!(SubjectOf::<Opaque>::serialize(&Opaque, serde_json::value::Serializer).is_err());
        assert!(SubjectOf::<Opaque>::deserialize(serde_json::Value::Null).is_err());
    }
}
