use super::*;

/// A closed set of these.
const fn closed(names: &'static [&'static str]) -> Option<Roles> {
    Some(Roles { names: Some(names), ..Roles::NONE })
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
        &[("User", closed(&["member", "admin"])), ("Option<Open>", Some(Roles::NONE))],
    );
}

/// Otherwise the router has to answer for the roles, and nobody would if this were wrong.
#[test]
fn a_signature_of_types_without_roles_answers_for_none() {
    assert!(!any_known(&[]));
    assert!(!any_known(&[("State<Db>", None), ("Json<Value>", None)]));
    assert!(!any_known(&[("Open", Some(Roles::NONE))]));
    assert!(any_known(&[("State<Db>", None), ("User", closed(&["admin"]))]));
    assert!(any_known(&[("Plain", closed(&[]))]));
}

#[test]
#[should_panic = "`Support` has no role `admin`"]
fn each_type_of_a_signature_has_to_know_the_role() {
    check_role("require_role", "admin", &[("User", closed(&["admin"])), ("Support", closed(&["support"]))]);
}

#[test]
#[should_panic = "has no role `admi`"]
fn a_part_of_a_name_is_no_role() {
    check_role("require_role", "admi", &[("User", closed(&["admin", "adm"]))]);
}

#[test]
#[should_panic = "has no role `Admin`"]
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
fn claims_without_roles_are_told_where_roles_come_from() {
    assert_eq!(
        no_role(Message::new().add("`Session<User>`"), "admin", &[]).text(),
        "`Session<User>` carries no roles; mark a field of the claims with #[claims(roles)]"
    );
}

#[test]
fn a_long_list_of_roles_is_cut_between_names() {
    let names = ["a-role-with-a-name-that-takes-some-room"; 40];
    let sentence = no_role(Message::new().add("`User`"), "é", &names);
    assert!(sentence.text().len() <= Message::SIZE);
    assert!(sentence.text().starts_with("`User` has no role `é`"));
}

#[test]
#[should_panic = "a guard demands a role, and the claims type of its router has no role `blokced`; did you mean `blocked`?"]
fn a_role_behind_a_negation_has_to_exist() {
    const RULE: Rule = Rule::Any(&[Rule::Live, Rule::Not(&Rule::Role("blokced"))]);
    check_names(&RULE, Roles { names: Some(&["member", "blocked"]), ..Roles::NONE });
}

#[test]
fn every_name_of_a_rule_may_exist() {
    const RULE: Rule = Rule::All(&[Rule::Scope("x"), Rule::Role("a"), Rule::Not(&Rule::Role("b"))]);
    check_names(&RULE, Roles { names: Some(&["a", "b"]), ..Roles::NONE });
    check_names(&RULE, Roles::NONE);
}

#[test]
fn distances_count_letters() {
    assert_eq!(distance("admin", "admin"), 0);
    assert_eq!(distance("admln", "admin"), 1);
    assert_eq!(distance("", "admin"), 5);
    assert_eq!(distance(&"x".repeat(LONGEST), "x"), LONGEST);
    assert_eq!(distance(&"x".repeat(LONGEST), &"x".repeat(LONGEST)), 0);
}

#[test]
fn the_hash_is_fnv_1a() {
    assert_eq!(role_hash(""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(role_hash("a"), 0xaf63_dc4c_8601_ec8c);
    assert_eq!(role_hash("foobar"), 0x8594_4171_f739_67e8);
}
