//! The marked fields of a derived claims type, in the form in which generated code uses them.
//!
//! A field whose type does not fit its mark is reported once, by a bound in the derive's output. Everywhere else method resolution falls
//! back from the inherent functions below to those of [`Unfit`], so that the program, which does not compile anyway, has no second error.

use std::marker::PhantomData;

use serde::de::{Deserializer, Error as _};
use serde::ser::{Error as _, Serializer};

use super::role::{RoleField, RoleSet as _, RoleTable};
use super::wire::{roles, scopes, subject};
use super::{ScopeField, Subject};

/// The field marked `#[claims(subject)]`.
pub struct SubjectOf<F>(PhantomData<F>);

/// The field marked `#[claims(roles)]`.
pub struct RolesOf<F>(PhantomData<F>);

/// The field marked `#[claims(scopes)]`.
pub struct ScopesOf<F>(PhantomData<F>);

impl<F: Subject> SubjectOf<F> {
    /// Writes the claim.
    pub fn serialize<S: Serializer>(field: &F, serializer: S) -> Result<S::Ok, S::Error> {
        subject::serialize(field, serializer)
    }

    /// Reads the claim.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<F, D::Error> {
        subject::deserialize(deserializer)
    }
}

impl<F: RoleField> RolesOf<F> {
    /// The roles of the field's type.
    pub const ROLES: Option<RoleTable> = Some(RoleTable::of::<F::Role>());

    /// Whether a role in the field grants `name`.
    pub fn contains(field: &F, name: &str) -> bool {
        field.held().any(|role| role.grants(name))
    }

    /// Writes the claim.
    pub fn serialize<S: Serializer>(field: &F, serializer: S) -> Result<S::Ok, S::Error> {
        roles::serialize(field, serializer)
    }

    /// Reads the claim.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<F, D::Error> {
        roles::deserialize(deserializer)
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

    /// Writes the claim.
    pub fn serialize<S: Serializer>(field: &F, serializer: S) -> Result<S::Ok, S::Error> {
        scopes::serialize(field, serializer)
    }

    /// Reads the claim.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<F, D::Error> {
        scopes::deserialize(deserializer)
    }
}

/// Does not compile if the type of the field marked `#[claims(scopes)]` does not fit.
pub const fn check_scopes<F: ScopeField>() {}

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
