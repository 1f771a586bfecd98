//! The marked fields of a derived claims type, as generated code calls them.
//!
//! A type that does not fit its mark is refused once, where the derive asks for it. Everywhere else the inherent
//! functions below would refuse it again; instead method resolution falls back to [`Unfit`], in a program that does not
//! compile anyway.

use std::marker::PhantomData;

use serde::de::{Deserializer, Error as _};
use serde::ser::{Error as _, Serializer};

use super::role::{RoleField, RoleSet as _, Roles};
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
    /// What is known of the roles.
    pub const NAMES: Option<Roles> = Some(Roles::of::<F::Role>());

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

    /// Whether there is nothing to write: RFC 6749 section 3.3 has no empty `scope`.
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

/// Where the derive asks whether the field marked `#[claims(scopes)]` fits.
pub const fn check_scopes<F: ScopeField>() {}

/// What a field of the wrong type does: nothing, in a program that never runs.
pub trait Unfit<F> {
    /// Knows nothing.
    const NAMES: Option<Roles> = None;

    /// Grants nothing.
    fn contains(_: &F, _: &str) -> bool {
        false
    }

    /// Holds nothing.
    fn is_empty(_: &F) -> bool {
        true
    }

    /// Writes nothing.
    fn serialize<S: Serializer>(_: &F, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("the field's type does not fit"))
    }

    /// Reads nothing.
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
