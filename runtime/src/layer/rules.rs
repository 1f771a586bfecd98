//! The rules of a layer, which are put together and checked while the program starts.

use std::sync::{Mutex, PoisonError};

use crate::access::{AcceptedIssuers, Access, Rule};
use crate::claims::role::{RoleSet, RoleTable};
use crate::claims::{SessionClaims, is_scope_token};
use crate::diagnostics::issuers::misfit;
use crate::diagnostics::rules::{first_scope, is_never};

/// The rule that one of these holds. Of a single rule it is the rule itself.
pub(crate) fn any(rules: Vec<Rule>) -> Rule {
    if let [rule] = rules.as_slice() { *rule } else { Rule::Any(kept(rules)) }
}

/// The rule that all of these hold.
pub(crate) fn all(rules: Vec<Rule>) -> Rule {
    Rule::All(kept(rules))
}

/// A list that lives as long as the program, because a [`Rule`] holds `'static` lists. It leaks memory once for each list: equal lists are
/// one, so a program that makes the same layers again and again does not grow.
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

/// Refuses a rule that no caller can meet or that a layer cannot decide: the layer would be closed for good, which is a mistake.
#[track_caller]
#[expect(clippy::panic, reason = "runs while the application is put together")]
pub(super) fn check<R: RoleSet>(rule: &Rule) {
    match rule {
        Rule::Role(name) => check_role::<R>(name),
        Rule::Check { name, .. } => panic!(
            "an `AuthLayer` asks for the check `{name}`, and has no function for it; write #[require(check({name}))] above the handlers"
        ),
        Rule::Scope(scope) if !is_scope_token(scope) => panic!(
            "an `AuthLayer` asks for the scope `{}`, which no token can have: it is not a single scope (RFC 6749 section 3.3); ask for each scope by itself",
            scope.escape_debug()
        ),
        Rule::Fresh(max_age) if max_age.as_secs() == 0 => {
            panic!(
                "an `AuthLayer` asks for a sign-in that is {max_age:?} old; ask for one of a second or more"
            )
        }
        Rule::Issuer(name) if !is_scope_token(name) => panic!(
            "an `AuthLayer` asks for the issuer `{}`, and no issuer can have this name: a name is made of visible ASCII characters without quotes and backslashes",
            name.escape_debug()
        ),
        Rule::Not(rule @ (Rule::Role(_) | Rule::Scope(_) | Rule::Issuer(_))) => check::<R>(rule),
        Rule::Not(rule) => panic!(
            "an `AuthLayer` asks for the opposite of {rule}, which never holds; only a role, a scope or an issuer can be denied"
        ),
        Rule::Any(rules) | Rule::All(rules) => {
            for rule in *rules {
                check::<R>(rule);
            }
        }
        Rule::Fresh(_)
        | Rule::Scope(_)
        | Rule::NotImpersonated
        | Rule::Live
        | Rule::BothTokens
        | Rule::Issuer(_)
        | Rule::Machine => {}
    }
}

/// Refuses a rule that needs an issuer or sessions which the `Auth` of the layer does not have.
#[track_caller]
#[expect(clippy::panic, reason = "runs while the application is put together")]
pub(super) fn check_issuers(rule: &Rule, accepted: &AcceptedIssuers) {
    if let Some(why) = misfit(&Access::Require(*rule), accepted) {
        panic!("an `AuthLayer` {why}");
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "runs while the application is put together")]
fn check_role<R: RoleSet>(name: &str) {
    match R::NAMES {
        Some([]) => {
            panic!(
                "an `AuthLayer` asks for the role `{name}`, and the claims mark no field with #[claims(roles)]"
            )
        }
        Some(names) if !names.contains(&name) => panic!(
            "an `AuthLayer` asks for the role `{name}`, which does not exist; the roles are `{}`",
            names.join("`, `")
        ),
        _ => {}
    }
}

/// Refuses scopes if the claims hold none.
#[track_caller]
pub(super) fn check_scopes<C: SessionClaims>(rule: &Rule) {
    if let Some(scope) = first_scope(rule) {
        assert!(
            C::HAS_SCOPES,
            "an `AuthLayer` asks for the scope `{scope}`, and the claims mark no field with #[claims(scopes)]"
        );
    }
}

/// Refuses rules that exclude each other. An empty list is taken: it says openly that no caller may pass.
#[track_caller]
pub(super) fn check_together<R: RoleSet>(rule: &Rule) {
    let is_open_about_it = matches!(rule, Rule::Any([]) | Rule::All([]));
    assert!(
        is_open_about_it || !is_never(rule, RoleTable::of::<R>()),
        "an `AuthLayer` asks for a rule that no caller can meet: {rule}"
    );
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::claims::role::NoRole;

    #[test]
    fn a_list_of_scopes_in_one_string_is_refused() {
        for scope in ["a b", "", "a\n", "\"a\"", "é"] {
            let refused = std::panic::catch_unwind(|| {
                check::<NoRole>(&Rule::Any(kept(vec![Rule::Scope(scope), Rule::Live])))
            });
            assert!(refused.is_err(), "{scope:?}");
        }
        check::<NoRole>(&Rule::Scope("posts:write"));
    }

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
        check::<String>(&Rule::All(&[Rule::Role("anything"), Rule::Any(&[Rule::Role("else")])]));
    }

    #[test]
    #[should_panic = "an `AuthLayer` asks for the role `admin`, and the claims mark no field with #[claims(roles)]"]
    fn claims_without_roles_meet_no_role() {
        check::<NoRole>(&Rule::All(&[Rule::Live, Rule::Any(&[Rule::Role("admin")])]));
    }

    #[test]
    fn what_a_layer_can_decide_is_taken() {
        check::<NoRole>(&Rule::Any(&[Rule::NotImpersonated, Rule::Live, Rule::BothTokens]));
        check::<NoRole>(&Rule::All(&[Rule::Not(&Rule::Scope("guest"))]));
        check::<NoRole>(&Rule::Fresh(Duration::from_secs(1)));
    }

    #[test]
    #[should_panic = "an `AuthLayer` asks for the role `admin`"]
    fn a_role_is_looked_for_in_its_denial_too() {
        check::<NoRole>(&Rule::Not(&Rule::Role("admin")));
    }

    #[test]
    #[should_panic = "an `AuthLayer` asks for the check `owns_post`, and has no function for it; write \
                      #[require(check(owns_post))] above the handlers"]
    fn a_layer_runs_no_checks() {
        check::<NoRole>(&Rule::Any(&[Rule::Live, Rule::Check { name: "owns_post", not_found: true }]));
    }

    #[test]
    #[should_panic = "an `AuthLayer` asks for a sign-in that is 999ms old; ask for one of a second or more"]
    fn a_sign_in_is_never_as_fresh_as_it_would_have_to_be() {
        check::<NoRole>(&Rule::Fresh(Duration::from_millis(999)));
    }

    #[test]
    #[should_panic = "an `AuthLayer` asks for the opposite of no impersonation, which never holds; only a \
                      role, a scope or an issuer can be denied"]
    fn only_roles_and_scopes_can_be_denied() {
        check::<NoRole>(&Rule::Not(&Rule::NotImpersonated));
    }

    #[test]
    fn an_issuer_has_a_name_without_spaces_and_quotes() {
        for name in ["", "a b", "\"acme\"", "a\\", "é"] {
            for rule in [Rule::Issuer(name), Rule::Not(Box::leak(Box::new(Rule::Issuer(name))))] {
                let refused = std::panic::catch_unwind(|| check::<NoRole>(&rule));
                assert!(refused.is_err(), "{rule:?}");
            }
        }
        check::<NoRole>(&Rule::All(&[Rule::Not(&Rule::Issuer("acme-eu")), Rule::Machine]));
    }

    #[test]
    #[should_panic = "an `AuthLayer` asks for the opposite of a token of a machine, which never holds"]
    fn users_are_not_asked_for_by_denying_machines() {
        check::<NoRole>(&Rule::Not(&Rule::Machine));
    }

    /// Row 174.
    #[test]
    #[should_panic = "an `AuthLayer` asks for a rule that no caller can meet: a token from `acme` and a session that has not ended"]
    fn no_session_of_this_server_belongs_to_a_token_from_elsewhere() {
        check_together::<String>(&Rule::All(&[Rule::Issuer("acme"), Rule::Live]));
    }

    #[test]
    #[should_panic = "an `AuthLayer` asks for a rule that no caller can meet: scope `a` and not scope `a`"]
    fn rules_that_exclude_each_other_are_refused() {
        check_together::<String>(&Rule::All(&[Rule::Scope("a"), Rule::Not(&Rule::Scope("a"))]));
    }

    #[test]
    fn rules_that_say_more_than_they_have_to_are_taken() {
        check_together::<String>(&Rule::All(&[Rule::Scope("a"), Rule::Scope("a")]));
        check_together::<String>(&Rule::Any(&[Rule::Scope("a"), Rule::Not(&Rule::Scope("a"))]));
    }

    #[cfg(feature = "macros")]
    #[test]
    #[should_panic = "an `AuthLayer` asks for the scope `posts:write`, and the claims mark no field with #[claims(scopes)]"]
    fn claims_without_scopes_meet_no_scope() {
        #[derive(crate::SessionClaims, Clone)]
        struct User {
            #[claims(subject)]
            id: u64,
        }

        assert_eq!(User { id: 7 }.id, 7);
        check_scopes::<User>(&Rule::Any(&[Rule::Live, Rule::Not(&Rule::Scope("posts:write"))]));
    }
}
