//! Roles that exist, and roles that do not.

use super::*;

/// A closed set with these names.
const fn closed(names: &'static [&'static str]) -> Option<RoleTable> {
    Some(RoleTable { names: Some(names), ..RoleTable::NONE })
}

#[test]
#[should_panic = "#[require_role]: `Session<User>` has no role `admln`; did you mean `admin`?"]
fn a_role_that_no_type_declares_is_refused() {
    check_role("require_role", "admln", &[("State<Db>", None), ("Session<User>", closed(&["admin"]))]);
}

#[test]
fn a_role_that_every_type_declares_passes_and_an_open_set_has_every_role() {
    check_role(
        "require_role",
        "admin",
        &[("User", closed(&["member", "admin"])), ("Option<Open>", Some(RoleTable::NONE))],
    );
}

/// If this were wrong, neither the signature nor the router would check the roles.
#[test]
fn a_signature_of_types_without_roles_leaves_them_to_the_router() {
    assert!(!any_closed(&[]));
    assert!(!any_closed(&[("State<Db>", None), ("Json<Value>", None)]));
    assert!(!any_closed(&[("Open", Some(RoleTable::NONE))]));
    assert!(any_closed(&[("State<Db>", None), ("User", closed(&["admin"]))]));
    assert!(any_closed(&[("Plain", closed(&[]))]));
}

#[test]
#[should_panic = "`Support` has no role `admin`"]
fn each_type_of_a_signature_must_have_the_role() {
    check_role("require_role", "admin", &[("User", closed(&["admin"])), ("Support", closed(&["support"]))]);
}

#[test]
#[should_panic = "has no role `admi`"]
fn a_part_of_a_name_is_no_role() {
    check_role("require_role", "admi", &[("User", closed(&["admin", "adm"]))]);
}

#[test]
#[should_panic = "has no role `Admin`; did you mean `admin`?"]
fn a_name_in_other_letters_is_no_role() {
    check_role("require_role", "Admin", &[("User", closed(&["admin"]))]);
}

#[test]
fn a_missing_role_is_explained_with_the_nearest_and_all() {
    assert_eq!(
        no_role(Message::new().add("`User`"), "admln", &["member", "admin"]).text(),
        "`User` has no role `admln`; did you mean `admin`? (its roles are `member`, `admin`)"
    );
    assert_eq!(
        no_role(Message::new().add("`User`"), "owner", &["member", "admin"]).text(),
        "`User` has no role `owner` (its roles are `member`, `admin`)"
    );
}

#[test]
fn claims_without_roles_are_told_how_to_carry_them() {
    assert_eq!(
        no_role(Message::new().add("`Session<User>`"), "admin", &[]).text(),
        "`Session<User>` carries no roles; mark a field of the claims with #[claims(roles)]"
    );
}

#[test]
fn a_long_list_of_roles_is_cut_between_names() {
    let names = ["a-role-with-a-name-that-takes-some-room"; 40];
    let message = no_role(Message::new().add("`User`"), "é", &names);
    assert!(message.text().len() <= Message::SIZE);
    assert!(message.text().starts_with("`User` has no role `é`"));
}

#[test]
#[should_panic = "a guard requires a role, and the claims type of its router has no role `blokced`; did you mean `blocked`?"]
fn a_role_behind_a_negation_has_to_exist() {
    const RULE: Rule = Rule::Any(&[Rule::Live, Rule::Not(&Rule::Role("blokced"))]);
    check_names(&RULE, RoleTable { names: Some(&["member", "blocked"]), ..RoleTable::NONE });
}

#[test]
fn a_rule_whose_roles_exist_passes() {
    const RULE: Rule = Rule::All(&[Rule::Scope("x"), Rule::Role("a"), Rule::Not(&Rule::Role("b"))]);
    check_names(&RULE, RoleTable { names: Some(&["a", "b"]), ..RoleTable::NONE });
    check_names(&RULE, RoleTable::NONE);
}

/// Roles of an enum that is called `set`.
const fn of_set(set: &'static str, names: &'static [&'static str]) -> Option<RoleTable> {
    Some(RoleTable { names: Some(names), set, ..RoleTable::NONE })
}

#[test]
#[should_panic = "#[require_role]: `Rank::Admin` is not a role of `User` (its roles are `member`, `admin`)"]
fn a_role_of_another_enum_is_refused_though_its_name_exists() {
    let signature = [("State<Db>", None), ("User", of_set("a::Role:3:10", &["member", "admin"]))];
    check_role_path("require_role", "Rank::Admin", "a::Rank:9:10", &signature);
}

#[test]
#[should_panic = "#[require_role]: `User` carries no roles; mark a field of the claims with #[claims(roles)]"]
fn a_role_of_an_enum_needs_claims_with_roles() {
    check_role_path("require_role", "Rank::Admin", "a::Rank:9:10", &[("User", of_set("", &[]))]);
}

#[test]
fn a_role_of_the_claims_own_enum_passes_and_an_open_set_has_every_role() {
    let signature = [("User", of_set("a::Role:3:10", &["admin"])), ("Option<Open>", Some(RoleTable::NONE))];
    check_role_path("require_role", "Role::Admin", "a::Role:3:10", &signature);
}

#[test]
fn the_hash_is_fnv_1a() {
    assert_eq!(role_hash(""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(role_hash("a"), 0xaf63_dc4c_8601_ec8c);
    assert_eq!(role_hash("foobar"), 0x8594_4171_f739_67e8);
}
