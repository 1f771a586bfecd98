//! Rules that are mistakes, and rules that are not.

use std::time::Duration;

use super::*;

const ROLES: RoleTable = RoleTable {
    names: Some(&["guest", "member", "editor", "admin"]),
    implies: &[
        ("member", &["guest"]),
        ("editor", &["member", "guest"]),
        ("admin", &["editor", "member", "guest"]),
    ],
    private: &[],
    ..RoleTable::NONE
};

const ADMIN: Rule = Rule::Role("admin");
const MEMBER: Rule = Rule::Role("member");
const GUEST: Rule = Rule::Role("guest");
const OTHER: Rule = Rule::Role("other");
const NOT_MEMBER: Rule = Rule::Not(&MEMBER);
const NOT_ADMIN: Rule = Rule::Not(&ADMIN);
const WRITE: Rule = Rule::Scope("write");
const NOT_WRITE: Rule = Rule::Not(&WRITE);
const FRESH: Rule = Rule::Fresh(Duration::from_secs(600));
const ACME: Rule = Rule::Issuer("acme");
const OTHER_ISSUER: Rule = Rule::Issuer("other");
const OWN: Rule = Rule::Issuer("own");
const CHECK: Rule = Rule::Check { name: "owns_post", not_found: false };

fn message(rule: Rule) -> Option<String> {
    flaw(&rule, ROLES).map(|flaw| flaw.message(Message::new()).text().to_owned())
}

#[test]
fn a_rule_that_no_user_satisfies_is_found() {
    const HELP: &str = "; remove a part of it";
    for (rule, text) in [
        (Rule::All(&[OTHER, Rule::Not(&OTHER)]), "no user can satisfy role `other` and not role `other`"),
        (
            Rule::All(&[WRITE, FRESH, NOT_WRITE]),
            "no user can satisfy scope `write` and a sign-in at most 10m old and not scope `write`",
        ),
        (
            Rule::All(&[Rule::Any(&[ADMIN, MEMBER]), Rule::Not(&GUEST)]),
            "no user can satisfy (role `admin` or role `member`) and not role `guest`",
        ),
        (Rule::All(&[MEMBER, Rule::Any(&[])]), "no user can satisfy role `member` and no caller"),
        (
            Rule::Any(&[OTHER, Rule::All(&[WRITE, NOT_WRITE])]),
            "no user can satisfy scope `write` and not scope `write`",
        ),
    ] {
        assert_eq!(message(rule).unwrap(), format!("{text}{HELP}"), "{rule:?}");
    }
    assert_eq!(
        message(Rule::All(&[ADMIN, NOT_MEMBER])).unwrap(),
        "role `admin` implies role `member`, so no user has role `admin` and not role `member`; remove one of the two"
    );
}

#[test]
fn a_rule_that_every_user_satisfies_is_found() {
    let help = "; remove that part of the rule, or write #[authenticated]";
    for (rule, text) in [
        (
            Rule::Any(&[OTHER, Rule::Not(&OTHER)]),
            "every signed-in user satisfies role `other` or not role `other`",
        ),
        (Rule::Any(&[MEMBER, NOT_ADMIN]), "every signed-in user satisfies role `member` or not role `admin`"),
        (
            Rule::All(&[OTHER, Rule::Any(&[CHECK, WRITE, NOT_WRITE])]),
            "every signed-in user satisfies check `owns_post` or scope `write` or not scope `write`",
        ),
    ] {
        assert_eq!(message(rule).unwrap(), format!("{text}{help}"), "{rule:?}");
    }
}

#[test]
fn a_role_that_another_one_implies_is_left_out_of_a_conjunction() {
    let text = "role `member` is superfluous beside role `admin`, which implies it; remove role `member`";
    assert_eq!(message(Rule::All(&[ADMIN, MEMBER])).unwrap(), text);
    assert_eq!(message(Rule::All(&[MEMBER, FRESH, ADMIN])).unwrap(), text);
    assert_eq!(message(Rule::Any(&[WRITE, Rule::All(&[MEMBER, ADMIN])])).unwrap(), text);
    assert_eq!(
        message(Rule::All(&[ADMIN, OTHER, ADMIN])).unwrap(),
        "role `admin` appears twice, perhaps inside a named rule; remove one of the two"
    );
    assert_eq!(
        message(Rule::Any(&[WRITE, WRITE])).unwrap(),
        "scope `write` appears twice, perhaps inside a named rule; remove one of the two"
    );
}

/// Row 174: a token from elsewhere has no session of this server.
#[test]
fn conditions_of_different_kinds_of_tokens_exclude_each_other() {
    const HELP: &str = "; remove one of the two";
    const LIVE: &str = "a session that has not ended";
    for (one, other, text) in [
        (
            Rule::Machine,
            FRESH,
            "a machine has not signed in, so no caller satisfies a token of a machine and a sign-in at most 10m old",
        ),
        (
            Rule::Machine,
            Rule::Live,
            &*format!(
                "a machine has no session of this server, so no caller satisfies a token of a machine and {LIVE}"
            ),
        ),
        (
            Rule::Machine,
            Rule::BothTokens,
            "a machine has no session of this server, so no caller satisfies a token of a machine and the access token and the refresh \
             token of one session",
        ),
        (
            Rule::Machine,
            OWN,
            "this server signs in users, not machines, so no caller satisfies a token of a machine and a token from this server",
        ),
        (
            ACME,
            Rule::Live,
            &*format!(
                "only a token from this server has a session here, so no caller satisfies a token from `acme` and {LIVE}"
            ),
        ),
        (
            ACME,
            Rule::BothTokens,
            "only a token from this server has a session here, so no caller satisfies a token from `acme` and the access token and the \
             refresh token of one session",
        ),
    ] {
        let both: &'static [Rule] = vec![one, other].leak();
        let turned: &'static [Rule] = vec![other, ADMIN, one].leak();
        for rule in [Rule::All(both), Rule::All(turned), Rule::Any(vec![WRITE, Rule::All(both)].leak())] {
            assert_eq!(message(rule).unwrap(), format!("{text}{HELP}"), "{rule:?}");
        }
        let named = Rule::All(vec![NOT_WRITE, other].leak());
        assert_eq!(
            message(Rule::All(vec![named, one].leak())).unwrap(),
            format!("{text}{HELP}"),
            "in a named rule"
        );
        // One inside an alternative: no pair shows it.
        let nested = Rule::All(vec![one, Rule::Any(vec![other, Rule::Any(&[])].leak())].leak());
        assert!(message(nested).unwrap().starts_with("no user can satisfy"), "{nested:?}");
        assert!(is_never(&nested, ROLES) && is_never(&Rule::All(both), ROLES), "{nested:?}");
    }
    assert_eq!(
        message(Rule::All(&[ACME, OTHER_ISSUER])).unwrap(),
        format!(
            "a token has one issuer, so no caller satisfies a token from `acme` and a token from `other`{HELP}"
        )
    );
    assert!(message(Rule::All(&[ACME, Rule::Not(&ACME)])).unwrap().starts_with("no user can satisfy"));
    assert!(message(Rule::Any(&[ACME, Rule::Not(&OTHER_ISSUER)])).is_none());
    assert!(message(Rule::Any(&[ACME, Rule::Not(&ACME)])).unwrap().starts_with("every signed-in user"));
}

/// A part that can hold or not is no mistake, and named rules may overlap.
#[test]
fn a_rule_that_can_be_meant_is_left_alone() {
    for rule in [
        ADMIN,
        NOT_ADMIN,
        FRESH,
        Rule::Live,
        Rule::Any(&[]),
        Rule::All(&[]),
        Rule::All(&[MEMBER, NOT_ADMIN]),
        Rule::Any(&[ADMIN, MEMBER]),
        Rule::Any(&[ADMIN, NOT_MEMBER]),
        Rule::Any(&[ADMIN, Rule::Live]),
        Rule::Any(&[Rule::All(&[ADMIN, FRESH]), Rule::All(&[NOT_ADMIN, CHECK])]),
        Rule::All(&[Rule::All(&[ADMIN, WRITE]), Rule::All(&[MEMBER, CHECK])]),
        Rule::All(&[Rule::Any(&[MEMBER, WRITE]), Rule::Any(&[NOT_MEMBER, CHECK])]),
        Rule::All(&[Rule::Role("write"), NOT_WRITE]),
        Rule::Any(&[Rule::All(&[CHECK]), Rule::NotImpersonated]),
        Rule::Machine,
        Rule::All(&[Rule::Machine, WRITE, ACME, Rule::NotImpersonated, CHECK]),
        Rule::All(&[OWN, Rule::Live, FRESH]),
        Rule::All(&[ACME, FRESH]),
        Rule::All(&[Rule::Not(&ACME), Rule::Live]),
        Rule::Any(&[Rule::Machine, Rule::Live, OWN, ACME]),
        Rule::All(&[Rule::Any(&[ACME, OWN]), Rule::Any(&[Rule::Machine, Rule::Live])]),
    ] {
        assert_eq!(message(rule), None, "{rule:?}");
    }
}

/// Also if the rule has other flaws.
#[test]
fn a_rule_that_no_user_satisfies_is_recognised_as_a_whole() {
    for rule in [
        Rule::All(&[ADMIN, MEMBER, NOT_MEMBER]),
        Rule::All(&[ADMIN, ADMIN, Rule::Not(&GUEST), FRESH]),
        Rule::Any(&[]),
        Rule::All(ELEVEN_AND_NOT_K),
    ] {
        assert!(is_never(&rule, ROLES), "{rule}");
    }
    for rule in
        [ADMIN, Rule::All(&[ADMIN, ADMIN, FRESH, CHECK]), Rule::Any(&[WRITE, Rule::All(&[ADMIN, NOT_ADMIN])])]
    {
        assert!(!is_never(&rule, ROLES), "{rule}");
    }
}

#[test]
fn an_open_set_of_roles_has_no_hierarchy() {
    assert!(flaw(&Rule::All(&[ADMIN, MEMBER]), RoleTable::NONE).is_none());
    assert!(flaw(&Rule::All(&[ADMIN, NOT_MEMBER]), RoleTable::NONE).is_none());
    assert!(matches!(flaw(&Rule::All(&[ADMIN, NOT_ADMIN]), RoleTable::NONE), Some(Flaw::Never(_))));
}

/// Every small rule, compared with the users for all sets of roles that the hierarchy allows.
#[test]
fn a_small_rule_is_a_mistake_if_all_or_none_of_the_users_satisfy_it() {
    let parts = [ADMIN, MEMBER, GUEST, NOT_ADMIN, NOT_MEMBER, Rule::Not(&GUEST), WRITE, NOT_WRITE];
    let users: Vec<Vec<Rule>> = (0..16_u32)
        .map(|bits| {
            [ADMIN, MEMBER, GUEST, WRITE].into_iter().enumerate().filter(move |(bit, _)| bits >> bit & 1 == 1)
        })
        .map(|held| held.map(|(_, atom)| atom).collect::<Vec<_>>())
        .filter(|held| !held.contains(&ADMIN) || held.contains(&MEMBER))
        .filter(|held| !held.contains(&MEMBER) || held.contains(&GUEST))
        .collect();
    let meets = |held: &Vec<Rule>, part: &Rule| match part {
        Rule::Not(part) => !held.contains(part),
        part => held.contains(part),
    };
    for one in parts {
        for two in parts {
            for three in parts {
                let pair: &'static [Rule] = vec![one, two].leak();
                for (inner, outer) in [(true, false), (false, true)] {
                    let group = if inner { Rule::All(pair) } else { Rule::Any(pair) };
                    let members: &'static [Rule] = vec![group, three].leak();
                    let rule = if outer { Rule::All(members) } else { Rule::Any(members) };
                    let holds = |held: &Vec<Rule>| {
                        let (one, two, three) = (meets(held, &one), meets(held, &two), meets(held, &three));
                        let pair = if inner { one && two } else { one || two };
                        if outer { pair && three } else { pair || three }
                    };
                    let count = users.iter().filter(|held| holds(held)).count();
                    let found = flaw(&rule, ROLES);
                    if count == 0 || count == users.len() {
                        assert!(found.is_some(), "{rule} is satisfied by {count} of {}", users.len());
                    }
                    match found {
                        Some(Flaw::Never(part)) if part == rule => assert_eq!(count, 0, "{rule}"),
                        Some(Flaw::Always(part)) if part == rule => assert_eq!(count, users.len(), "{rule}"),
                        _ => {}
                    }
                }
            }
        }
    }
}

const ELEVEN: [Rule; 11] = {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];
    let mut rules = [Rule::Live; 11];
    let mut index = 0;
    while index < names.len() {
        rules[index] = Rule::Role(names[index]);
        index += 1;
    }
    rules
};

const ELEVEN_AND_NOT_K: &[Rule] = {
    let [a, b, c, d, e, f, g, h, i, j, k] = ELEVEN;
    &[a, b, c, d, e, f, g, h, i, j, k, Rule::Not(&Rule::Role("k"))]
};

/// A table for more than ten atoms would take the compiler too long.
#[test]
fn a_big_rule_is_compared_in_pairs() {
    assert!(message(Rule::All(&ELEVEN)).is_none() && message(Rule::Any(&ELEVEN)).is_none());
    let with = |part| -> &'static [Rule] { ELEVEN.iter().copied().chain([part]).collect::<Vec<_>>().leak() };
    const NOT_K: Rule = Rule::Not(&Rule::Role("k"));
    assert!(
        message(Rule::All(with(NOT_K))).unwrap().starts_with("no user can satisfy role `a` and role `b`")
    );
    assert!(
        message(Rule::Any(with(NOT_K))).unwrap().starts_with("every signed-in user satisfies role `a` or")
    );
    assert_eq!(
        message(Rule::Any(with(ELEVEN[3]))).unwrap(),
        "role `d` appears twice, perhaps inside a named rule; remove one of the two"
    );
    const TEN: &[Rule] = &[NOT_K, Rule::Any(ELEVEN.split_at(1).1)];
    assert!(
        message(Rule::Any(TEN))
            .unwrap()
            .starts_with("every signed-in user satisfies not role `k` or (role `b`")
    );
}

/// Near the limit of rustc's lint `long_running_const_eval` this would not compile.
const _: () = {
    const LAST: Rule = Rule::All(ELEVEN.split_at(1).1);
    const NESTED: Rule = Rule::Any(&[
        Rule::All(&[LAST, Rule::Scope("a")]),
        Rule::All(&[Rule::Any(ELEVEN.split_at(1).1), Rule::Live]),
        Rule::All(&[Rule::Any(ELEVEN.split_at(2).1), Rule::Scope("b")]),
    ]);
    assert!(flaw(&NESTED, ROLES).is_none());
};

#[test]
#[should_panic = "#[require]: role `member` is superfluous beside role `admin`, which implies it; remove role `member`"]
fn the_message_names_the_attribute() {
    check_rule("#[require]", Rule::All(&[ADMIN, MEMBER]), &[("State<Db>", None), ("User", Some(ROLES))]);
}

#[test]
#[should_panic = "rule!: no user can satisfy role `admin` and not role `admin`"]
fn a_contradiction_is_found_without_a_hierarchy() {
    check_rule("rule!", Rule::All(&[ADMIN, NOT_ADMIN]), &[]);
}

#[test]
#[should_panic = "#[require]: no user can satisfy role `admin` and not role `admin`"]
fn an_access_is_judged_by_its_rule() {
    check_access("#[require]", Access::Require(Rule::All(&[ADMIN, NOT_ADMIN])), &[("State<Db>", None)]);
}

#[test]
fn implied_roles_are_left_to_the_router_if_no_type_tells_them() {
    check_rule("#[require]", Rule::All(&[ADMIN, MEMBER]), &[]);
    check_rule(
        "#[require]",
        Rule::All(&[ADMIN, MEMBER]),
        &[("State<Db>", None), ("Open", Some(RoleTable::NONE))],
    );
    for access in [Access::Authenticated, Access::Optional, Access::Public { reason: "probe" }] {
        check_access("#[authenticated]", access, &[("User", Some(ROLES))]);
    }
}

#[test]
#[should_panic = "a guard requires (role `admin` and role `member`) or scope `write`: role `member` is superfluous beside role `admin`, which implies it; remove role `member`"]
fn the_message_of_a_guard_shows_its_rule() {
    check_declared(Access::Require(Rule::Any(&[Rule::All(&[ADMIN, MEMBER]), WRITE])), ROLES);
}

/// Otherwise the route would be closed for good without a reason.
#[test]
#[should_panic = "no user has scope `write`, because the claims have no scopes; mark a field with #[claims(scopes)]"]
fn a_scope_is_refused_if_the_claims_have_none() {
    let without = RoleTable { scopes: false, ..ROLES };
    check_rule("#[require]", Rule::Any(&[ADMIN, Rule::Not(&WRITE)]), &[("User", Some(without))]);
}

#[test]
fn claims_without_scopes_fit_rules_without_scopes() {
    let without = RoleTable { scopes: false, ..ROLES };
    check_rule("#[require]", Rule::Any(&[ADMIN, Rule::Live]), &[("User", Some(without))]);
}
