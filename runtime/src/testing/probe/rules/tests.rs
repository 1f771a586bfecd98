//! What stands at the border of a rule.

use std::sync::LazyLock;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);
static ROLES: LazyLock<Hierarchy> = LazyLock::new(|| {
    Hierarchy(vec![("member", vec![]), ("editor", vec!["member"]), ("admin", vec!["member", "editor"])])
});

fn of(rule: &Rule) -> RuleOf<'_> {
    RuleOf { rule, roles: &ROLES }
}

#[cfg(feature = "macros")]
#[test]
fn a_hierarchy_is_that_of_the_roles() {
    #[derive(crate::Role, Clone, Copy)]
    enum Role {
        Member,
        #[role(implies(Member))]
        Editor,
        #[role(implies(Editor))]
        Admin,
    }

    assert_eq!(Hierarchy::of::<Role>().0, ROLES.0);
    assert_eq!(Hierarchy::of::<String>().0, []);
    assert_eq!(ROLES.above("member").collect::<Vec<_>>(), ["editor", "admin"]);
    assert!(Role::Admin.grants(Role::Member.as_str()) && Role::Admin.grants(Role::Editor.as_str()));
}

/// The callers at the border with what the rule says of them, in words.
fn border(rule: &Rule) -> Vec<(String, Verdict)> {
    let callers = of(rule).border().unwrap();
    callers.iter().map(|caller| (caller.to_string(), of(rule).verdict(caller))).collect()
}

fn is_at_border(rule: &Rule, caller: &str, verdict: Verdict) -> bool {
    border(rule).contains(&(caller.to_owned(), verdict))
}

const NOTHING: &str = "a user without roles and scopes";

/// Rows 49 and 50.
#[test]
fn a_role_has_nobody_below_and_every_role_above_at_its_border() {
    let found = border(&Rule::Role("member"));
    let expected = [
        ("role `member`", Verdict::Passes),
        (NOTHING, Verdict::Fails),
        ("role `editor`", Verdict::Passes),
        ("role `admin`", Verdict::Passes),
    ];
    assert_eq!(found, expected.map(|(caller, verdict)| (caller.to_owned(), verdict)));
}

#[test]
fn each_way_to_suffice_is_tried_and_each_with_one_condition_less() {
    const RULE: Rule =
        Rule::Any(&[Rule::Role("admin"), Rule::All(&[Rule::Role("editor"), Rule::Scope("posts:write")])]);
    for (caller, verdict) in [
        ("role `admin`", Verdict::Passes),
        ("role `editor`, scope `posts:write`", Verdict::Passes),
        ("role `editor`", Verdict::Fails),
        ("scope `posts:write`", Verdict::Fails),
        (NOTHING, Verdict::Fails),
    ] {
        assert!(is_at_border(&RULE, caller, verdict), "{caller}: {:?}", border(&RULE));
    }
}

#[test]
fn who_has_what_a_rule_forbids_is_a_neighbour() {
    const RULE: Rule = Rule::All(&[Rule::Not(&Rule::Role("guest")), Rule::NotImpersonated]);
    assert!(is_at_border(&RULE, NOTHING, Verdict::Passes));
    assert!(is_at_border(&RULE, "role `guest`", Verdict::Fails));
    let impersonated = format!("{NOTHING}, with somebody acting for the user");
    assert!(is_at_border(&RULE, &impersonated, Verdict::Fails));
}

/// Row 60.
#[test]
fn each_age_is_tried_a_second_beyond_it() {
    const RULE: Rule = Rule::Any(&[
        Rule::All(&[Rule::Role("member"), Rule::Fresh(MINUTE)]),
        Rule::All(&[Rule::Role("editor"), Rule::Fresh(Duration::from_secs(600))]),
    ]);
    assert!(is_at_border(&RULE, "role `member`", Verdict::Passes));
    assert!(is_at_border(&RULE, "role `member`, signed in 61s ago", Verdict::Stale));
    assert!(is_at_border(&RULE, "role `editor`, signed in 61s ago", Verdict::Passes));
    assert!(is_at_border(&RULE, "role `editor`, signed in 601s ago", Verdict::Stale));
    assert!(is_at_border(&RULE, NOTHING, Verdict::Fails));
}

#[test]
fn checks_decide_where_the_caller_does_not() {
    const OWNS: Rule = Rule::Check { name: "owns", not_found: false };
    const EITHER: Rule = Rule::Any(&[Rule::Role("admin"), OWNS]);
    assert!(is_at_border(&EITHER, "role `admin`", Verdict::Passes));
    assert!(is_at_border(&EITHER, NOTHING, Verdict::Depends));
    const BOTH: Rule = Rule::All(&[Rule::Role("editor"), OWNS]);
    assert!(is_at_border(&BOTH, "role `editor`", Verdict::Depends));
    assert!(is_at_border(&BOTH, "role `admin`", Verdict::Depends));
    assert!(is_at_border(&BOTH, NOTHING, Verdict::Fails));
    assert_eq!(checks(&EITHER), ["owns"]);
}

#[test]
fn a_rule_that_nobody_satisfies_has_no_border() {
    for rule in [Rule::Any(&[]), Rule::All(&[]), Rule::Not(&Rule::Live)] {
        assert_eq!(border(&rule), []);
    }
}

#[test]
fn a_rule_of_too_many_conditions_is_not_tried() {
    let scopes: Vec<Rule> = ('a'..='m').map(|name| Rule::Scope(name.to_string().leak())).collect();
    assert_eq!(scopes.len(), MOST_CONDITIONS + 1);
    assert!(of(&Rule::Any(scopes.leak())).border().is_none());
}
