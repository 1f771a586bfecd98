//! Roles: what a user *is*. The set is closed when an enum derives it, open when roles are strings.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;

use serde::de::{Deserialize as _, Deserializer, Error as _, SeqAccess, Visitor};

use crate::claims::CowStr;

/// A role as a name, and the names it grants.
///
/// Derive it on a fieldless enum for a closed set; `String` is the open set, in which every name is possible and none
/// implies another.
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
pub trait RoleSet: Sized + Clone + Send + Sync + 'static {
    /// Every name of a closed set in the order of declaration; `None` when the set is open.
    const NAMES: Option<&'static [&'static str]>;

    /// The roles that imply others, each with every other role that its holders hold.
    const IMPLIES: Hierarchy = &[];

    /// The roles whose names stay out of what strangers read: OpenAPI documents and refusals.
    const PRIVATE: &'static [&'static str] = &[];

    /// The name in tokens, in rules and in the OpenAPI document.
    fn name(&self) -> &str;

    /// The role with this name, or `None` when the set does not have it.
    fn from_name(name: &str) -> Option<Self>;

    /// Whether who holds this role also holds the role `name`: it is the same one, or implied by it.
    fn grants(&self, name: &str) -> bool;
}

/// Roles with the roles that they imply, directly or not.
pub type Hierarchy = &'static [(&'static str, &'static [&'static str])];

/// What a set of roles says about all of them, as a value.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Roles {
    /// As [`RoleSet::NAMES`].
    pub(crate) names: Option<&'static [&'static str]>,
    /// As [`RoleSet::IMPLIES`].
    pub(crate) implies: Hierarchy,
    /// As [`RoleSet::PRIVATE`].
    #[allow(dead_code, reason = "the formats of matrix and document read it")]
    pub(crate) private: &'static [&'static str],
}

impl Roles {
    /// Nothing is known of roles.
    pub(crate) const NONE: Self = Self { names: None, implies: &[], private: &[] };

    /// What `R` says.
    pub(crate) const fn of<R: RoleSet>() -> Self {
        Self { names: R::NAMES, implies: R::IMPLIES, private: R::PRIVATE }
    }
}

impl RoleSet for String {
    const NAMES: Option<&'static [&'static str]> = None;

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

/// The roles of claims that mark no field with `#[claims(roles)]`: a closed set without any.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum NoRole {}

impl RoleSet for NoRole {
    const NAMES: Option<&'static [&'static str]> = Some(&[]);

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

/// A name that is not one of a closed set of roles; what `FromStr` of a derived role answers.
///
/// It does not repeat the name, nor list the roles: either may come from, or go to, a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownRole;

impl fmt::Display for UnknownRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown role")
    }
}

impl std::error::Error for UnknownRole {}

/// `FromStr` of a derived role.
pub fn parse_role<R: RoleSet>(name: &str) -> Result<R, UnknownRole> {
    R::from_name(name).ok_or(UnknownRole)
}

/// `Deserialize` of a derived role.
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
    /// The role inside.
    type Role: RoleSet;

    /// Every role held.
    fn held(&self) -> impl Iterator<Item = &Self::Role>;

    /// Builds the field from the known roles of a token; `None` when the field cannot hold that many.
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

/// Serde functions for the field marked `#[claims(roles)]`.
pub(crate) mod roles {
    use std::marker::PhantomData;

    use serde::de::{Deserializer, Error as _};
    use serde::ser::{SerializeSeq as _, Serializer};

    use super::{KnownRoles, RoleField, RoleSet as _};

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

    /// Reads the `roles` claim. A name that a closed set does not have is logged and left out.
    pub(crate) fn deserialize<'de, F: RoleField, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<F, D::Error> {
        let roles = deserializer.deserialize_seq(KnownRoles(PhantomData))?;
        F::from_held(roles)
            .ok_or_else(|| D::Error::custom("the claim `roles` does not hold exactly one known role"))
    }
}

struct KnownRoles<R>(PhantomData<R>);

impl<'de, R: RoleSet> Visitor<'de> for KnownRoles<R> {
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
                    target: crate::TARGET,
                    role = ?name,
                    "a token names a role that this application does not declare"
                ),
            }
        }
        Ok(roles)
    }
}

#[cfg(all(test, feature = "macros"))]
mod tests {
    use super::*;

    #[derive(crate::Role, Clone, Copy, Debug, PartialEq, Eq)]
    enum Team {
        Guest,
        #[role(implies(Guest))]
        Member,
        #[role(rename = "ops:on-call", implies(Member))]
        OnCall,
    }

    const ON_CALL: &str = Team::OnCall.as_str();

    fn declares<R: crate::__private::Declares<HASH>, const HASH: u64>() {}

    #[test]
    fn a_derived_role_reads_and_writes_as_its_name() {
        assert_eq!(ON_CALL, "ops:on-call");
        assert_eq!(Team::NAMES, Some(&["guest", "member", "ops:on-call"][..]));
        assert_eq!(Team::Member.to_string(), "member");
        assert_eq!("ops:on-call".parse(), Ok(Team::OnCall));
        assert_eq!("OnCall".parse::<Team>(), Err(UnknownRole));
        assert_eq!(serde_json::to_string(&Team::Guest).unwrap(), "\"guest\"");
        assert_eq!(serde_json::from_str::<Team>("\"m\\u0065mber\"").unwrap(), Team::Member);
        assert!(serde_json::from_str::<Team>("\"root\"").is_err());
    }

    /// Row 50.
    #[test]
    fn a_role_grants_itself_and_what_it_implies_and_nothing_else() {
        assert!(
            Team::OnCall.grants("guest") && Team::OnCall.grants("member") && Team::OnCall.grants(ON_CALL)
        );
        assert!(Team::Member.grants("guest") && Team::Member.grants("member"));
        assert!(!Team::Member.grants(ON_CALL));
        assert!(!Team::Guest.grants("member"));
        assert!(!Team::OnCall.grants("") && !Team::OnCall.grants("Member"));
    }

    #[test]
    fn claims_that_mark_no_roles_have_an_empty_set() {
        #[derive(crate::SessionClaims, Clone)]
        struct Plain {
            #[claims(subject)]
            id: String,
        }

        fn names<T: crate::__private::NamesRoles>() -> Option<&'static [&'static str]> {
            T::NAMES
        }

        let plain = Plain { id: "7".to_owned() };
        assert!(!crate::SessionClaims::has_role(&plain, &plain.id));
        assert_eq!(names::<Plain>(), Some(&[][..]));
        assert_eq!(names::<Option<crate::Session<Plain>>>(), Some(&[][..]));
        assert!(NoRole::from_name("admin").is_none());
    }

    #[test]
    fn a_derived_role_declares_each_of_its_names() {
        declares::<Team, { crate::__private::role_hash("guest") }>();
        declares::<Team, { crate::__private::role_hash("ops:on-call") }>();
    }

    /// Row 42.
    #[test]
    fn an_unknown_role_in_a_token_is_left_out() {
        let read =
            |text: &str| roles::deserialize::<Vec<Team>, _>(&mut serde_json::Deserializer::from_str(text));
        assert_eq!(read(r#"["root", "member"]"#).unwrap(), [Team::Member]);
        assert_eq!(read(r#"["root"]"#).unwrap(), []);
        assert!(read(r#""member""#).is_err());
    }

    /// A role picked from several would be a guess.
    #[test]
    fn a_field_for_one_role_takes_no_more_and_no_fewer_than_it_holds() {
        fn read<F: RoleField>(text: &str) -> Result<F, serde_json::Error> {
            roles::deserialize(&mut serde_json::Deserializer::from_str(text))
        }
        assert_eq!(read::<Team>(r#"["member"]"#).unwrap(), Team::Member);
        assert_eq!(read::<Team>(r#"["root", "member"]"#).unwrap(), Team::Member);
        for text in ["[]", r#"["root"]"#, r#"["guest", "member"]"#, r#""member""#] {
            assert!(read::<Team>(text).is_err(), "{text}");
        }
        assert_eq!(read::<Option<Team>>("[]").unwrap(), None);
        assert_eq!(read::<Option<Team>>(r#"["member"]"#).unwrap(), Some(Team::Member));
        assert!(read::<Option<Team>>(r#"["guest", "member"]"#).is_err());
    }

    #[test]
    fn an_open_role_grants_its_own_name_and_no_other() {
        let editor = "editor".to_owned();
        assert!(editor.grants("editor"));
        for other in ["Editor", "edit", "editors", "", "admin"] {
            assert!(!editor.grants(other), "{other}");
        }
    }

    #[cfg(feature = "openapi")]
    #[test]
    fn the_document_lists_a_derived_roles_names() {
        use utoipa::PartialSchema as _;

        assert_eq!(<Team as utoipa::ToSchema>::name(), "Team");
        assert_eq!(
            serde_json::to_value(Team::schema()).unwrap(),
            serde_json::json!({ "type": "string", "enum": ["guest", "member", "ops:on-call"] })
        );
    }
}
