//! Derived, open and missing roles.

use super::*;
use crate::claims::fields::RolesOf;

#[derive(crate::Role, Clone, Copy, Debug, PartialEq, Eq)]
enum Team {
    Guest,
    #[role(implies(Guest))]
    Member,
    #[role(rename = "ops:on-call", implies(Member))]
    OnCall,
    #[role(private)]
    Auditor,
}

const ON_CALL: &str = Team::OnCall.as_str();

fn declares<R: crate::__private::Declares<HASH>, const HASH: u64>() {}

#[test]
fn a_derived_role_reads_and_writes_as_its_name() {
    assert_eq!(ON_CALL, "ops:on-call");
    assert_eq!(Team::NAMES, Some(&["guest", "member", "ops:on-call", "auditor"][..]));
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
    assert!(Team::OnCall.grants("guest") && Team::OnCall.grants("member") && Team::OnCall.grants(ON_CALL));
    assert!(Team::Member.grants("guest") && Team::Member.grants("member"));
    assert!(!Team::Member.grants(ON_CALL));
    assert!(!Team::Guest.grants("member"));
    assert!(!Team::OnCall.grants("") && !Team::OnCall.grants("Member"));
}

#[test]
fn a_derived_hierarchy_lists_everything_that_a_role_implies() {
    assert_eq!(Team::IMPLIES, [("member", &["guest"][..]), ("ops:on-call", &["member", "guest"])]);
    let roles = RoleTable::of::<Team>();
    for holds in Team::NAMES.unwrap() {
        let role: Team = holds.parse().unwrap();
        for name in Team::NAMES.unwrap() {
            assert_eq!(roles.implied(holds, name), holds != name && role.grants(name), "{holds} {name}");
        }
    }
    assert_eq!(Team::PRIVATE, ["auditor"]);
    assert!(NoRole::IMPLIES.is_empty() && NoRole::PRIVATE.is_empty());
}

#[test]
fn claims_that_mark_no_roles_have_an_empty_set() {
    #[derive(crate::SessionClaims, Clone)]
    struct Plain {
        #[claims(subject)]
        id: String,
    }

    fn names<T: crate::__private::NamesRoles>() -> Option<&'static [&'static str]> {
        T::ROLES.and_then(|roles| roles.names)
    }

    let plain = Plain { id: "7".to_owned() };
    assert!(!crate::SessionClaims::holds_role(&plain, "admin"));
    assert_eq!(names::<Plain>(), Some(&[][..]));
    assert_eq!(names::<Option<crate::Session<Plain>>>(), Some(&[][..]));
    assert!(NoRole::from_name("admin").is_none());
}

#[test]
fn a_derived_role_declares_each_of_its_names() {
    declares::<Team, { crate::__private::role_hash("guest") }>();
    declares::<Team, { crate::__private::role_hash("ops:on-call") }>();
}

/// An enum of the same name with the same role.
mod other {
    #[derive(crate::Role, Clone, Copy)]
    pub(super) enum Team {
        Member,
    }
}

/// Row 45.
#[test]
fn a_role_by_its_path_is_told_from_that_of_another_enum() {
    use crate::__private::{role_at, role_path_hash, set_of};

    let (own, another) = (Team::Member, other::Team::Member);
    assert_eq!(role_at(&own, &own).as_str(), another.as_str());
    assert_ne!(set_of(&own), set_of(&another));
    assert_ne!(role_path_hash(&own, "member"), role_path_hash(&another, "member"));
    assert_ne!(role_path_hash(&own, "member"), role_path_hash(&own, "guest"));
    declares::<Team, { role_path_hash(&Team::Member, "member") }>();
}

#[test]
fn what_names_a_role_is_a_role_or_for_an_open_set_any_text() {
    assert_eq!(Team::name_of(&Team::OnCall), ON_CALL);
    assert_eq!(Team::name_of(&&Team::Guest), "guest");
    assert_eq!(String::name_of(&"editor"), "editor");
    assert_eq!(String::name_of(&Team::Guest), "guest");
}

/// Row 42.
#[test]
fn an_unknown_role_in_a_token_is_left_out() {
    let read = |text: &str| RolesOf::<Vec<Team>>::deserialize(&mut serde_json::Deserializer::from_str(text));
    assert_eq!(read(r#"["root", "member"]"#).unwrap(), [Team::Member]);
    assert_eq!(read(r#"["root"]"#).unwrap(), []);
    assert!(read(r#""member""#).is_err());
}

/// Choosing one of several roles would be a guess.
#[test]
fn a_field_for_one_role_takes_no_more_and_no_fewer_than_it_holds() {
    fn read<F: RoleField>(text: &str) -> Result<F, serde_json::Error> {
        RolesOf::deserialize(&mut serde_json::Deserializer::from_str(text))
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
fn the_document_lists_a_derived_roles_names_but_for_private_ones() {
    use utoipa::PartialSchema as _;

    assert_eq!(<Team as utoipa::ToSchema>::name(), "Team");
    assert_eq!(
        serde_json::to_value(Team::schema()).unwrap(),
        serde_json::json!({ "type": "string", "enum": ["guest", "member", "ops:on-call"] })
    );
}
