//! Reading strings and role names from a token's payload.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use super::role::RoleSet;
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

/// Reads role names. A name that a closed set lacks is logged and left out.
pub(super) struct DeclaredRoles<R>(pub(super) PhantomData<R>);

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
