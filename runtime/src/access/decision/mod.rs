//! The one function that decides whether a request may pass.

use std::time::Duration;

use super::{Access, Rule};
use crate::claims::SessionClaims;

/// The outcome for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The handler runs.
    Granted,
    /// The caller is anonymous, and must be signed in.
    Unauthenticated,
    /// The outcome depends on the check of this number, which has not run.
    Undecided(usize),
    /// The user would pass if they had signed in at most this long ago.
    Stale(Duration),
    /// A check refuses, and the requested object must look as if it did not exist.
    Hidden,
    /// A check refuses.
    Refused,
    /// The user would pass if they were not impersonated.
    Impersonated,
    /// The caller is a machine, and the access is for users.
    Machine,
    /// The caller lacks a role or scope, or their token is from another issuer, or they are a user where a machine is demanded.
    Lacking,
}

/// The facts about a request that a rule can depend on.
#[derive(Debug)]
pub(crate) struct Facts<'a, C> {
    /// The claims of the access token; `None` for a caller without credentials.
    pub(crate) claims: Option<&'a C>,
    /// The store has the session, and it has not ended. `false` where it was not looked up.
    pub(crate) live: bool,
    /// The request carries a valid refresh token of the same session. `false` where it was not examined.
    pub(crate) both_tokens: bool,
    /// The token is one of impersonation.
    pub(crate) impersonated: bool,
    /// The token was given to a client for itself.
    pub(crate) machine: bool,
    /// An earlier decision about this request has let the machine in by a rule that mentions machines.
    pub(crate) admitted: bool,
    /// The name of the issuer of the token: [`OWN_ISSUER`](super::OWN_ISSUER) for a session of this server. Without claims it decides nothing.
    pub(crate) issuer: &'a str,
    /// The time since the sign-in, where it is known.
    pub(crate) sign_in_age: Option<Duration>,
    /// The results of the checks that have run.
    pub(crate) checks: CheckResults,
}

/// The result of each check by its number, which is its place among the rule's checks from left to right. One bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CheckResults {
    run: u64,
    passed: u64,
}

impl CheckResults {
    /// A rule with more checks would be unreadable.
    pub(crate) const MOST: usize = 64;

    /// Stores a result. A check beyond [`MOST`](Self::MOST) always counts as refusing.
    pub(crate) fn record(&mut self, number: usize, passed: bool) {
        if number < Self::MOST {
            self.run |= 1 << number;
            self.passed |= u64::from(passed) << number;
        }
    }

    /// The result of the check of this number, if it has run.
    pub(crate) fn get(self, number: usize) -> Option<bool> {
        if number >= Self::MOST {
            return Some(false);
        }
        (self.run >> number & 1 == 1).then_some(self.passed >> number & 1 == 1)
    }

    fn any_run(self) -> bool {
        self.run != 0
    }
}

/// Decides whether a request may pass, or names the check that it depends on.
pub(crate) fn decide<C: SessionClaims>(access: &Access, facts: &Facts<'_, C>) -> Decision {
    let (rule, claims) = match (access, facts.claims) {
        (Access::Public { .. } | Access::Optional, _) => return Decision::Granted,
        (Access::Authenticated | Access::Require(_), None) => return Decision::Unauthenticated,
        (Access::Authenticated | Access::Require(_), Some(_))
            if facts.machine && !facts.admitted && !access.considers_machines() =>
        {
            return Decision::Machine;
        }
        (Access::Authenticated, Some(_)) => return Decision::Granted,
        (Access::Require(rule), Some(claims)) => (rule, claims),
    };
    match evaluated(rule, claims, facts) {
        Truth::Holds => Decision::Granted,
        Truth::DependsOn(check) => Decision::Undecided(check),
        Truth::Fails => why(rule, claims, facts),
    }
}

/// Why a rule fails: the one fact that would let the request pass if it were different.
///
/// The rule is evaluated again with that fact changed, because its parts do not tell: of `a && fresh("10m") || b`, a new sign-in helps
/// only a caller with `a`. A sign-in is tried first, since the user can repeat it.
fn why<C: SessionClaims>(rule: &Rule, claims: &C, facts: &Facts<'_, C>) -> Decision {
    // A machine is never asked to sign in: whatever age is tried, no sign-in of it counts.
    let with_age = |age| Facts { sign_in_age: Some(age), ..*facts };
    if let Some(max_age) = longest_age(rule, &|age| evaluated(rule, claims, &with_age(age)) != Truth::Fails) {
        return Decision::Stale(max_age);
    }
    // A check runs only where it can still let the request pass, so the refusal is that of a check if any has run.
    if facts.checks.any_run() {
        return if hides(rule, facts.checks) { Decision::Hidden } else { Decision::Refused };
    }
    // The actor's sign-in is no longer the one that counts, so the invented one is the user's own, from this moment.
    let in_person = Facts { impersonated: false, ..with_age(Duration::ZERO) };
    if facts.impersonated && evaluated(rule, claims, &in_person) != Truth::Fails {
        return Decision::Impersonated;
    }
    Decision::Lacking
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Truth {
    Holds,
    Fails,
    /// On the check of this number, which has not run.
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
    /// The number of checks met so far; the next one has this number.
    checks: usize,
}

impl<C: SessionClaims> Evaluation<'_, C> {
    fn of(&mut self, rule: &Rule) -> Truth {
        match rule {
            Rule::Role(name) => self.claims.holds_role(name).into(),
            Rule::Scope(scope) => self.claims.has_scope(scope).into(),
            Rule::Fresh(max_age) => {
                (!self.facts.machine && self.facts.sign_in_age.is_some_and(|age| age <= *max_age)).into()
            }
            Rule::NotImpersonated => (!self.facts.impersonated).into(),
            Rule::Live => self.is_live().into(),
            Rule::BothTokens => (self.is_live() && self.facts.both_tokens).into(),
            Rule::Issuer(name) => (self.facts.issuer == *name).into(),
            Rule::Machine => self.facts.machine.into(),
            Rule::Check { .. } => {
                let number = self.checks;
                self.checks += 1;
                self.facts.checks.get(number).map_or(Truth::DependsOn(number), Truth::from)
            }
            Rule::Not(Rule::Role(name)) => (!self.claims.holds_role(name)).into(),
            Rule::Not(Rule::Scope(scope)) => (!self.claims.has_scope(scope)).into(),
            Rule::Not(Rule::Issuer(name)) => (self.facts.issuer != *name).into(),
            Rule::Not(rule) => {
                self.of(rule);
                Truth::Fails
            }
            Rule::Any(rules) => self.until(rules, Truth::Holds),
            Rule::All([]) => Truth::Fails,
            Rule::All(rules) => self.until(rules, Truth::Fails),
        }
    }

    /// No session of this server belongs to a machine, whatever was looked up.
    fn is_live(&self) -> bool {
        self.facts.live && !self.facts.machine
    }

    /// `decisive` if one of the rules comes out so; otherwise the first check that a rule depends on; otherwise the opposite. No rule is
    /// skipped, because the checks in it must be counted.
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

/// The longest age in the rule that satisfies `would_do`.
fn longest_age(rule: &Rule, would_do: &impl Fn(Duration) -> bool) -> Option<Duration> {
    match rule {
        Rule::Fresh(max_age) => Some(*max_age).filter(|age| would_do(*age)),
        Rule::Any(rules) | Rule::All(rules) => {
            rules.iter().filter_map(|rule| longest_age(rule, would_do)).max()
        }
        _ => None,
    }
}

/// Whether a check has refused whose refusal is a 404.
fn hides(rule: &Rule, checks: CheckResults) -> bool {
    rule.checks()
        .enumerate()
        .any(|(number, check)| check.is_hidden_check() && checks.get(number) == Some(false))
}

#[cfg(test)]
#[cfg(feature = "macros")]
mod exhaustive;
#[cfg(test)]
#[cfg(feature = "macros")]
mod tests;
