use std::time::Duration;

use super::*;

const ROLES: Roles = Roles {
    names: Some(&["guest", "member", "editor", "admin"]),
    implies: &[
        ("member", &["guest"]),
        ("editor", &["member", "guest"]),
        ("admin", &["editor", "member", "guest"]),
    ],
    private: &[],
    scopes: true,
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
const CHECK: Rule = Rule::Check { name: "owns_post", not_found: false };

fn told(rule: Rule) -> Option<String> {
    flaw(&rule, ROLES).map(|flaw| flaw.told(Message::new()).text().to_owned())
}

#[test]
fn a_rule_that_nobody_can_meet_is_found() {
    const HELP: &str = "; remove a part of it";
    for (rule, text) in [
        (Rule::All(&[OTHER, Rule::Not(&OTHER)]), "nobody can meet role `other` and not role `other`"),
        (
            Rule::All(&[WRITE, FRESH, NOT_WRITE]),
            "nobody can meet scope `write` and a sign-in at most 10m old and not scope `write`",
        ),
        (
            Rule::All(&[Rule::Any(&[ADMIN, MEMBER]), Rule::Not(&GUEST)]),
            "nobody can meet (role `admin` or role `member`) and not role `guest`",
        ),
        (Rule::All(&[MEMBER, Rule::Any(&[])]), "nobody can meet role `member` and nobody"),
        (
            Rule::Any(&[OTHER, Rule::All(&[WRITE, NOT_WRITE])]),
            "nobody can meet scope `write` and not scope `write`",
        ),
    ] {
        assert_eq!(told(rule).unwrap(), format!("{text}{HELP}"), "{rule:?}");
    }
    assert_eq!(
        told(Rule::All(&[ADMIN, NOT_MEMBER])).unwrap(),
        "role `admin` implies role `member`, so nobody has role `admin` and not role `member`; remove one of the two"
    );
}

#[test]
fn a_rule_that_every_user_meets_is_found() {
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
        assert_eq!(told(rule).unwrap(), format!("{text}{help}"), "{rule:?}");
    }
}

#[test]
fn a_role_that_another_one_implies_is_left_out_of_a_conjunction() {
    let text = "role `member` is superfluous beside role `admin`, which implies it; remove role `member`";
    assert_eq!(told(Rule::All(&[ADMIN, MEMBER])).unwrap(), text);
    assert_eq!(told(Rule::All(&[MEMBER, FRESH, ADMIN])).unwrap(), text);
    assert_eq!(told(Rule::Any(&[WRITE, Rule::All(&[MEMBER, ADMIN])])).unwrap(), text);
    assert_eq!(
        told(Rule::All(&[ADMIN, OTHER, ADMIN])).unwrap(),
        "role `admin` stands twice, maybe inside of a named rule; remove one of the two"
    );
    assert_eq!(
        told(Rule::Any(&[WRITE, WRITE])).unwrap(),
        "scope `write` stands twice, maybe inside of a named rule; remove one of the two"
    );
}

/// What is free to hold or not is free, and named rules may overlap.
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
    ] {
        assert_eq!(told(rule), None, "{rule:?}");
    }
}

/// Whatever else is wrong with it.
#[test]
fn a_rule_without_users_is_known_as_a_whole() {
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
    assert!(flaw(&Rule::All(&[ADMIN, MEMBER]), Roles::NONE).is_none());
    assert!(flaw(&Rule::All(&[ADMIN, NOT_MEMBER]), Roles::NONE).is_none());
    assert!(matches!(flaw(&Rule::All(&[ADMIN, NOT_ADMIN]), Roles::NONE), Some(Flaw::Never(_))));
}

/// Every pair of parts, against a user for every set of roles that the hierarchy allows.
#[test]
fn small_rules_are_judged_as_their_users_are() {
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
                        assert!(found.is_some(), "{rule} is met by {count} of {}", users.len());
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

/// A table of more than ten would take the compiler long.
#[test]
fn a_big_rule_is_compared_in_pairs() {
    assert!(told(Rule::All(&ELEVEN)).is_none() && told(Rule::Any(&ELEVEN)).is_none());
    let with = |part| -> &'static [Rule] { ELEVEN.iter().copied().chain([part]).collect::<Vec<_>>().leak() };
    const NOT_K: Rule = Rule::Not(&Rule::Role("k"));
    assert!(told(Rule::All(with(NOT_K))).unwrap().starts_with("nobody can meet role `a` and role `b`"));
    assert!(told(Rule::Any(with(NOT_K))).unwrap().starts_with("every signed-in user satisfies role `a` or"));
    assert_eq!(
        told(Rule::Any(with(ELEVEN[3]))).unwrap(),
        "role `d` stands twice, maybe inside of a named rule; remove one of the two"
    );
    const TEN: &[Rule] = &[NOT_K, Rule::Any(ELEVEN.split_at(1).1)];
    assert!(
        told(Rule::Any(TEN)).unwrap().starts_with("every signed-in user satisfies not role `k` or (role `b`")
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
fn an_attribute_is_told_of_a_flaw_by_its_own_name() {
    check_rule("#[require]", Rule::All(&[ADMIN, MEMBER]), &[("State<Db>", None), ("User", Some(ROLES))]);
}

#[test]
#[should_panic = "rule!: nobody can meet role `admin` and not role `admin`"]
fn what_needs_no_hierarchy_is_found_without_one() {
    check_rule("rule!", Rule::All(&[ADMIN, NOT_ADMIN]), &[]);
}

#[test]
#[should_panic = "#[require]: nobody can meet role `admin` and not role `admin`"]
fn an_access_is_judged_by_its_rule() {
    check_access("#[require]", Access::Require(Rule::All(&[ADMIN, NOT_ADMIN])), &[("State<Db>", None)]);
}

#[test]
fn what_no_type_knows_is_left_to_the_router() {
    check_rule("#[require]", Rule::All(&[ADMIN, MEMBER]), &[]);
    check_rule(
        "#[require]",
        Rule::All(&[ADMIN, MEMBER]),
        &[("State<Db>", None), ("Open", Some(Roles::NONE))],
    );
    for access in [Access::Authenticated, Access::Optional, Access::Public { reason: "probe" }] {
        check_access("#[authenticated]", access, &[("User", Some(ROLES))]);
    }
}

#[test]
#[should_panic = "a guard demands (role `admin` and role `member`) or scope `write`: role `member` is superfluous beside role `admin`, which implies it; remove role `member`"]
fn a_handler_is_named_by_its_rule_where_it_meets_its_router() {
    check_declared(Access::Require(Rule::Any(&[Rule::All(&[ADMIN, MEMBER]), WRITE])), ROLES);
}

/// Else the route would be closed for good, and nobody would know why.
#[test]
#[should_panic = "nobody has scope `write`, since the claims have no scopes; mark a field with #[claims(scopes)]"]
fn a_scope_that_nobody_can_have_is_refused() {
    let without = Roles { scopes: false, ..ROLES };
    check_rule("#[require]", Rule::Any(&[ADMIN, Rule::Not(&WRITE)]), &[("User", Some(without))]);
}

#[test]
fn claims_without_scopes_meet_rules_without_scopes() {
    let without = Roles { scopes: false, ..ROLES };
    check_rule("#[require]", Rule::Any(&[ADMIN, Rule::Live]), &[("User", Some(without))]);
}
