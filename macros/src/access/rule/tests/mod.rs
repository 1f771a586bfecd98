//! The expansion of a rule, and the mistakes in it.

mod truth;

use quote::quote;

use super::super::tests::{HANDLER, mistakes, tokens};
use super::super::{Attribute, attribute};
use crate::testing::assert_hygienic;

#[track_caller]
fn refused(rule: &str, expected: &[&str]) {
    assert_eq!(mistakes(Attribute::Require, rule, HANDLER), expected, "{rule}");
}

/// The constant, without the paths in front of its words.
fn constant(rule: &str) -> String {
    let expanded = attribute(Attribute::Require, tokens(rule), tokens(HANDLER)).to_string();
    assert!(!expanded.contains("compile_error"), "{rule}: {expanded}");
    let expanded: String = expanded.split_whitespace().collect();
    let (_, rest) = expanded.split_once("__private::Access=").unwrap();
    let (rule, _) = rest.split_once(";type").unwrap();
    rule.replace("::countersign::__private::", "").replace("::core::time::Duration::", "")
}

fn associated(name: &str, rule: &str) -> String {
    in_expansion(name, rule, HANDLER)
}

fn in_expansion(name: &str, rule: &str, handler: &str) -> String {
    let expanded = attribute(Attribute::Require, tokens(rule), tokens(handler)).to_string();
    let expanded: String = expanded.split_whitespace().collect();
    let (_, rest) = expanded.split_once(&format!("type{name}=")).unwrap();
    rest.split_once(';').unwrap().0.replace("::countersign::__private::", "")
}

#[test]
fn each_condition_is_a_constant() {
    for (rule, expected) in [
        (r#"role("a")"#, r#"Rule::Role("a")"#),
        ("role(Set::A)", "Rule::Role(role_at(&Set::A,&Set::A).as_str())"),
        (r#"scope("a:b")"#, r#"Rule::Scope("a:b")"#),
        (r#"fresh("90s")"#, "Rule::Fresh(from_secs(90u64))"),
        (r#"fresh("10m")"#, "Rule::Fresh(from_secs(600u64))"),
        (r#"fresh("2h")"#, "Rule::Fresh(from_secs(7200u64))"),
        (r#"fresh("1d")"#, "Rule::Fresh(from_secs(86400u64))"),
        ("live", "Rule::Live"),
        ("both_tokens", "Rule::BothTokens"),
        ("deny_impersonated", "Rule::NotImpersonated"),
        (r#"issuer("acme")"#, r#"Rule::Issuer("acme")"#),
        (r#"!issuer("own")"#, r#"Rule::Not(&Rule::Issuer("own"))"#),
        ("machine", "Rule::Machine"),
        ("check(posts::owns)", "<posts::ownsasCheckRule>::RULE"),
        ("CanPublish", "<CanPublishasNamedRule>::RULE"),
        ("crate::policies::CanPublish", "<crate::policies::CanPublishasNamedRule>::RULE"),
        (r#"!role("a")"#, r#"Rule::Not(&Rule::Role("a"))"#),
    ] {
        assert_eq!(constant(rule), format!("Access::Require({expected})"));
    }
}

#[test]
fn groups_are_flat_and_negations_are_on_the_conditions() {
    for (rule, expected) in [
        (
            r#"role("a") && (role("b") && role("c"))"#,
            r#"Rule::All(&[Rule::Role("a"),Rule::Role("b"),Rule::Role("c")])"#,
        ),
        (r#"!(role("a") || !scope("b"))"#, r#"Rule::All(&[Rule::Not(&Rule::Role("a")),Rule::Scope("b")])"#),
        (
            r#"role("a") || scope("b") && live"#,
            r#"Rule::Any(&[Rule::Role("a"),Rule::All(&[Rule::Scope("b"),Rule::Live])])"#,
        ),
    ] {
        assert_eq!(constant(rule), format!("Access::Require({expected})"));
    }
}

#[test]
fn the_types_follow_the_rule_from_left_to_right() {
    let rule = r#"check(b::two) && (Named || role("r")) && check(one) && Top"#;
    assert_eq!(
        associated("Checks", rule),
        "(OneCheck<(b::two)>,(<NamedasNamedRule>::Checks,(OneCheck<(one)>,(<TopasNamedRule>::Checks,()))))"
    );
    assert_eq!(
        associated("Roles", rule),
        "((r,()),(<NamedasNamedRule>::Roles,(<TopasNamedRule>::Roles,())))"
    );
    assert_eq!(
        associated("Roles", r#"role("r") || role("s") && role("r2") || role("t") && role("r")"#)
            .matches('r')
            .count(),
        2
    );
}

/// Evidence is left for the proofs that hold and that the signature asks for.
#[test]
fn a_policy_proves_what_the_signature_asks_for() {
    let proves = |rule, arguments| {
        let handler = format!("async fn me({arguments}) {{}}");
        in_expansion("Proves", rule, &handler)
    };
    let proof = "id: Path<u64>, proof: countersign::Proof<rules::Top>";
    for (rule, arguments, expected) in [
        (r#"(Named || role("r")) && Top"#, proof, "(Top,())"),
        ("rules::Top", proof, "(rules::Top,())"),
        ("Top && Named", "(_, _): (Proof<Top>, Proof<Named>)", "(Top,(Named,()))"),
        (r#"Top || role("r")"#, proof, "()"),
        ("Named", proof, "()"),
        ("Top", "", "()"),
        ("Top", "top: Proof<(Top,)>, other: Other<Top>, bare: Proof", "()"),
    ] {
        assert_eq!(proves(rule, arguments), expected, "{rule}, {arguments}");
    }
}

#[test]
fn a_marker_never_takes_a_name_that_a_check_or_a_rule_needs() {
    let rule = r#"role("posts") && role("Named") && check(posts::owns) && Named"#;
    assert!(associated("Roles", rule).starts_with("((posts_,(Named_,())),"));
}

#[test]
fn words_are_not_operators() {
    let no = |word, symbol| format!("`{word}` is not an operator in #[require(...)]\nhelp: write `{symbol}`");
    refused(r#"role("a") and role("b") or live"#, &[&no("and", "&&"), &no("or", "||")]);
    refused(r#"role("a") AND (scope("b") OR scope("c"))"#, &[&no("AND", "&&"), &no("OR", "||")]);
    refused(r#"not role("a")"#, &[&no("not", "!")]);
    refused(r#"role("a") & role("b")"#, &[&no("&", "&&")]);
    refused(r#"role("a") | role("b")"#, &[&no("|", "||")]);
    refused(
        r#"not(role("a"))"#,
        &["unknown condition `not` in #[require(...)]\nhelp: write `!` in front of the role or scope"],
    );
    refused(
        r#"any(role("a"), role("b"))"#,
        &["unknown condition `any` in #[require(...)]\nhelp: join the conditions with `||`"],
    );
}

#[test]
fn an_operator_is_between_two_conditions() {
    let nothing = |side, operator| {
        format!(
            "there is no condition {side} `{operator}` in #[require(...)]\nhelp: write a condition there, or remove the operator"
        )
    };
    refused(r#"role("a") &&"#, &[&nothing("after", "&&")]);
    refused(r#"role("a") ||"#, &[&nothing("after", "||")]);
    refused("!", &[&nothing("after", "!")]);
    refused(r#"&& role("a")"#, &[&nothing("before", "&&")]);
    refused(r#"|| role("a")"#, &[&nothing("before", "||")]);
    refused(
        r#"role("a") role("b")"#,
        &["an operator is missing here in #[require(...)]\nhelp: write `&&` or `||` in front of it"],
    );
    refused(
        r#"role("a"), role("b")"#,
        &["a rule in #[require(...)] cannot contain a comma\n\
           help: write `&&` if both sides have to hold, `||` if one of them is enough"],
    );
}

#[test]
fn a_rule_is_not_empty_and_not_in_quotes() {
    refused(
        "",
        &[
            "#[require] has no rule\nhelp: write #[require(role(\"admin\") && scope(\"posts:write\"))], or #[authenticated] \
           for any signed-in user",
        ],
    );
    refused(
        r#""role(\"a\") && live""#,
        &["the rule in #[require(...)] is a string\n\
           help: write it without quotes, as in role(\"admin\") && scope(\"posts:write\")"],
    );
    refused(
        r#""admin""#,
        &[
            "\"admin\" in #[require(...)] is neither a role nor a scope\nhelp: write role(\"admin\") or scope(\"admin\")",
        ],
    );
    refused(
        "true",
        &["`true` is not a condition in #[require(...)]\n\
           help: write #[authenticated] if any signed-in user may call the handler"],
    );
    refused(r#"role = "admin""#, &["`role` is not a key of #[require(...)]\nhelp: write role(\"admin\")"]);
}

#[test]
fn names_are_in_quotes() {
    refused(
        "role(admin)",
        &["the role `admin` needs quotes in #[require(...)]\nhelp: write role(\"admin\")"],
    );
    refused(
        "scope(write)",
        &["the scope `write` needs quotes in #[require(...)]\nhelp: write scope(\"write\")"],
    );
    refused(
        "role(5)",
        &[
            "a role in #[require(...)] is a string or a path\nhelp: write role(\"admin\") or role(Role::Admin)",
        ],
    );
    refused(r#"role("")"#, &["a role in #[require(...)] is empty\nhelp: name it, as in role(\"admin\")"]);
    refused(
        r#"scope("a b")"#,
        &["a scope in #[require(...)] cannot contain ' '\n\
           help: join several with `||` or `&&`: scope(\"a\") || scope(\"b\")\n\
           note: a scope is made of visible ASCII characters without quotes and backslashes"],
    );
    refused(
        r#"role("live")"#,
        &["`live` is not a role in #[require(...)]\nhelp: write `live` in place of role(\"live\")"],
    );
    refused(
        r#"role("a", "b")"#,
        &[
            "`role` takes one argument in #[require(...)]\nhelp: write role(...) for each, joined with `||` or `&&`",
        ],
    );
    refused("role()", &["`role` is empty in #[require(...)]\nhelp: write role(\"admin\")"]);
}

#[test]
fn a_misspelt_condition_is_corrected() {
    let near =
        |word, near| format!("unknown condition `{word}` in #[require(...)]\nhelp: did you mean `{near}`?");
    refused(r#"roles("x")"#, &[&near("roles", "role")]);
    refused(r#"scopes("x")"#, &[&near("scopes", "scope")]);
    refused("life", &[&near("life", "live")]);
    refused("both_token", &[&near("both_token", "both_tokens")]);
    refused("chek(owns)", &[&near("chek", "check")]);
    refused("live()", &["`live` takes no argument in #[require(...)]\nhelp: write `live`"]);
    refused("role", &["`role` needs parentheses in #[require(...)]\nhelp: write role(\"admin\")"]);
    refused(
        "CanPublish()",
        &["a named rule takes no parentheses in #[require(...)]\nhelp: write `CanPublish`"],
    );
    refused(
        "owns_post(id)",
        &["unknown condition `owns_post` in #[require(...)]\n\
           help: write check(owns_post) for a function under #[check]"],
    );
    refused(
        "posts::owns_post",
        &["unknown condition `posts::owns_post` in #[require(...)]\n\
           help: write role(\"posts::owns_post\") for a role, check(posts::owns_post) for a function under #[check], or the \
           name of a rule\nnote: rules that `rule!` defines are types, whose names begin with a capital letter"],
    );
}

#[test]
fn a_time_is_a_whole_number_with_a_unit() {
    refused(
        "fresh(10)",
        &["`fresh` takes a time in quotes in #[require(...)]\n\
           help: write fresh(\"10m\") for minutes; `s`, `h` and `d` are seconds, hours and days"],
    );
    refused("fresh(10m)", &["`fresh` takes a time in quotes in #[require(...)]\nhelp: write fresh(\"10m\")"]);
    for (text, help) in [
        ("10 minutes", "10m"),
        ("10", "10m"),
        ("2H", "2h"),
        ("ten", "10m"),
        ("", "10m"),
        ("1.5h", "10m"),
        ("-1s", "10m"),
        ("10ms", "10m"),
        ("99999999999d", "10m"),
    ] {
        refused(
            &format!("fresh({text:?})"),
            &[&format!(
                "{text:?} is not a time in #[require(...)]\nhelp: write fresh(\"{help}\")\n\
                 note: a time is a whole number and `s`, `m`, `h` or `d`"
            )],
        );
    }
    refused(
        r#"fresh("0s")"#,
        &["fresh(\"0s\") never holds in #[require(...)]: every sign-in is older\n\
           help: write a time above zero, as in fresh(\"10m\")"],
    );
}

#[test]
fn only_roles_scopes_and_issuers_are_negated() {
    const LIVE: &str = "remove it together with its `!`; no rule can ask for a session that has ended";
    let note = "note: only roles, scopes, issuers and groups of them can be negated";
    for (rule, name, help) in [
        ("!live", "live", LIVE),
        (
            "!both_tokens",
            "both_tokens",
            "remove it together with its `!`; no rule can ask for one token alone",
        ),
        (r#"!fresh("10m")"#, "fresh", "remove it together with its `!`; no rule can ask for an old sign-in"),
        ("!check(owns)", "check", "write a function that answers the opposite"),
        ("!CanPublish", "CanPublish", "write the rule out here, or define another one with rule!"),
        (
            "!deny_impersonated",
            "deny_impersonated",
            "remove it together with its `!`; without it, others may act for the user",
        ),
        (
            "!machine",
            "machine",
            "remove it together with its `!`; a rule that does not mention machines refuses them",
        ),
        (r#"!(role("a") || !(live || role("b")) || !!live)"#, "live", LIVE),
    ] {
        refused(rule, &[&format!("`{name}` cannot be negated in #[require(...)]\nhelp: {help}\n{note}")]);
    }
    refused("!!live", &[]);
}

#[test]
fn an_issuer_has_a_name_in_quotes() {
    for (rule, expected) in [
        ("issuer(acme)", "the issuer `acme` needs quotes in #[require(...)]\nhelp: write issuer(\"acme\")"),
        (
            "issuer(Acme::Eu)",
            "the name of an issuer is a string in #[require(...)]\nhelp: write issuer(\"acme\")",
        ),
        ("issuer(5)", "the name of an issuer is a string in #[require(...)]\nhelp: write issuer(\"acme\")"),
        (
            r#"issuer("")"#,
            "the name of an issuer is empty in #[require(...)]\nhelp: name it, as in issuer(\"acme\")",
        ),
        (
            r#"issuer("acme corp")"#,
            "the name of an issuer cannot contain ' ' in #[require(...)]\nhelp: rename the issuer\n\
             note: a name is made of visible ASCII characters without quotes and backslashes",
        ),
        (
            r#"issuer("a", "b")"#,
            "`issuer` takes one argument in #[require(...)]\nhelp: write issuer(...) for each, joined with `||` or `&&`",
        ),
        ("issuer()", "`issuer` is empty in #[require(...)]\nhelp: write issuer(\"acme\")"),
        ("issuer", "`issuer` needs parentheses in #[require(...)]\nhelp: write issuer(\"acme\")"),
        (r#"isuer("acme")"#, "unknown condition `isuer` in #[require(...)]\nhelp: did you mean `issuer`?"),
        (r#"issuer = "acme""#, "`issuer` is not a key of #[require(...)]\nhelp: write issuer(\"acme\")"),
        ("machine()", "`machine` takes no argument in #[require(...)]\nhelp: write `machine`"),
        ("machin", "unknown condition `machin` in #[require(...)]\nhelp: did you mean `machine`?"),
        (
            r#"role("machine")"#,
            "`machine` is not a role in #[require(...)]\nhelp: write `machine` in place of role(\"machine\")",
        ),
    ] {
        refused(rule, &[expected]);
    }
}

/// Row 174: a token from elsewhere has no session of this server.
#[test]
fn no_caller_satisfies_conditions_of_different_kinds_of_tokens() {
    for (rule, one, other, because) in [
        (r#"machine && fresh("10m")"#, "machine", "fresh(\"10m\")", "a machine has not signed in"),
        ("live && machine", "live", "machine", "a machine has no session of this server"),
        ("machine && both_tokens", "machine", "both_tokens", "a machine has no session of this server"),
        (
            r#"machine && issuer("own")"#,
            "machine",
            "issuer(\"own\")",
            "this server signs in users, not machines",
        ),
        (
            r#"role("a") || issuer("acme") && role("b") && live"#,
            "issuer(\"acme\")",
            "live",
            "only a token from this server has a session here",
        ),
        (
            r#"both_tokens && issuer("acme")"#,
            "both_tokens",
            "issuer(\"acme\")",
            "only a token from this server has a session here",
        ),
        (r#"issuer("a") && issuer("b")"#, "issuer(\"a\")", "issuer(\"b\")", "a token has one issuer"),
        (r#"!(!issuer("a") || !issuer("b"))"#, "issuer(\"a\")", "issuer(\"b\")", "a token has one issuer"),
    ] {
        let message = format!(
            "no caller satisfies both `{one}` and `{other}`\nhelp: remove one of the two\nnote: {because}"
        );
        refused(rule, &[&message]);
    }
    for rule in [
        r#"machine && issuer("acme") && deny_impersonated && scope("a")"#,
        r#"issuer("own") && live"#,
        r#"issuer("acme") && fresh("10m")"#,
        r#"machine || live || issuer("own") || issuer("acme")"#,
        r#"!issuer("acme") && both_tokens"#,
        r#"!issuer("a") && !issuer("b")"#,
    ] {
        refused(rule, &[]);
    }
}

#[test]
fn a_rule_says_something() {
    refused(
        r#"role("a") && !role("a")"#,
        &["`role(\"a\") && !role(\"a\")` never holds in #[require(...)]\nhelp: remove one of the two"],
    );
    refused(
        r#"!scope("a") && role("b") && scope("a")"#,
        &["`!scope(\"a\") && scope(\"a\")` never holds in #[require(...)]\nhelp: remove one of the two"],
    );
    refused(
        r#"live && (role("a") || !role("a"))"#,
        &["`role(\"a\") || !role(\"a\")` always holds in #[require(...)]\n\
           help: remove both, or write #[authenticated] if any signed-in user may call the handler"],
    );
    for (twice, text) in [
        (r#"role("a") || role("a")"#, "role(\"a\")"),
        ("role(S::A) && role(S::A)", "role(S::A)"),
        ("live && live", "live"),
        ("check(owns) && role(\"a\") && check(owns)", "check(owns)"),
        ("Named || Named", "Named"),
    ] {
        refused(
            twice,
            &[&format!("`{text}` appears twice in one group of #[require(...)]\nhelp: keep one of the two")],
        );
    }
    refused("live && both_tokens", &["`both_tokens` already asks for a live session\nhelp: remove `live`"]);
    refused(r#"role("a") && (role("a") || scope("b"))"#, &[]);
    refused(r#"role("a") || scope("a")"#, &[]);
    refused(r#"role("a") && !scope("a")"#, &[]);
}

#[test]
fn a_rule_has_no_more_checks_than_the_guard_counts() {
    let checks =
        |count: usize| (0..count).map(|index| format!("check(c{index})")).collect::<Vec<_>>().join(" && ");
    refused(&checks(64), &[]);
    refused(
        &checks(65),
        &["the rule in #[require(...)] has more than 64 checks\nhelp: make one function of several"],
    );
}

#[test]
fn every_mistake_in_a_rule_is_reported_at_once() {
    let found = mistakes(
        Attribute::Require,
        r#"role(admin) and scope(5) || !live, fresh("x"), crat = y"#,
        "#[require_role(\"a\")] fn me() {}",
    );
    assert_eq!(found.len(), 9, "{found:#?}");
}

#[test]
fn the_expansion_of_a_rule_names_nothing_but_the_runtime() {
    assert_hygienic(attribute(
        Attribute::Require,
        quote!(
            (role("a") || role(S::B) || Named && check(owns))
                && !scope("c")
                && fresh("10m")
                && both_tokens
                && deny_impersonated
                && (issuer("own") || issuer("acme") || machine),
            crate = other
        ),
        quote!(
            #[utoipa::path(get, path = "/")]
            async fn me(user: User, proof: Proof<Named>) {}
        ),
    ));
}
