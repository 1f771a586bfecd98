//! The claims in a token's payload: serde functions for the marked fields.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use super::ScopeField;
use super::role::{RoleField, RoleSet};
use super::{Subject, is_scope_token};
use crate::log::TARGET;

/// A string that borrows from the token, unless it contains escapes.
pub(crate) struct CowStr<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for CowStr<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = CowStr<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<CowStr<'de>, E> {
                Ok(CowStr(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<CowStr<'de>, E> {
                Ok(CowStr(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// Serde functions for the field marked `#[claims(subject)]`.
pub(crate) mod subject {
    use serde::de::{Deserialize as _, Deserializer};
    use serde::ser::Serializer;

    use super::{CowStr, Subject};
    use serde::de::Error as _;

    /// Writes the `sub` claim, always a string (RFC 7519 section 4.1.2).
    pub(crate) fn serialize<T: Subject, S: Serializer>(
        subject: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(subject)
    }

    /// Reads the `sub` claim.
    pub(crate) fn deserialize<'de, T: Subject, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        let CowStr(text) = CowStr::deserialize(deserializer)?;
        text.parse().map_err(|_| D::Error::custom("the claim `sub` does not identify a user"))
    }
}

/// Serde functions for the field marked `#[claims(scopes)]`.
pub(crate) mod scopes {
    use serde::de::{Deserialize as _, Deserializer};
    use serde::ser::Serializer;

    use super::{CowStr, ScopeField, is_scope_token};
    use serde::ser::Error as _;

    /// Writes the `scope` claim: names with one space between them (RFC 9068 section 2.2.3).
    pub(crate) fn serialize<F: ScopeField, S: Serializer>(
        field: &F,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut text = String::new();
        for scope in field.granted() {
            if !is_scope_token(scope) {
                return Err(S::Error::custom(
                    "a scope may not be empty or hold spaces, quotes or backslashes",
                ));
            }
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(scope);
        }
        serializer.serialize_str(&text)
    }

    /// Reads the `scope` claim.
    pub(crate) fn deserialize<'de, F: ScopeField, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<F, D::Error> {
        let CowStr(text) = CowStr::deserialize(deserializer)?;
        Ok(text.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
    }
}

/// Serde functions for the field marked `#[claims(roles)]`.
pub(crate) mod roles {
    use std::marker::PhantomData;

    use serde::de::{Deserializer, Error as _};
    use serde::ser::{SerializeSeq as _, Serializer};

    use super::{DeclaredRoles, RoleField, RoleSet as _};

    /// Writes the `roles` claim: always an array of names (RFC 9068 section 2.2.3.1).
    pub(crate) fn serialize<F: RoleField, S: Serializer>(
        field: &F,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut names = serializer.serialize_seq(None)?;
        for role in field.held() {
            names.serialize_element(role.name())?;
        }
        names.end()
    }

    /// Reads the `roles` claim. A name that a closed set lacks is logged and left out.
    pub(crate) fn deserialize<'de, F: RoleField, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<F, D::Error> {
        let roles = deserializer.deserialize_seq(DeclaredRoles(PhantomData))?;
        F::from_held(roles).ok_or_else(|| {
            D::Error::custom("the claim `roles` does not hold exactly one role of the application")
        })
    }
}

struct DeclaredRoles<R>(PhantomData<R>);

impl<'de, R: RoleSet> Visitor<'de> for DeclaredRoles<R> {
    type Value = Vec<R>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of role names")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Vec<R>, A::Error> {
        let mut roles = Vec::new();
        while let Some(CowStr(name)) = names.next_element::<CowStr<'de>>()? {
            match R::from_name(&name) {
                Some(role) => roles.push(role),
                None => tracing::warn!(
                    target: TARGET,
                    role = ?name,
                    "a token names a role that this application does not declare"
                ),
            }
        }
        Ok(roles)
    }
}
