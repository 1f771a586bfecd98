//! An access in words, for readers of the document: Markdown, and without the names of private roles.

use crate::access::{Access, Rule};
use crate::role::Roles;

/// As `Display` says it. Where a private role is meant, it says "an internal role".
pub(super) fn words(access: &Access, roles: &Roles) -> String {
    match access {
        Access::Require(rule) => of_rule(rule, roles),
        access => access.to_string(),
    }
}

fn of_rule(rule: &Rule, roles: &Roles) -> String {
    match rule {
        Rule::Role(name) if roles.private.contains(name) => "an internal role".to_owned(),
        Rule::Role(name) => format!("role {}", code(name)),
        Rule::Scope(scope) => format!("scope {}", code(scope)),
        Rule::Check { name, .. } => format!("check {}", code(name)),
        Rule::Not(rule) => format!("not {}", part(rule, roles)),
        Rule::Any(rules @ [_, ..]) => joined(rules, " or ", roles),
        Rule::All(rules @ [_, ..]) => joined(rules, " and ", roles),
        rule => rule.to_string(),
    }
}

fn joined(rules: &[Rule], word: &str, roles: &Roles) -> String {
    rules.iter().map(|rule| part(rule, roles)).collect::<Vec<_>>().join(word)
}

/// A rule inside another.
fn part(rule: &Rule, roles: &Roles) -> String {
    match rule {
        Rule::Any([_, _, ..]) | Rule::All([_, _, ..]) => format!("({})", of_rule(rule, roles)),
        Rule::Any([only]) | Rule::All([only]) => part(only, roles),
        rule => of_rule(rule, roles),
    }
}

/// A name as code in Markdown, whatever characters it has (CommonMark 0.31 section 6.1).
fn code(name: &str) -> String {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let longest = name.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    if longest == 0 {
        return format!("`{name}`");
    }
    let fence = "`".repeat(longest + 1);
    format!("{fence} {name} {fence}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const PRIVATE: Roles = Roles { names: None, implies: &[], private: &["root"] };

    #[test]
    fn the_words_are_those_of_display() {
        const RULE: Rule = Rule::All(&[
            Rule::Any(&[Rule::Role("a"), Rule::Scope("b:c"), Rule::Any(&[Rule::Live])]),
            Rule::Not(&Rule::Any(&[Rule::Role("a"), Rule::Scope("b")])),
            Rule::Fresh(Duration::from_secs(600)),
            Rule::NotImpersonated,
            Rule::Check { name: "owns_post", not_found: true },
            Rule::BothTokens,
            Rule::All(&[]),
            Rule::Any(&[]),
        ]);
        for access in [
            Access::Public { reason: "probe" },
            Access::Optional,
            Access::Authenticated,
            Access::Require(RULE),
            Access::Require(Rule::Any(&[])),
        ] {
            assert_eq!(words(&access, &PRIVATE), access.to_string());
        }
    }

    /// Row 147.
    #[test]
    fn a_private_role_is_an_internal_role() {
        let rule = Rule::Any(&[Rule::Role("root"), Rule::Not(&Rule::Role("root")), Rule::Role("admin")]);
        assert_eq!(
            words(&Access::Require(rule), &PRIVATE),
            "an internal role or not an internal role or role `admin`"
        );
    }

    #[test]
    fn a_name_cannot_end_its_code_span_or_its_line() {
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(code("``"), "``` `` ```");
        assert_eq!(code("<img src=x>\n\n# b"), "`<img src=x> # b`");
    }
}
