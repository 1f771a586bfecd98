//! The one function that decides.

use std::time::Duration;

use super::{Access, Rule};
use crate::claims::SessionClaims;

/// What it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The handler runs.
    Granted,
    /// Nobody is signed in, and somebody has to be.
    Unauthenticated,
    /// It depends on the check of this number.
    Undecided(usize),
    /// The user is known and does not satisfy the rule.
    Forbidden,
    /// The user would satisfy it, had they signed in at most this long ago.
    Stale(Duration),
    /// The user is known, and what the request is about is to look as if it did not exist.
    Hidden,
}

/// What was found out about a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a, C> {
    /// What the access token says about its user; `None` is a caller without credentials.
    pub(crate) claims: Option<&'a C>,
    /// The store has the session, and it has not ended.
    pub(crate) live: bool,
    /// The refresh token of the same session is there and good.
    pub(crate) both_tokens: bool,
    /// Somebody else acts for the user.
    pub(crate) impersonated: bool,
    /// How long ago the user proved who they are, if that was found out.
    pub(crate) sign_in_age: Option<Duration>,
    /// What checks have said.
    pub(crate) checks: CheckResults,
}

/// What each check has said, by its number: its place among the checks of the rule from left to right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CheckResults {
    known: u64,
    passed: u64,
}

impl CheckResults {
    /// More checks are in no rule that anybody reads.
    pub(crate) const MOST: usize = 64;

    /// Keeps a result. A check beyond [`MOST`](Self::MOST) has never passed.
    pub(crate) fn record(&mut self, number: usize, passed: bool) {
        if number < Self::MOST {
            self.known |= 1 << number;
            self.passed |= u64::from(passed) << number;
        }
    }

    fn get(self, number: usize) -> Option<bool> {
        if number >= Self::MOST {
            return Some(false);
        }
        (self.known >> number & 1 == 1).then_some(self.passed >> number & 1 == 1)
    }
}

/// Decides whether a request may pass, as far as the facts go.
pub(crate) fn decide<C: SessionClaims>(access: &Access, facts: &Facts<'_, C>) -> Decision {
    let (rule, claims) = match (access, facts.claims) {
        (Access::Public { .. } | Access::Optional, _) | (Access::Authenticated, Some(_)) => {
            return Decision::Granted;
        }
        (Access::Authenticated | Access::Require(_), None) => return Decision::Unauthenticated,
        (Access::Require(rule), Some(claims)) => (rule, claims),
    };
    match evaluated(rule, claims, facts, false) {
        Truth::Holds => Decision::Granted,
        Truth::DependsOn(check) => Decision::Undecided(check),
        Truth::Fails => match stale(rule, claims, facts) {
            Some(max_age) => Decision::Stale(max_age),
            None if hides(rule, facts.checks, &mut 0) => Decision::Hidden,
            None => Decision::Forbidden,
        },
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Truth {
    Holds,
    Fails,
    /// On a check that has not been run.
    DependsOn(usize),
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}

/// `fresh` takes every sign-in for a fresh one.
fn evaluated<C: SessionClaims>(rule: &Rule, claims: &C, facts: &Facts<'_, C>, fresh: bool) -> Truth {
    Evaluation { claims, facts, fresh, checks: 0 }.of(rule)
}

struct Evaluation<'a, C> {
    claims: &'a C,
    facts: &'a Facts<'a, C>,
    fresh: bool,
    /// How many checks were passed on the way.
    checks: usize,
}

impl<C: SessionClaims> Evaluation<'_, C> {
    fn of(&mut self, rule: &Rule) -> Truth {
        match rule {
            Rule::Role(name) => self.claims.holds_role(name).into(),
            Rule::Scope(scope) => self.claims.has_scope(scope).into(),
            Rule::Fresh(max_age) => (self.fresh || is_fresh(self.facts.sign_in_age, *max_age)).into(),
            Rule::NotImpersonated => (!self.facts.impersonated).into(),
            Rule::Live => self.facts.live.into(),
            Rule::BothTokens => (self.facts.live && self.facts.both_tokens).into(),
            Rule::Check { .. } => {
                let number = self.checks;
                self.checks += 1;
                self.facts.checks.get(number).map_or(Truth::DependsOn(number), Truth::from)
            }
            Rule::Not(Rule::Role(name)) => (!self.claims.holds_role(name)).into(),
            Rule::Not(Rule::Scope(scope)) => (!self.claims.has_scope(scope)).into(),
            Rule::Not(rule) => {
                self.of(rule);
                Truth::Fails
            }
            Rule::Any(rules) => self.until(rules, Truth::Holds),
            Rule::All([]) => Truth::Fails,
            Rule::All(rules) => self.until(rules, Truth::Fails),
        }
    }

    /// `decisive` if one of the rules is; else the first check that it depends on; else the opposite. Every rule is visited, since the
    /// checks in it count.
    fn until(&mut self, rules: &[Rule], decisive: Truth) -> Truth {
        let mut truth = Truth::from(decisive == Truth::Fails);
        let mut depends = false;
        for rule in rules {
            let found = self.of(rule);
            if found == decisive {
                truth = decisive;
            } else if truth != decisive && !depends && matches!(found, Truth::DependsOn(_)) {
                depends = true;
                truth = found;
            }
        }
        truth
    }
}

fn is_fresh(sign_in_age: Option<Duration>, max_age: Duration) -> bool {
    sign_in_age.is_some_and(|age| age <= max_age)
}

/// The age that a sign-in may have, if a new one would help; the smallest one of the rule, so that one sign-in is enough.
fn stale<C: SessionClaims>(rule: &Rule, claims: &C, facts: &Facts<'_, C>) -> Option<Duration> {
    let max_age = smallest_age(rule)?;
    (evaluated(rule, claims, facts, true) != Truth::Fails).then_some(max_age)
}

fn smallest_age(rule: &Rule) -> Option<Duration> {
    match rule {
        Rule::Fresh(max_age) => Some(*max_age),
        Rule::Any(rules) | Rule::All(rules) => rules.iter().filter_map(smallest_age).min(),
        _ => None,
    }
}

/// Whether a check has refused whose refusal is to look as if there were nothing.
fn hides(rule: &Rule, checks: CheckResults, number: &mut usize) -> bool {
    match rule {
        Rule::Check { not_found, .. } => {
            let refused = checks.get(*number) == Some(false);
            *number += 1;
            *not_found && refused
        }
        Rule::Not(rule) => hides(rule, checks, number),
        // Every rule is visited, since the checks in it count.
        Rule::Any(rules) | Rule::All(rules) => {
            rules.iter().fold(false, |hidden, rule| hides(rule, checks, number) | hidden)
        }
        _ => false,
    }
}

#[cfg(test)]
#[cfg(feature = "macros")]
mod tests {
    use super::*;

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
        Facts { claims, live: false, both_tokens: false, impersonated: false, sign_in_age: None, checks }
    }

    fn of_user(rule: Rule) -> Decision {
        decide(&Access::Require(rule), &facts(Some(&user())))
    }

    #[test]
    fn nobody_signed_in_passes_only_where_nobody_has_to_be() {
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
            assert_eq!(of_user(Rule::Role(lacking)), Decision::Forbidden, "{lacking}");
            assert_eq!(of_user(Rule::Scope(lacking)), Decision::Forbidden, "{lacking}");
        }
    }

    #[test]
    fn a_scope_is_no_role_and_a_role_no_scope() {
        assert_eq!(of_user(Rule::Role("posts:write")), Decision::Forbidden);
        assert_eq!(of_user(Rule::Scope("editor")), Decision::Forbidden);
    }

    #[test]
    fn any_wants_one_and_all_wants_every_one() {
        assert_eq!(of_user(Rule::Any(&[LACKS, HOLDS])), Decision::Granted);
        assert_eq!(of_user(Rule::Any(&[LACKS, LACKS])), Decision::Forbidden);
        assert_eq!(of_user(Rule::All(&[HOLDS, HOLDS])), Decision::Granted);
        assert_eq!(of_user(Rule::All(&[HOLDS, LACKS])), Decision::Forbidden);
        assert_eq!(of_user(Rule::All(&[LACKS, HOLDS])), Decision::Forbidden);
        assert_eq!(of_user(Rule::All(&[HOLDS, Rule::Any(&[LACKS, LACKS])])), Decision::Forbidden);
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
    fn an_empty_list_lets_nobody_in() {
        for rule in
            [Rule::Any(&[]), Rule::All(&[]), Rule::Any(&[Rule::All(&[])]), Rule::All(&[Rule::All(&[])])]
        {
            assert_eq!(of_user(rule), Decision::Forbidden, "{rule:?}");
        }
    }
}
