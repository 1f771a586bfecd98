//! Words read back as the rules that they were written from.

use std::time::Duration;

use proptest::prelude::*;

use super::super::demand::{Demand, Tree, Unreadable};
use super::super::table;
use super::*;

/// The same rule, with its names.
fn owned(rule: &Rule) -> Tree {
    let owned_all = |rules: &[Rule]| rules.iter().map(owned).collect();
    match rule {
        Rule::Role(name) => Tree::Role((*name).to_owned()),
        Rule::Scope(scope) => Tree::Scope((*scope).to_owned()),
        Rule::Fresh(age) => Tree::Fresh(age.as_secs()),
        Rule::NotImpersonated => Tree::NotImpersonated,
        Rule::Check { name, .. } => Tree::Check((*name).to_owned()),
        Rule::Not(Rule::Any([only]) | Rule::All([only])) => Tree::Not(Box::new(match owned(only) {
            group @ (Tree::Any(_) | Tree::All(_)) => group,
            only => Tree::Any(vec![only]),
        })),
        Rule::Not(rule) => Tree::Not(Box::new(owned(rule))),
        Rule::Live => Tree::Live,
        Rule::BothTokens => Tree::BothTokens,
        Rule::Issuer(name) => Tree::Issuer((*name).to_owned()),
        Rule::Machine => Tree::Machine,
        Rule::Any([]) | Rule::All([]) => Tree::NoCaller,
        Rule::Any([only]) | Rule::All([only]) => owned(only),
        Rule::Any(rules) => Tree::Any(owned_all(rules)),
        Rule::All(rules) => Tree::All(owned_all(rules)),
    }
}

#[track_caller]
fn reads_back(rule: &Rule) {
    assert_eq!(Tree::read(&rule.to_string()), Ok(owned(rule)), "{rule}");
}

const ODD_NAMES: [&str; 16] = [
    "",
    " ",
    "on call",
    "a and b",
    "a or role `b`",
    "`",
    "``a``",
    "a|b",
    "(a)",
    "not a",
    "a\\",
    "\\u{60}",
    "a\nb\r\n| c |",
    "Müller e\u{301} \u{202e}",
    "no caller",
    "; `x` by `y`, `z`",
];

const ATOMS: [Rule; 12] = [
    Rule::Role("member"),
    Rule::Role("a) or (role `b` and"),
    Rule::Scope("posts:write"),
    Rule::Fresh(Duration::from_secs(600)),
    Rule::Fresh(Duration::from_secs(90)),
    Rule::NotImpersonated,
    Rule::Check { name: "owns_post", not_found: true },
    Rule::Live,
    Rule::BothTokens,
    Rule::Issuer("acme"),
    Rule::Issuer("own"),
    Rule::Machine,
];

/// Atoms, their negations, and every group of up to two of them.
fn small_rules() -> Vec<Rule> {
    let atoms = ATOMS.into_iter().flat_map(|atom| [atom, not(atom)]).collect::<Vec<_>>();
    let mut rules = vec![Rule::Any(&[]), Rule::All(&[])];
    rules.extend(&atoms);
    for one in &atoms {
        rules.extend([any_of([*one]), all_of([*one])]);
        for other in &ATOMS {
            rules.extend([any_of([*one, *other]), all_of([*one, *other])]);
        }
    }
    rules
}

#[test]
fn every_small_rule_reads_back() {
    let rules = small_rules();
    assert!(rules.len() > 300, "{}", rules.len());
    for rule in &rules {
        reads_back(rule);
        reads_back(&not(*rule));
    }
}

#[test]
fn every_group_of_small_rules_reads_back() {
    let rules = small_rules();
    for one in &rules {
        for other in rules.iter().step_by(7) {
            reads_back(&any_of([*one, *other]));
            reads_back(&all_of([*other, *one, Rule::Role("last")]));
            reads_back(&not(any_of([all_of([*one, *other])])));
        }
    }
}

#[test]
fn every_kind_of_name_reads_back() {
    for name in ODD_NAMES {
        let check = Rule::Check { name, not_found: false };
        for rule in [Rule::Role(name), Rule::Scope(name), Rule::Issuer(name), check] {
            reads_back(&rule);
            reads_back(&not(rule));
            reads_back(&all_of([any_of([rule, Rule::Live]), rule]));
        }
    }
}

/// Through the file, which has escapes of its own, and with the name in the hierarchy and the path as well.
#[test]
fn every_kind_of_name_comes_back_from_the_file() {
    for name in ODD_NAMES {
        let rule = all_of([Rule::Role(name), Rule::Role("other")]);
        let both: &[&str] = leaked([name, "other"]);
        let hierarchy = leaked([("boss", both), (name, &["other"])]);
        let row = with_roles(Access::Require(rule), hierarchy).moved(|_| format!("/{name}"));
        let routes = table::read(&text(row)).unwrap();
        let [route] = &routes[..] else { panic!("{routes:?}") };
        assert_eq!(route.demand, Demand::Require(owned(&rule)));
        assert_eq!(route.place, RoutePlace::Path(format!("/{name}")));
        assert_eq!(route.implied[name], ["boss"]);
        assert_eq!(route.implied["other"], ["boss", name]);
    }
}

#[test]
fn every_kind_of_reason_keeps_the_file_readable() {
    for reason in ODD_NAMES {
        let text = text(row(Access::Public { reason }));
        let routes = table::read(&text).unwrap();
        assert!(
            matches!(&routes[..], [route] if matches!(route.demand, Demand::Public { .. })),
            "{routes:?}"
        );
    }
}

proptest! {
    #[test]
    fn any_name_comes_back_from_the_file(name in ".*", reason in "(?s).*") {
        let name: &'static str = name.leak();
        let demand = table::read(&text(row(Access::Require(Rule::Role(name))))).unwrap()[0].demand.clone();
        prop_assert_eq!(demand, Demand::Require(Tree::Role(name.to_owned())));
        let routes = table::read(&text(row(Access::Public { reason: reason.leak() }))).unwrap();
        prop_assert_eq!(routes.len(), 1);
    }

    /// No text in a file makes the reader panic.
    #[test]
    fn any_text_is_read_or_refused(words in "(?s).*", cells in "[|` \\\\a-z(){}]{0,40}") {
        let _ = Tree::read(&words);
        let _ = table::read(&words);
        let _ = table::read(&format!("{}{cells}\n", crate::matrix::head(false)));
        let _ = table::read(&format!("{}| GET | `/` | {cells} | {cells} | x | yes |\n", crate::matrix::head(false)));
    }
}

#[test]
fn every_access_reads_back() {
    let read = |access: Access| Demand::read(&access.to_string());
    assert_eq!(read(Access::Optional), Ok(Demand::Optional));
    assert_eq!(read(Access::Authenticated), Ok(Demand::Authenticated));
    assert_eq!(read(Access::Public { reason: "probe" }), Ok(Demand::Public { reason: "probe".to_owned() }));
    assert_eq!(read(Access::Require(Rule::Live)), Ok(Demand::Require(Tree::Live)));
}

/// Words that are not understood are not taken for something else.
#[test]
fn words_that_no_rule_writes_are_refused() {
    for words in [
        "",
        "role",
        "role admin",
        "role `admin",
        "role `admin` and",
        "role `admin` and ",
        "role `a` and role `b` or role `c`",
        "role `a` or role `b` and role `c`",
        "(role `a`",
        "role `a`)",
        "Role `a`",
        "role `a`  and role `b`",
        "role `a\\`",
        "role `a\\x`",
        "role `\\u{d800}`",
        "role `\\u60`",
        "a token of",
        "a token from acme",
        "a token from `acme",
        "a sign-in at most 10 old",
        "a sign-in at most m old",
        "a sign-in at most -1m old",
        "a sign-in at most 10w old",
        "a sign-in at most 18446744073709551615d old",
        "any signed-in user ",
        "everyone",
    ] {
        assert!(matches!(Demand::read(words), Err(Unreadable { .. })), "{words}");
    }
}
