//! Decisions, case by case.

use super::*;
use crate::access::OWN_ISSUER;

#[derive(crate::SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<String>,
    #[claims(scopes)]
    scopes: Vec<String>,
}

const HOLDS: Rule = Rule::Role("editor");
const LACKS: Rule = Rule::Role("admin");

fn user() -> User {
    User { id: 7, roles: vec!["editor".to_owned()], scopes: vec!["posts:write".to_owned()] }
}

fn facts(claims: Option<&User>) -> Facts<'_, User> {
    let checks = CheckResults::default();
    Facts {
        claims,
        live: false,
        both_tokens: false,
        impersonated: false,
        machine: false,
        admitted: false,
        issuer: OWN_ISSUER,
        sign_in_age: None,
        checks,
    }
}

fn of_user(rule: Rule) -> Decision {
    decide(&Access::Require(rule), &facts(Some(&user())))
}

#[test]
fn an_anonymous_caller_passes_only_where_no_sign_in_is_required() {
    let anonymous = |access| decide(&access, &Facts { live: true, both_tokens: true, ..facts(None) });
    assert_eq!(anonymous(Access::Public { reason: "probe" }), Decision::Granted);
    assert_eq!(anonymous(Access::Optional), Decision::Granted);
    assert_eq!(anonymous(Access::Authenticated), Decision::Unauthenticated);
    for rule in [HOLDS, LACKS, Rule::Any(&[]), Rule::All(&[]), Rule::Any(&[HOLDS])] {
        assert_eq!(anonymous(Access::Require(rule)), Decision::Unauthenticated, "{rule:?}");
    }
}

#[test]
fn a_signed_in_user_passes_where_no_rule_is() {
    for access in [Access::Public { reason: "probe" }, Access::Optional, Access::Authenticated] {
        assert_eq!(decide(&access, &facts(Some(&user()))), Decision::Granted, "{access}");
    }
}

#[test]
fn a_rule_grants_what_the_user_holds_and_nothing_else() {
    assert_eq!(of_user(HOLDS), Decision::Granted);
    assert_eq!(of_user(Rule::Scope("posts:write")), Decision::Granted);
    for lacking in [
        "admin",
        "Editor",
        "edit",
        "editors",
        "",
        "posts",
        "posts:write:all",
        "POSTS:WRITE",
        "posts:write editor",
    ] {
        assert_eq!(of_user(Rule::Role(lacking)), Decision::Lacking, "{lacking}");
        assert_eq!(of_user(Rule::Scope(lacking)), Decision::Lacking, "{lacking}");
    }
}

#[test]
fn a_scope_is_no_role_and_a_role_no_scope() {
    assert_eq!(of_user(Rule::Role("posts:write")), Decision::Lacking);
    assert_eq!(of_user(Rule::Scope("editor")), Decision::Lacking);
}

#[test]
fn any_wants_one_and_all_wants_every_one() {
    assert_eq!(of_user(Rule::Any(&[LACKS, HOLDS])), Decision::Granted);
    assert_eq!(of_user(Rule::Any(&[LACKS, LACKS])), Decision::Lacking);
    assert_eq!(of_user(Rule::All(&[HOLDS, HOLDS])), Decision::Granted);
    assert_eq!(of_user(Rule::All(&[HOLDS, LACKS])), Decision::Lacking);
    assert_eq!(of_user(Rule::All(&[LACKS, HOLDS])), Decision::Lacking);
    assert_eq!(of_user(Rule::All(&[HOLDS, Rule::Any(&[LACKS, LACKS])])), Decision::Lacking);
}

#[test]
fn what_was_not_checked_does_not_hold() {
    let with = |rule, live, both_tokens| {
        let user = user();
        let facts = Facts { live, both_tokens, ..facts(Some(&user)) };
        decide(&Access::Require(rule), &facts) == Decision::Granted
    };
    for (live, both_tokens) in [(false, false), (false, true), (true, false), (true, true)] {
        assert_eq!(with(Rule::Live, live, both_tokens), live);
        assert_eq!(with(Rule::BothTokens, live, both_tokens), live && both_tokens);
        assert_eq!(with(Rule::All(&[HOLDS, Rule::Live]), live, both_tokens), live);
        assert!(!with(Rule::All(&[LACKS, Rule::Live]), live, both_tokens));
    }
}

#[test]
fn a_rule_asks_for_what_it_mentions_at_any_depth() {
    let live = Access::Require(Rule::All(&[HOLDS, Rule::Any(&[LACKS, Rule::Live])]));
    assert!(live.asks_for_liveness() && !live.asks_for_both_tokens());
    let both = Access::Require(Rule::All(&[HOLDS, Rule::BothTokens]));
    assert!(both.asks_for_liveness() && both.asks_for_both_tokens());
    for access in [Access::Authenticated, Access::Optional, Access::Require(HOLDS)] {
        assert!(!access.asks_for_liveness() && !access.asks_for_both_tokens(), "{access}");
    }
}

#[test]
fn an_empty_list_admits_no_caller() {
    for rule in [Rule::Any(&[]), Rule::All(&[]), Rule::Any(&[Rule::All(&[])]), Rule::All(&[Rule::All(&[])])] {
        assert_eq!(of_user(rule), Decision::Lacking, "{rule:?}");
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const OWNS: Rule = Rule::Check { name: "owns", not_found: false };
const SEES: Rule = Rule::Check { name: "sees", not_found: true };

/// The decision about a user with a sign-in of this age, perhaps impersonated, after these results of checks.
fn found(
    rule: Rule,
    sign_in_age: Option<Duration>,
    impersonated: bool,
    checks: &[(usize, bool)],
) -> Decision {
    let user = user();
    let mut facts = Facts { sign_in_age, impersonated, ..facts(Some(&user)) };
    for (number, passed) in checks {
        facts.checks.record(*number, *passed);
    }
    decide(&Access::Require(rule), &facts)
}

/// Row 60.
#[test]
fn a_sign_in_is_fresh_up_to_its_age_and_not_a_second_longer() {
    let rule = Rule::All(&[HOLDS, Rule::Fresh(MINUTE)]);
    for (age, decision) in [
        (Some(Duration::ZERO), Decision::Granted),
        (Some(MINUTE), Decision::Granted),
        (Some(MINUTE + Duration::from_secs(1)), Decision::Stale(MINUTE)),
        (None, Decision::Stale(MINUTE)),
    ] {
        assert_eq!(found(rule, age, false, &[]), decision, "{age:?}");
    }
}

/// Row 130: a user who also lacks a role is not sent to sign in again.
#[test]
fn a_new_sign_in_is_asked_for_only_where_it_could_help() {
    let stale = |rule| found(rule, Some(HOUR * 2), false, &[]);
    assert_eq!(stale(Rule::All(&[LACKS, Rule::Fresh(MINUTE)])), Decision::Lacking);
    assert_eq!(stale(Rule::All(&[Rule::Fresh(MINUTE), Rule::Any(&[])])), Decision::Lacking);
    assert_eq!(stale(Rule::Any(&[LACKS, Rule::Fresh(MINUTE)])), Decision::Stale(MINUTE));
    assert_eq!(stale(Rule::Any(&[HOLDS, Rule::Fresh(MINUTE)])), Decision::Granted);
    assert_eq!(stale(Rule::All(&[OWNS, Rule::Fresh(MINUTE)])), Decision::Stale(MINUTE), "before the check");
    assert_eq!(stale(Rule::All(&[LACKS, OWNS, Rule::Fresh(MINUTE)])), Decision::Lacking);
    assert_eq!(
        found(Rule::All(&[Rule::Fresh(MINUTE), Rule::NotImpersonated]), None, true, &[]),
        Decision::Impersonated,
        "a new sign-in alone would not help"
    );
}

#[test]
fn the_age_that_is_asked_for_is_the_longest_that_would_do() {
    let stale = |rule| found(rule, Some(HOUR * 2), false, &[]);
    assert_eq!(stale(Rule::All(&[Rule::Fresh(HOUR), Rule::Fresh(MINUTE)])), Decision::Stale(MINUTE));
    assert_eq!(stale(Rule::Any(&[Rule::Fresh(MINUTE), Rule::Fresh(HOUR)])), Decision::Stale(HOUR));
    let by_role = Rule::Any(&[Rule::All(&[LACKS, Rule::Fresh(HOUR)]), Rule::Fresh(MINUTE)]);
    assert_eq!(stale(by_role), Decision::Stale(MINUTE));
}

/// Row 61.
#[test]
fn impersonation_is_refused_where_the_rule_says_so() {
    let acting = |rule| found(rule, Some(Duration::ZERO), true, &[]);
    assert_eq!(acting(HOLDS), Decision::Granted);
    assert_eq!(acting(Rule::All(&[HOLDS, Rule::NotImpersonated])), Decision::Impersonated);
    assert_eq!(acting(Rule::All(&[LACKS, Rule::NotImpersonated])), Decision::Lacking);
    assert_eq!(acting(Rule::Any(&[LACKS, Rule::NotImpersonated])), Decision::Impersonated);
    assert_eq!(
        acting(Rule::All(&[HOLDS, OWNS, Rule::NotImpersonated])),
        Decision::Impersonated,
        "no check is run"
    );
    assert_eq!(found(Rule::NotImpersonated, None, false, &[]), Decision::Granted);
}

/// Row 56.
#[test]
fn a_check_refuses_with_403_or_with_404() {
    let after = |rule, checks: &[(usize, bool)]| found(rule, None, false, checks);
    assert_eq!(after(OWNS, &[]), Decision::Undecided(0));
    assert_eq!(after(OWNS, &[(0, true)]), Decision::Granted);
    assert_eq!(after(OWNS, &[(0, false)]), Decision::Refused);
    assert_eq!(after(SEES, &[(0, false)]), Decision::Hidden);
    assert_eq!(after(Rule::All(&[SEES, OWNS]), &[(0, true), (1, false)]), Decision::Refused);
    assert_eq!(after(Rule::All(&[OWNS, SEES]), &[(0, true), (1, false)]), Decision::Hidden);
    assert_eq!(after(Rule::Any(&[OWNS, SEES]), &[(0, false), (1, false)]), Decision::Hidden);
    assert_eq!(
        after(Rule::All(&[LACKS, SEES]), &[]),
        Decision::Lacking,
        "a refusal that does not tell whether the object exists"
    );
}

/// A number is a position in the tuple of checks, so checks that never run are counted too.
#[test]
fn checks_are_numbered_across_all_parts_of_a_rule() {
    let rule = Rule::All(&[
        Rule::Any(&[HOLDS, OWNS]),
        Rule::Any(&[Rule::Not(&Rule::All(&[OWNS, SEES])), Rule::All(&[]), SEES]),
        OWNS,
    ]);
    assert_eq!(found(rule, None, false, &[]), Decision::Undecided(3));
    assert_eq!(found(rule, None, false, &[(3, true)]), Decision::Undecided(4));
    assert_eq!(found(rule, None, false, &[(3, false)]), Decision::Hidden);
    assert_eq!(found(rule, None, false, &[(3, true), (4, false)]), Decision::Refused);
    assert_eq!(found(rule, None, false, &[(3, true), (4, true)]), Decision::Granted);
    let hidden: Vec<_> = rule.checks().map(Rule::is_hidden_check).collect();
    assert_eq!(hidden, [false, false, true, true, false]);
}

#[test]
fn a_check_beyond_the_most_never_passes() {
    let mut rules = vec![HOLDS; CheckResults::MOST];
    rules[0] = OWNS;
    rules.resize(CheckResults::MOST + 1, OWNS);
    assert_eq!(found(Rule::All(rules.leak()), None, false, &[(0, true), (1, true)]), Decision::Granted);
    let too_many = Rule::All(vec![OWNS; CheckResults::MOST + 1].leak());
    let all_passed: Vec<_> = (0..=CheckResults::MOST).map(|number| (number, true)).collect();
    assert_ne!(found(too_many, None, false, &all_passed), Decision::Granted);
    let one_of = Rule::Any(vec![OWNS; CheckResults::MOST + 1].leak());
    let refused: Vec<_> = (0..CheckResults::MOST).map(|number| (number, false)).collect();
    assert_eq!(found(one_of, None, false, &refused), Decision::Refused);
}

const FROM_ACME: Rule = Rule::Issuer("acme");
const FROM_HERE: Rule = Rule::Issuer(OWN_ISSUER);

/// The decision about a caller with a token from this issuer.
fn from(issuer: &str, machine: bool, access: Access) -> Decision {
    let user = user();
    decide(&access, &Facts { issuer, machine, ..facts(Some(&user)) })
}

#[test]
fn an_issuer_is_told_by_its_whole_name() {
    let user_from = |issuer, rule| from(issuer, false, Access::Require(rule));
    assert_eq!(user_from("acme", FROM_ACME), Decision::Granted);
    assert_eq!(user_from(OWN_ISSUER, FROM_HERE), Decision::Granted);
    for issuer in [OWN_ISSUER, "other", "acm", "acmee", "Acme", "acme ", ""] {
        assert_eq!(user_from(issuer, FROM_ACME), Decision::Lacking, "{issuer}");
        assert_eq!(user_from(issuer, Rule::Not(&FROM_ACME)), Decision::Granted, "{issuer}");
        assert_eq!(user_from(issuer, Rule::All(&[HOLDS, FROM_ACME])), Decision::Lacking, "{issuer}");
        assert_eq!(user_from(issuer, Rule::Any(&[HOLDS, FROM_ACME])), Decision::Granted, "{issuer}");
    }
    assert_eq!(user_from("acme", Rule::Not(&FROM_ACME)), Decision::Lacking);
    assert_eq!(user_from("acme", FROM_HERE), Decision::Lacking);
    assert_eq!(from("acme", false, Access::Authenticated), Decision::Granted);
}

/// Row 173: whatever roles and scopes the machine has.
#[test]
fn a_machine_is_no_user() {
    let machine = |access| from("acme", true, access);
    assert_eq!(machine(Access::Authenticated), Decision::Machine);
    for rule in [
        HOLDS,
        Rule::Scope("posts:write"),
        Rule::Not(&LACKS),
        FROM_ACME,
        Rule::NotImpersonated,
        OWNS,
        Rule::Any(&[]),
        Rule::All(&[HOLDS, Rule::Any(&[LACKS, FROM_ACME])]),
        // No negation is a mention, since this one never holds.
        Rule::Not(&Rule::Machine),
        Rule::Any(&[HOLDS, Rule::Not(&Rule::Machine)]),
        Rule::Any(&[HOLDS, Rule::Not(&Rule::Any(&[Rule::Machine]))]),
    ] {
        assert_eq!(machine(Access::Require(rule)), Decision::Machine, "{rule}");
    }
}

/// Row 173.
#[test]
fn a_machine_passes_where_a_rule_considers_machines() {
    let machine = |rule| from("acme", true, Access::Require(rule));
    assert_eq!(machine(Rule::Machine), Decision::Granted);
    assert_eq!(machine(Rule::All(&[Rule::Machine, Rule::Scope("posts:write")])), Decision::Granted);
    assert_eq!(machine(Rule::All(&[Rule::Machine, LACKS])), Decision::Lacking);
    assert_eq!(machine(Rule::All(&[Rule::Machine, FROM_HERE])), Decision::Lacking);
    assert_eq!(machine(Rule::Any(&[Rule::All(&[Rule::Machine, LACKS]), HOLDS])), Decision::Granted);
    assert_eq!(machine(Rule::All(&[Rule::Machine, OWNS])), Decision::Undecided(0));
    for access in [Access::Public { reason: "probe" }, Access::Optional] {
        assert_eq!(from("acme", true, access), Decision::Granted, "{access}");
    }
}

/// Row 173.
#[test]
fn a_user_is_no_machine() {
    for issuer in [OWN_ISSUER, "acme"] {
        let user = |rule| from(issuer, false, Access::Require(rule));
        assert_eq!(user(Rule::Machine), Decision::Lacking);
        assert_eq!(user(Rule::All(&[Rule::Machine, HOLDS])), Decision::Lacking);
        assert_eq!(user(Rule::Any(&[Rule::Machine, HOLDS])), Decision::Granted);
        assert_eq!(user(Rule::Not(&Rule::Machine)), Decision::Lacking);
    }
    assert_eq!(decide(&Access::Require(Rule::Machine), &facts(None)), Decision::Unauthenticated);
}

/// Row 173.
#[test]
fn an_admitted_machine_has_to_meet_the_rule_like_a_user() {
    let user = user();
    let admitted = |access| {
        decide(&access, &Facts { issuer: "acme", machine: true, admitted: true, ..facts(Some(&user)) })
    };
    assert_eq!(admitted(Access::Authenticated), Decision::Granted);
    assert_eq!(admitted(Access::Require(HOLDS)), Decision::Granted);
    for rule in [LACKS, FROM_HERE, Rule::Live, Rule::BothTokens, Rule::Fresh(HOUR), Rule::Any(&[])] {
        assert_eq!(admitted(Access::Require(rule)), Decision::Lacking, "{rule}");
    }
}

/// A machine is not asked to sign in, since it cannot.
#[test]
fn neither_a_sign_in_nor_a_session_is_a_machines() {
    let user = user();
    let machine = |rule| {
        let facts = Facts {
            machine: true,
            live: true,
            both_tokens: true,
            sign_in_age: Some(Duration::ZERO),
            ..facts(Some(&user))
        };
        decide(&Access::Require(rule), &facts)
    };
    for never in [Rule::Fresh(HOUR), Rule::Live, Rule::BothTokens] {
        let both: &'static [Rule] = vec![Rule::Machine, never].leak();
        assert_eq!(machine(Rule::All(both)), Decision::Lacking, "{never}");
        assert_eq!(machine(never), Decision::Machine, "{never}");
    }
    const EITHER: Rule = Rule::Any(&[Rule::Fresh(HOUR), Rule::All(&[Rule::Machine, LACKS])]);
    assert_eq!(machine(EITHER), Decision::Lacking);
}

#[test]
fn the_issuers_of_an_access_are_all_that_its_rule_names() {
    const RULE: Rule = Rule::Any(&[
        Rule::All(&[FROM_ACME, HOLDS]),
        Rule::Not(&Rule::Issuer("other")),
        Rule::Machine,
        FROM_HERE,
    ]);
    assert_eq!(Access::Require(RULE).issuers().collect::<Vec<_>>(), ["acme", "other", "own"]);
    for access in [Access::Public { reason: "acme" }, Access::Optional, Access::Authenticated] {
        assert_eq!(access.issuers().count(), 0, "{access}");
    }
}
