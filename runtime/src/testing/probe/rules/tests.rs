//! The users at the border of a rule.

use std::sync::LazyLock;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);
static ROLES: LazyLock<ImpliedRoles> = LazyLock::new(|| {
    ImpliedRoles(vec![("member", vec![]), ("editor", vec!["member"]), ("admin", vec!["member", "editor"])])
});

fn of(rule: &Rule) -> RuleOf<'_> {
    from(rule, &Origin::Own)
}

fn from<'a>(rule: &'a Rule, origin: &'a Origin) -> RuleOf<'a> {
    RuleOf { rule, roles: &ROLES, names: &["member", "editor", "admin"], origin }
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

    assert_eq!(ImpliedRoles::of::<Role>().0, ROLES.0);
    assert_eq!(ImpliedRoles::of::<String>().0, []);
    assert!(Role::Admin.grants(Role::Member.as_str()) && Role::Admin.grants(Role::Editor.as_str()));
}

/// The users at the border, in words, each with the decision of the rule.
fn border(rule: &Rule) -> Vec<(String, Verdict)> {
    let users = of(rule).border().unwrap();
    users.iter().map(|user| (user.to_string(), of(rule).verdict(user))).collect()
}

fn is_at_border(rule: &Rule, user: &str, verdict: Verdict) -> bool {
    border(rule).contains(&(user.to_owned(), verdict))
}

const NOTHING: &str = "a user without roles and scopes";

/// Rows 49 and 50.
#[test]
fn a_role_has_no_role_and_every_role_above_at_its_border() {
    let found = border(&Rule::Role("member"));
    let expected = [
        ("role `member`", Verdict::Passes),
        (NOTHING, Verdict::Fails),
        ("role `editor`", Verdict::Passes),
        ("role `admin`", Verdict::Passes),
    ];
    assert_eq!(found, expected.map(|(user, verdict)| (user.to_owned(), verdict)));
}

/// Row 49: the other demands of the rule stay met, so that only the role is to blame.
#[test]
fn every_other_role_is_tried_beside_what_a_rule_demands() {
    const RULE: Rule = Rule::All(&[Rule::Role("editor"), Rule::Scope("posts:write"), Rule::Fresh(MINUTE)]);
    let found = border(&RULE);
    for (user, verdict) in [
        ("role `member`, scope `posts:write`", Verdict::Fails),
        ("role `admin`, scope `posts:write`", Verdict::Passes),
    ] {
        assert!(found.contains(&(user.to_owned(), verdict)), "{user}: {found:?}");
    }
    assert_eq!(
        found.len(),
        6,
        "one who suffices, three who lack one condition, two with another role: {found:?}"
    );
}

#[test]
fn no_user_is_tried_twice_in_another_order() {
    const RULE: Rule = Rule::Any(&[
        Rule::All(&[Rule::Role("editor"), Rule::Role("guest")]),
        Rule::All(&[Rule::Role("guest"), Rule::Role("admin")]),
    ]);
    let users = of(&RULE).border().unwrap();
    let sorted = users.iter().map(|user| {
        let mut roles = user.holds.clone().unwrap_or_default().roles;
        roles.sort_unstable();
        roles
    });
    let different: std::collections::BTreeSet<_> = sorted.collect();
    assert_eq!(different.len(), users.len(), "{:?}", border(&RULE));
}

#[test]
fn where_claims_demand_a_role_users_with_one_take_the_place_of_those_without() {
    const RULE: Rule = Rule::All(&[Rule::Role("editor"), Rule::Scope("posts:write")]);
    let with_a_role = |rule, roles: &[&'static str], scopes: &[&'static str]| {
        let holds = Some(Holdings { roles: roles.to_vec(), scopes: scopes.to_vec() });
        let user = User { holds, sign_in_age: MINUTE, impersonated: false, origin: Origin::Own };
        let users = of(rule).with_a_role(user);
        users.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        with_a_role(&RULE, &[], &["posts:write"]),
        ["role `member`, scope `posts:write`, signed in 60s ago"]
    );
    assert_eq!(with_a_role(&RULE, &["editor"], &[]), ["role `editor`, signed in 60s ago"]);
    assert_eq!(
        with_a_role(&Rule::Role("member"), &[], &[]),
        [format!("{NOTHING}, signed in 60s ago")],
        "every role suffices"
    );
}

#[test]
fn each_way_to_suffice_is_tried_and_each_with_one_condition_less() {
    const RULE: Rule =
        Rule::Any(&[Rule::Role("admin"), Rule::All(&[Rule::Role("editor"), Rule::Scope("posts:write")])]);
    for (user, verdict) in [
        ("role `admin`", Verdict::Passes),
        ("role `editor`, scope `posts:write`", Verdict::Passes),
        ("role `editor`", Verdict::Fails),
        ("scope `posts:write`", Verdict::Fails),
        (NOTHING, Verdict::Fails),
    ] {
        assert!(is_at_border(&RULE, user, verdict), "{user}: {:?}", border(&RULE));
    }
}

#[test]
fn a_user_with_what_a_rule_forbids_is_a_neighbour() {
    const RULE: Rule = Rule::All(&[Rule::Not(&Rule::Role("guest")), Rule::NotImpersonated]);
    assert!(is_at_border(&RULE, NOTHING, Verdict::Passes));
    assert!(is_at_border(&RULE, "role `guest`", Verdict::Fails));
    let impersonated = format!("{NOTHING}, impersonated");
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
fn a_rule_that_no_user_satisfies_has_no_border() {
    for rule in [Rule::Any(&[]), Rule::All(&[]), Rule::Not(&Rule::Live)] {
        assert_eq!(border(&rule), []);
    }
}

#[test]
fn a_rule_of_too_many_conditions_is_not_tried() {
    let scopes: Vec<Rule> = ('a'..='m').map(|name| Rule::Scope(name.to_string().leak())).collect();
    assert_eq!(scopes.len(), MOST_CONDITIONS + 1);
    let rule = Rule::Any(scopes.leak());
    assert!(of(&rule).border().is_none());
    let extremes = of(&rule).extremes();
    let verdicts: Vec<_> = extremes.iter().map(|user| of(&rule).verdict(user)).collect();
    assert_eq!(verdicts, [Verdict::Passes, Verdict::Fails]);
}

/// Row 173: what the same rule says of users of each issuer, and of machines.
#[test]
fn a_rule_is_tried_with_tokens_of_every_issuer() {
    const ACME: Rule = Rule::Issuer("acme");
    const MEMBER: Rule = Rule::Role("member");
    let origins = [
        Origin::Own,
        Origin::Issuer("acme".into()),
        Origin::Issuer("globex".into()),
        Origin::Machine("acme".into()),
    ];
    for (rule, expected) in [
        (MEMBER, [true, true, true, false]),
        (ACME, [false, true, false, false]),
        (Rule::Not(&ACME), [true, false, true, false]),
        (Rule::Issuer(OWN_ISSUER), [true, false, false, false]),
        (Rule::Live, [true, false, false, false]),
        (Rule::BothTokens, [true, false, false, false]),
        (Rule::Machine, [false, false, false, true]),
        (Rule::Any(&[Rule::Machine, MEMBER]), [true, true, true, true]),
        (Rule::All(&[Rule::Machine, MEMBER, Rule::NotImpersonated]), [false, false, false, true]),
        (Rule::All(&[Rule::Machine, Rule::Fresh(MINUTE)]), [false; 4]),
        (Rule::Any(&[Rule::All(&[Rule::Machine, ACME]), Rule::Live]), [true, false, false, true]),
        (Rule::Not(&Rule::Machine), [false; 4]),
    ] {
        for (origin, passes) in origins.iter().zip(expected) {
            let of = from(&rule, origin);
            let user = User {
                holds: Some(Holdings { roles: vec!["member"], scopes: vec![] }),
                origin: origin.clone(),
                ..of.extremes().remove(0)
            };
            let expected = if passes { Verdict::Passes } else { Verdict::Fails };
            assert_eq!(of.verdict(&user), expected, "{rule}: {user}");
            assert!(of.border().unwrap().iter().all(|user| user.origin == *origin), "{rule}");
        }
    }
    // A machine is never asked to sign in.
    let machine = &origins[3];
    let rule = Rule::Any(&[Rule::Fresh(MINUTE), Rule::All(&[Rule::Machine, Rule::Role("admin")])]);
    let of = from(&rule, machine);
    assert!(of.border().unwrap().iter().all(|user| of.verdict(user) != Verdict::Stale));
}
