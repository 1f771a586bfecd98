//! Rules that are put together while a program runs.

use std::sync::{Mutex, PoisonError};

use crate::access::Rule;
use crate::role::RoleSet;

/// One of these; of one rule, the rule itself.
pub(super) fn any(rules: Vec<Rule>) -> Rule {
    if let [rule] = rules.as_slice() { *rule } else { Rule::Any(kept(rules)) }
}

/// All of these.
pub(crate) fn all(rules: Vec<Rule>) -> Rule {
    Rule::All(kept(rules))
}

/// The list for as long as the program runs, as a [`Rule`] wants it. Equal lists are one, so that a program that makes its layers
/// again and again does not grow.
fn kept(rules: Vec<Rule>) -> &'static [Rule] {
    static LISTS: Mutex<Vec<&'static [Rule]>> = Mutex::new(Vec::new());

    let mut lists = LISTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lists.iter().find(|known| **known == rules) {
        return known;
    }
    let list: &'static [Rule] = rules.leak();
    lists.push(list);
    list
}

/// Refuses a role that nobody can hold: a layer with it would be closed for good, which nobody means.
#[track_caller]
#[expect(clippy::panic, reason = "runs while the application is put together")]
pub(super) fn check_roles<R: RoleSet>(rule: &Rule) {
    let Some(names) = R::NAMES else { return };
    match rule {
        Rule::Role(name) if names.contains(name) => {}
        Rule::Role(name) if names.is_empty() => panic!(
            "an `AuthLayer` asks for the role `{name}`, and the claims mark no field with #[claims(roles)]"
        ),
        Rule::Role(name) => panic!(
            "an `AuthLayer` asks for the role `{name}`, which does not exist; the roles are `{}`",
            names.join("`, `")
        ),
        Rule::Any(rules) | Rule::All(rules) => {
            for rule in *rules {
                check_roles::<R>(rule);
            }
        }
        Rule::Not(rule) => check_roles::<R>(rule),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::NoRole;

    #[test]
    fn equal_lists_are_kept_once() {
        let list = || vec![Rule::Role("kept-once"), Rule::Live];
        assert!(std::ptr::eq(kept(list()), kept(list())));
        assert!(!std::ptr::eq(kept(list()), kept(vec![Rule::Role("kept-once")])));
    }

    #[test]
    fn one_rule_needs_no_list() {
        assert_eq!(any(vec![Rule::Scope("a")]), Rule::Scope("a"));
        assert_eq!(any(Vec::new()), Rule::Any(&[]));
    }

    #[test]
    fn an_open_set_has_every_role() {
        check_roles::<String>(&Rule::All(&[Rule::Role("anything"), Rule::Any(&[Rule::Role("else")])]));
    }

    #[test]
    #[should_panic = "an `AuthLayer` asks for the role `admin`, and the claims mark no field with #[claims(roles)]"]
    fn claims_without_roles_meet_no_role() {
        check_roles::<NoRole>(&Rule::All(&[Rule::Live, Rule::Any(&[Rule::Role("admin")])]));
    }
}
