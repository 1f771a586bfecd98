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
    /// The user would pass, had they signed in at most this long ago.
    Stale(Duration),
    /// A check says no, and what the request is about is to look as if it did not exist.
    Hidden,
    /// A check says no.
    Refused,
    /// The user would pass, did nobody act for them.
    Impersonated,
    /// The user lacks a role or scope.
    Lacking,
}

/// What was found out about a request.
#[derive(Debug)]
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

    /// What the check of this number has said, if it was run.
    pub(crate) fn get(self, number: usize) -> Option<bool> {
        if number >= Self::MOST {
            return Some(false);
        }
        (self.known >> number & 1 == 1).then_some(self.passed >> number & 1 == 1)
    }

    fn any_run(self) -> bool {
        self.known != 0
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
    match evaluated(rule, claims, facts) {
        Truth::Holds => Decision::Granted,
        Truth::DependsOn(check) => Decision::Undecided(check),
        Truth::Fails => why(rule, claims, facts),
    }
}

/// Why a rule fails: what alone would change that. A new sign-in comes first, since it is what the user can do about it.
fn why<C: SessionClaims>(rule: &Rule, claims: &C, facts: &Facts<'_, C>) -> Decision {
    let with_age = |age| Facts { sign_in_age: Some(age), ..*facts };
    if let Some(max_age) = longest_age(rule, &|age| evaluated(rule, claims, &with_age(age)) != Truth::Fails) {
        return Decision::Stale(max_age);
    }
    // A check is run only where it can still let the request pass, so one that was run has refused it.
    if facts.checks.any_run() {
        return if hides(rule, facts.checks) { Decision::Hidden } else { Decision::Refused };
    }
    let by_the_user = Facts { impersonated: false, ..with_age(Duration::ZERO) };
    if facts.impersonated && evaluated(rule, claims, &by_the_user) != Truth::Fails {
        return Decision::Impersonated;
    }
    Decision::Lacking
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

fn evaluated<C: SessionClaims>(rule: &Rule, claims: &C, facts: &Facts<'_, C>) -> Truth {
    Evaluation { claims, facts, checks: 0 }.of(rule)
}

struct Evaluation<'a, C> {
    claims: &'a C,
    facts: &'a Facts<'a, C>,
    /// How many checks were passed on the way.
    checks: usize,
}

impl<C: SessionClaims> Evaluation<'_, C> {
    fn of(&mut self, rule: &Rule) -> Truth {
        match rule {
            Rule::Role(name) => self.claims.holds_role(name).into(),
            Rule::Scope(scope) => self.claims.has_scope(scope).into(),
            Rule::Fresh(max_age) => self.facts.sign_in_age.is_some_and(|age| age <= *max_age).into(),
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

/// The longest of the ages in a rule that would do.
fn longest_age(rule: &Rule, would_do: &impl Fn(Duration) -> bool) -> Option<Duration> {
    match rule {
        Rule::Fresh(max_age) => Some(*max_age).filter(|age| would_do(*age)),
        Rule::Any(rules) | Rule::All(rules) => {
            rules.iter().filter_map(|rule| longest_age(rule, would_do)).max()
        }
        _ => None,
    }
}

/// Whether a check has refused whose refusal is to look as if there were nothing.
fn hides(rule: &Rule, checks: CheckResults) -> bool {
    (0..)
        .map_while(|number| Some((number, rule.check(number)?)))
        .any(|(number, check)| check.is_hidden_check() && checks.get(number) == Some(false))
}

#[cfg(test)]
#[cfg(feature = "macros")]
mod exhaustive;
#[cfg(test)]
#[cfg(feature = "macros")]
mod tests;
