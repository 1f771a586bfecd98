//! The comparison understands rules as the server does.

use std::time::Duration;

use super::super::callers::{Relation, compare};
use super::super::table::{self, Route};
use super::*;
use crate::access::{CheckResults, Decision, Facts, decide};

#[derive(crate::SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<String>,
    #[claims(scopes)]
    scopes: Vec<String>,
}

/// Yes or no for each of these, in the order of bits.
const FACTS: [Rule; 7] = [
    Rule::Role("a"),
    Rule::Scope("s"),
    Rule::Check { name: "c", not_found: false },
    Rule::Fresh(Duration::from_secs(60)),
    Rule::NotImpersonated,
    Rule::Live,
    Rule::BothTokens,
];

/// Whether the server lets a user in of whom these facts are true.
fn server_grants(rule: Rule, bits: u32) -> bool {
    let is = |bit: u32| bits >> bit & 1 == 1;
    let user = User {
        id: 7,
        roles: is(0).then(|| "a".to_owned()).into_iter().collect(),
        scopes: is(1).then(|| "s".to_owned()).into_iter().collect(),
    };
    let mut checks = CheckResults::default();
    (0..CheckResults::MOST).for_each(|number| checks.record(number, is(2)));
    let facts = Facts {
        claims: Some(&user),
        live: is(5),
        both_tokens: is(5) && is(6),
        impersonated: !is(4),
        sign_in_age: Some(Duration::from_secs(if is(3) { 60 } else { 61 })),
        checks,
    };
    let access = Access::Require(rule);
    // As in `extract/authorize.rs`: a missing session or refresh token is a 401 before the rule is evaluated.
    (facts.live || !access.asks_for_liveness())
        && (facts.both_tokens || !access.asks_for_both_tokens())
        && decide(&access, &facts) == Decision::Granted
}

/// The users that the server lets in, one bit each.
fn granted(rule: Rule) -> u128 {
    (0..1 << FACTS.len()).filter(|bits| server_grants(rule, *bits)).fold(0, |all, bits| all | 1 << bits)
}

fn route(rule: Rule) -> Route {
    table::read(&text(with_roles(Access::Require(rule), &[]))).unwrap().remove(0)
}

fn rules() -> Vec<Rule> {
    let mut rules = vec![Rule::Any(&[]), Rule::Not(&Rule::Live), Rule::Not(&Rule::Any(&[Rule::Role("a")]))];
    rules.extend(FACTS);
    rules.extend([Rule::Not(&Rule::Role("a")), Rule::Not(&Rule::Scope("s"))]);
    let parts = rules.clone();
    for (index, one) in parts.iter().enumerate() {
        for other in &parts[index + 1..] {
            rules.extend([any_of([*one, *other]), all_of([*one, *other])]);
        }
    }
    rules.push(all_of([any_of([FACTS[0], FACTS[2]]), any_of([FACTS[1], Rule::Not(&Rule::Role("a"))])]));
    rules.push(any_of([all_of([FACTS[0], FACTS[5]]), all_of([FACTS[1], FACTS[3]])]));
    rules
}

/// Every pair of rules, against what the server decides for every user.
#[test]
fn the_comparison_agrees_with_the_server_on_every_pair_of_rules() {
    let rules: Vec<_> = rules().into_iter().map(|rule| (granted(rule), route(rule))).collect();
    let mut seen = [0; 4];
    for (before, one) in &rules {
        for (now, other) in &rules {
            let (expected, index) = match (now & !before != 0, before & !now != 0) {
                (false, false) => (Relation::Same, 0),
                (true, false) => (Relation::Wider, 1),
                (false, true) => (Relation::Narrower, 2),
                (true, true) => (Relation::Different, 3),
            };
            seen[index] += 1;
            assert_eq!(compare(one, other), expected, "{} -> {}", one.words, other.words);
        }
    }
    assert!(seen.iter().all(|count| *count > 100), "{seen:?}");
}

fn relation(before: Access, now: Access) -> Relation {
    let read = |access| table::read(&text(row(access))).unwrap().remove(0);
    compare(&read(before), &read(now))
}

#[test]
fn from_public_to_a_rule_it_gets_narrower() {
    let order = [
        Access::Public { reason: "probe" },
        Access::Optional,
        Access::Authenticated,
        Access::Require(Rule::Role("member")),
        Access::Require(Rule::Role("editor")),
        Access::Require(all_of([Rule::Role("editor"), Rule::Scope("s")])),
        Access::Require(Rule::Any(&[])),
    ];
    for (index, wide) in order.iter().enumerate() {
        assert_eq!(relation(*wide, *wide), Relation::Same);
        for narrow in &order[index + 1..] {
            assert_eq!(relation(*wide, *narrow), Relation::Narrower, "{wide} -> {narrow}");
            assert_eq!(relation(*narrow, *wide), Relation::Wider, "{narrow} -> {wide}");
        }
    }
}

#[test]
fn a_fresher_sign_in_is_an_older_one_too() {
    let fresh = |seconds| Rule::Fresh(Duration::from_secs(seconds));
    let of = |before, now| relation(Access::Require(before), Access::Require(now));
    assert_eq!(of(fresh(300), fresh(600)), Relation::Wider);
    assert_eq!(of(fresh(600), fresh(300)), Relation::Narrower);
    assert_eq!(of(all_of([fresh(300), fresh(600)]), fresh(300)), Relation::Same);
    assert_eq!(of(any_of([fresh(300), fresh(600), fresh(60)]), fresh(600)), Relation::Same);
}

#[test]
fn both_tokens_imply_a_live_session() {
    let of = |before, now| relation(Access::Require(before), Access::Require(now));
    assert_eq!(of(Rule::BothTokens, Rule::Live), Relation::Wider);
    assert_eq!(of(all_of([Rule::Live, Rule::BothTokens]), Rule::BothTokens), Relation::Same);
    // Each is demanded before the rule is evaluated, also inside an `Any`.
    assert_eq!(of(any_of([Rule::Role("x"), Rule::Live]), Rule::Live), Relation::Same);
}

/// Row 50.
#[test]
fn implied_roles_count() {
    let of = |before, now| relation(Access::Require(before), Access::Require(now));
    let [member, editor, admin] = [Rule::Role("member"), Rule::Role("editor"), Rule::Role("admin")];
    assert_eq!(of(admin, editor), Relation::Wider);
    assert_eq!(of(member, any_of([editor, admin])), Relation::Narrower);
    assert_eq!(of(any_of([editor, admin]), editor), Relation::Same);
    assert_eq!(of(Rule::Not(&Rule::Role("member")), Rule::Not(&Rule::Role("admin"))), Relation::Wider);
    assert_eq!(of(editor, Rule::Role("support")), Relation::Different);
}

/// Row 50.
#[test]
fn a_changed_hierarchy_changes_who_may_call() {
    let read = |implies| {
        table::read(&text(with_roles(Access::Require(Rule::Role("editor")), implies))).unwrap().remove(0)
    };
    let without = read(&[]);
    let with = read(&[("admin", &["editor"])]);
    let other = read(&[("owner", &["editor"])]);
    assert_eq!(compare(&without, &with), Relation::Wider);
    assert_eq!(compare(&with, &without), Relation::Narrower);
    assert_eq!(compare(&with, &other), Relation::Different);
    assert_eq!(compare(&with, &with), Relation::Same);
}

/// A rule that many roles suffice for is not too large, as long as they suffice for the same.
#[test]
fn roles_that_suffice_for_the_same_count_once() {
    let many: Vec<(&str, &[&str])> =
        (0..40).map(|n| (&*format!("r{n}").leak(), &["member"] as &[&str])).collect();
    let many: Implications = many.leak();
    let read = |rule| table::read(&text(with_roles(Access::Require(rule), many))).unwrap().remove(0);
    let (member, narrow) = (Rule::Role("member"), all_of([Rule::Role("member"), Rule::Scope("s")]));
    assert_eq!(compare(&read(member), &read(narrow)), Relation::Narrower);
}

#[test]
fn what_is_too_large_to_compare_is_not_called_the_same() {
    let scopes = |count: usize| -> Rule {
        let scopes: Vec<_> = (0..count).map(|n| Rule::Scope(format!("s{n}").leak())).collect();
        Rule::All(scopes.leak())
    };
    assert_eq!(compare(&route(scopes(11)), &route(scopes(12))), Relation::Narrower);
    assert_eq!(compare(&route(scopes(12)), &route(scopes(13))), Relation::Unknown);
}
