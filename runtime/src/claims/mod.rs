//! The application's claims: the part of a token that describes its user.

pub(crate) mod fields;
pub(crate) mod role;
pub(crate) mod wire;

use std::collections::{BTreeSet, HashSet};
use std::fmt::Display;
use std::str::FromStr;

use serde::de::Deserializer;
use serde::ser::Serializer;

use self::role::{NamedBy, RoleSet};
pub(crate) use self::wire::CowStr;

/// The application's claims: the user's identifier, their roles and scopes, and further fields of the token.
///
/// `#[derive(SessionClaims)]` implements it and makes the struct an extractor.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a claims type",
    label = "not a claims type",
    note = "add `#[derive(SessionClaims)]` to the struct and `#[claims(subject)]` to the field that identifies the user"
)]
pub trait SessionClaims: Sized + Clone + Send + Sync + 'static {
    /// The type of the user's identifier, the token's `sub`.
    type Subject: Subject;

    /// The type of the roles; a type without values if the derived claims carry none.
    type Role: RoleSet;

    /// Whether users can hold scopes at all; `false` for derived claims without a field for them.
    #[doc(hidden)]
    const HAS_SCOPES: bool = true;

    /// The user's identifier.
    fn subject(&self) -> &Self::Subject;

    /// Whether the user holds this role: directly, or because a role of theirs implies it.
    ///
    /// Where the roles are an enum, it takes a variant: a role that does not exist does not compile. A name that is known only at run time is parsed
    /// first. Where the roles are strings, it takes any string.
    ///
    /// ```
    /// # use countersign::{Role, SessionClaims};
    /// # #[derive(Role, Clone, Copy)]
    /// # enum Role { Member, #[role(implies(Member))] Admin }
    /// # #[derive(SessionClaims, Clone)]
    /// # struct User { #[claims(subject)] id: u64, #[claims(roles)] roles: Vec<Role> }
    /// let user = User { id: 7, roles: vec![Role::Admin] };
    /// assert!(user.has_role(Role::Member));
    /// assert!("member".parse().is_ok_and(|role: Role| user.has_role(role)));
    /// ```
    fn has_role<R>(&self, role: R) -> bool
    where
        Self::Role: NamedBy<R>,
    {
        self.holds_role(Self::Role::name_of(&role))
    }

    /// Whether the user holds any of these roles; see [`has_role`](Self::has_role).
    fn has_any_role<R>(&self, roles: impl IntoIterator<Item = R>) -> bool
    where
        Self::Role: NamedBy<R>,
    {
        roles.into_iter().any(|role| self.has_role(role))
    }

    /// Whether the user was granted the scope `scope` (RFC 6749 section 3.3).
    fn has_scope(&self, scope: &str) -> bool;

    /// See [`has_role`](Self::has_role).
    #[doc(hidden)]
    fn holds_role(&self, name: &str) -> bool;

    /// Writes the application's part of the token's payload.
    #[doc(hidden)]
    fn serialize_wire<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads the application's part of the token's payload, without the registered claims.
    #[doc(hidden)]
    fn deserialize_wire<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// A user's identifier: a type that can be written as a string and parsed from it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the subject of a token",
    label = "cannot be written as a string and parsed from it",
    note = "`#[claims(subject)]` needs a type with `Display` and `FromStr`, such as `Uuid`, `String` or `i64`"
)]
pub trait Subject: Display + FromStr + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Display + FromStr + Send + Sync + 'static> Subject for T {}

/// A field that can carry `#[claims(subject)]`: rustc reports a field that cannot with this trait's message, not with one about [`Display`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the subject of a token",
    label = "cannot be written as a string and parsed from it",
    note = "`#[claims(subject)]` needs a type with `Display` and `FromStr`, such as `Uuid`, `String` or `i64`"
)]
pub trait SubjectField {}

#[diagnostic::do_not_recommend]
impl<T: Subject> SubjectField for T {}

/// A field that can carry `#[claims(scopes)]`: `Vec<String>`, `BTreeSet<String>` or `HashSet<String>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot carry #[claims(scopes)]",
    label = "not a collection of scopes",
    note = "use `Vec<String>`, `BTreeSet<String>` or `HashSet<String>`"
)]
pub trait ScopeField: Sized + FromIterator<String> {
    /// The granted scopes.
    fn granted(&self) -> impl Iterator<Item = &str>;
}

macro_rules! scope_field {
    ($($collection:ty),*) => {$(
        impl ScopeField for $collection {
            fn granted(&self) -> impl Iterator<Item = &str> {
                self.iter().map(String::as_str)
            }
        }
    )*};
}

scope_field!(Vec<String>, BTreeSet<String>, HashSet<String>);

/// Whether `text` is a scope by RFC 6749 section 3.3. Such a text can be quoted in a challenge without escapes.
pub(crate) fn is_scope_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

/// `==` of bytes, which constants cannot call.
pub(crate) const fn same(one: &[u8], other: &[u8]) -> bool {
    let mut index = 0;
    while index < one.len() && index < other.len() && one[index] == other[index] {
        index += 1;
    }
    index == one.len() && index == other.len()
}

#[cfg(test)]
#[cfg(feature = "macros")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[derive(crate::SessionClaims, Clone, Debug)]
    struct User {
        #[claims(subject)]
        id: u64,
        #[claims(roles)]
        roles: Vec<String>,
        #[claims(scopes)]
        scopes: Vec<String>,
    }

    fn user(scopes: &[&str]) -> User {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        User { id: 7, roles: vec!["editor".to_owned(), "support".to_owned()], scopes }
    }

    fn written(scopes: &[&str]) -> Result<Value, serde_json::Error> {
        user(scopes).serialize_wire(serde_json::value::Serializer)
    }

    fn read(payload: &Value) -> Result<User, serde_json::Error> {
        User::deserialize_wire(payload)
    }

    #[test]
    fn any_role_is_enough_for_has_any_role() {
        let user = user(&[]);
        assert!(user.has_any_role(["admin", "support"]));
        assert!(!user.has_any_role(["admin", "member"]));
        assert!(!user.has_any_role(Vec::<String>::new()));
        assert!(user.has_role("editor") && !user.has_role("admin"));
    }

    #[test]
    fn scopes_travel_with_one_space_between_them() {
        assert_eq!(written(&["posts:write", "mail"]).unwrap()["scope"], "posts:write mail");
        let read = read(&json!({ "sub": "7", "roles": [], "scope": " posts:write  mail " })).unwrap();
        assert_eq!(read.scopes, ["posts:write", "mail"]);
        assert!(!read.has_scope("") && !read.has_scope("posts:write mail"));
    }

    /// RFC 6749 section 3.3 separates scopes with %x20 and nothing else.
    #[test]
    fn other_white_space_separates_no_scopes() {
        let read = read(&json!({ "sub": "7", "roles": [], "scope": "a\tadmin\u{a0}b" })).unwrap();
        assert!(!read.has_scope("admin"));
    }

    /// A scope with a space in it would be read back as two.
    #[test]
    fn an_invalid_scope_is_not_written() {
        for scope in ["", "posts admin", "a\"b", "a\\b", "a\nb", "ä"] {
            assert!(written(&["mail", scope]).is_err(), "{scope:?}");
        }
    }

    #[test]
    fn scopes_are_compared_whole_and_in_their_letter_case() {
        let user = user(&["posts:write"]);
        assert!(user.has_scope("posts:write"));
        for other in ["posts", "posts:write:all", "POSTS:WRITE", "", "write"] {
            assert!(!user.has_scope(other), "{other}");
        }
    }

    #[test]
    fn subject_is_a_string_that_identifies_a_user() {
        let payload = |subject: Value| json!({ "sub": subject, "roles": [], "scope": "" });
        assert_eq!(read(&payload(json!("8"))).unwrap().id, 8);
        for subject in [json!(8), json!("eight"), json!(""), json!(null), json!(["8"])] {
            assert!(read(&payload(subject.clone())).is_err(), "{subject}");
        }
        assert_eq!(written(&[]).unwrap()["sub"], "7");
    }

    /// RFC 6749 section 3.3: %x21 / %x23-5B / %x5D-7E, at least one.
    #[test]
    fn scope_token_is_challenge_text_without_spaces() {
        for byte in 0..=0xFF_u8 {
            let expected = (0x21..=0x7E).contains(&byte) && byte != b'"' && byte != b'\\';
            assert_eq!(is_scope_token(&format!("a{}", char::from(byte))), expected, "{byte:#x}");
        }
        assert!(!is_scope_token(""));
    }
}
