//! The comparison understands rules as the server does.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::callers::{Relation, compare};
use super::super::table::{self, Route};
use super::*;
use crate::access::{AcceptedIssuers, CheckResults, Decision, Facts, OWN_ISSUER, decide};
use crate::matrix::IssuersOf;

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
const FACTS: [Rule; 10] = [
    Rule::Role("a"),
    Rule::Scope("s"),
    Rule::Check { name: "c", not_found: false },
    Rule::Fresh(Duration::from_secs(60)),
    Rule::NotImpersonated,
    Rule::Live,
    Rule::BothTokens,
    Rule::Machine,
    Rule::Issuer("acme"),
    Rule::Issuer(OWN_ISSUER),
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
        machine: is(7),
        admitted: false,
        issuer: match (is(8), is(9)) {
            (true, _) => "acme",
            (_, true) => OWN_ISSUER,
            _ => "other",
        },
        sign_in_age: Some(Duration::from_secs(if is(3) { 60 } else { 61 })),
        checks,
    };
    let access = Access::Require(rule);
    // As in `extract/authorize.rs`: a session of this server that has ended, or whose refresh token is missing, is a 401 before the rule is
    // evaluated.
    let is_own = facts.issuer == OWN_ISSUER;
    (facts.live || !is_own || !access.asks_for_liveness())
        && (facts.both_tokens || !is_own || !access.asks_for_both_tokens())
        && decide(&access, &facts) == Decision::Granted
}

/// Whether there is such a user: a token has one issuer, one from elsewhere has no session of this server, and a machine has neither signed
/// in nor a token from this server.
fn exists(bits: u32) -> bool {
    let is = |bit: u32| bits >> bit & 1 == 1;
    !(is(8) && is(9)) && (is(9) || !is(5) && !is(6)) && !(is(7) && (is(3) || is(9)))
}

/// The users of a server that knows no issuer but itself.
fn own(users: &BTreeSet<u32>) -> BTreeSet<u32> {
    users.iter().copied().filter(|bits| bits >> 7 == 0b100).collect()
}

fn is_about_issuers(rule: Rule) -> bool {
    rule.any(&|atom| matches!(atom, Rule::Machine | Rule::Issuer(_)))
}

/// The users that the server lets in, by their bits.
fn granted(rule: Rule) -> BTreeSet<u32> {
    (0..1 << FACTS.len()).filter(|bits| exists(*bits) && server_grants(rule, *bits)).collect()
}

fn route(rule: Rule) -> Route {
    table::read(&text(with_roles(Access::Require(rule), &[]))).unwrap().remove(0)
}

fn rules() -> Vec<Rule> {
    let mut rules = vec![Rule::Any(&[]), Rule::Not(&Rule::Live), Rule::Not(&Rule::Any(&[Rule::Role("a")]))];
    rules.extend(FACTS);
    rules.extend([Rule::Not(&Rule::Role("a")), Rule::Not(&Rule::Scope("s"))]);
    rules.extend([Rule::Issuer(OWN_ISSUER), Rule::Not(&Rule::Issuer("acme")), Rule::Not(&Rule::Machine)]);
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
    let rules: Vec<_> = rules().into_iter().map(|rule| (rule, granted(rule), route(rule))).collect();
    let mut seen = [0; 4];
    for (rule, before, one) in &rules {
        for (changed, now, other) in &rules {
            let (mut before, mut now) = (before.clone(), now.clone());
            if !is_about_issuers(*rule) && !is_about_issuers(*changed) {
                (before, now) = (own(&before), own(&now));
            }
            let (expected, index) = match (!now.is_subset(&before), !before.is_subset(&now)) {
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

/// Row 173.
#[test]
fn a_rule_about_machines_lets_in_more_than_users() {
    let of = |before, now| relation(before, Access::Require(now));
    let either = any_of([Rule::Role("a"), Rule::Machine]);
    assert_eq!(of(Access::Authenticated, Rule::Machine), Relation::Different);
    assert_eq!(of(Access::Optional, Rule::Machine), Relation::Narrower);
    assert_eq!(of(Access::Require(Rule::Role("a")), either), Relation::Wider);
    assert_eq!(of(Access::Require(Rule::Machine), either), Relation::Wider);
    assert_eq!(of(Access::Require(either), all_of([Rule::Role("a"), Rule::Machine])), Relation::Narrower);
}

#[test]
fn one_issuer_is_fewer_than_all_and_another_is_different() {
    let of = |before, now| relation(before, Access::Require(now));
    let [acme, other] = [Rule::Issuer("acme"), Rule::Issuer("other")];
    assert_eq!(of(Access::Authenticated, acme), Relation::Narrower);
    assert_eq!(of(Access::Require(acme), other), Relation::Different);
    assert_eq!(of(Access::Require(acme), any_of([acme, other])), Relation::Wider);
    assert_eq!(of(Access::Require(acme), Rule::Not(&Rule::Issuer("other"))), Relation::Wider);
    assert_eq!(of(Access::Require(Rule::Live), any_of([Rule::Live, acme])), Relation::Wider);
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

/// A server that begins to trust an issuer lets in its users wherever no rule excludes them.
#[test]
fn trusting_an_issuer_makes_routes_wider() {
    let of = |access, issuers: Option<&'static AcceptedIssuers>| {
        let mut row = row(access);
        row.declaration.issuers = issuers.map_or(IssuersOf::Unknown, IssuersOf::Known);
        table::read(&text(row)).unwrap().remove(0)
    };
    let own = Some(AcceptedIssuers::kept(true, Vec::new()));
    let both = Some(AcceptedIssuers::kept(true, vec!["acme".to_owned()]));
    let acme = Some(AcceptedIssuers::kept(false, vec!["acme".to_owned()]));
    let more = Some(AcceptedIssuers::kept(true, vec!["acme".to_owned(), "globex".to_owned()]));
    let role = Access::Require(Rule::Role("a"));
    let live = Access::Require(Rule::Live);
    let from_here = Access::Require(all_of([Rule::Role("a"), Rule::Issuer(OWN_ISSUER)]));
    let either = Access::Require(any_of([Rule::Live, Rule::Role("a")]));
    let machines = Access::Require(Rule::Machine);
    let open = Access::Public { reason: "probe" };
    for (before, now, expected) in [
        ((role, own), (role, both), Relation::Wider),
        ((role, None), (role, both), Relation::Wider),
        ((role, both), (role, own), Relation::Narrower),
        ((role, both), (role, more), Relation::Wider),
        ((role, own), (role, acme), Relation::Different),
        ((Access::Authenticated, own), (Access::Authenticated, both), Relation::Wider),
        ((Access::Optional, own), (Access::Optional, both), Relation::Wider),
        ((role, own), (from_here, both), Relation::Same),
        ((live, own), (live, both), Relation::Same),
        ((open, own), (open, both), Relation::Same),
        // A rule that looks sessions up demands that of those of this server alone.
        ((live, both), (either, both), Relation::Wider),
        ((live, own), (either, own), Relation::Same),
        ((machines, both), (machines, more), Relation::Wider),
    ] {
        let (one, other) = (of(before.0, before.1), of(now.0, now.1));
        assert_eq!(
            compare(&one, &other),
            expected,
            "{} {:?} -> {} {:?}",
            one.words,
            one.issuers,
            other.words,
            other.issuers
        );
    }
}
