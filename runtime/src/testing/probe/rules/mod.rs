//! Which callers a rule lets in and which it does not, found by trying every combination of its conditions.
//!
//! It evaluates rules by itself, so that the probe does not take the guard's word for what the guard should have done.

use std::fmt;
use std::time::Duration;

use crate::access::Rule;
use crate::claims::role::RoleSet;

/// With more conditions there are too many combinations; nobody reads such a rule either.
const MOST_CONDITIONS: usize = 12;

/// A signed-in user, as a probe makes one up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// `None` leaves roles and scopes as the template has them.
    pub(super) holds: Option<Holdings>,
    pub(super) sign_in_age: Duration,
    pub(super) impersonated: bool,
}

#[derive(Clone, Debug, Default, Eq)]
pub(super) struct Holdings {
    pub(super) roles: Vec<&'static str>,
    pub(super) scopes: Vec<&'static str>,
}

/// In whatever order: nobody is tried twice.
impl PartialEq for Holdings {
    fn eq(&self, other: &Self) -> bool {
        let same = |some: &[&str], others: &[&str]| {
            some.len() == others.len() && some.iter().all(|name| others.contains(name))
        };
        same(&self.roles, &other.roles) && same(&self.scopes, &other.scopes)
    }
}

/// What a rule says of a caller, as far as the caller decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Passes,
    /// It is up to the checks.
    Depends,
    Fails,
    /// It would not fail after another sign-in.
    Stale,
}

/// Roles with every other role that their holders hold.
pub(super) struct Hierarchy(Vec<(&'static str, Vec<&'static str>)>);

impl Hierarchy {
    /// That of a closed set; in an open one no role implies another.
    pub(super) fn of<R: RoleSet>() -> Self {
        let names = R::NAMES.unwrap_or_default();
        let implied = |name: &'static str| {
            let role = R::from_name(name);
            let is_implied =
                |other: &&&str| **other != name && role.as_ref().is_some_and(|role| role.grants(other));
            (name, names.iter().filter(is_implied).copied().collect())
        };
        Self(names.iter().map(|name| implied(name)).collect())
    }

    fn implied(&self, role: &str) -> &[&'static str] {
        self.0.iter().find(|(holder, _)| *holder == role).map_or(&[], |(_, implied)| implied)
    }
}

/// A rule and the roles of the users that it is about.
#[derive(Clone, Copy)]
pub(super) struct RuleOf<'a> {
    pub(super) rule: &'a Rule,
    pub(super) roles: &'a Hierarchy,
    /// The names of roles to try in place of others.
    pub(super) names: &'a [&'static str],
}

/// What the caller does not decide.
#[derive(Clone, Copy)]
struct Assumed {
    checks_pass: bool,
    everyone_fresh: bool,
}

impl RuleOf<'_> {
    pub(super) fn verdict(self, caller: &Caller) -> Verdict {
        let holds = |checks_pass, everyone_fresh| {
            self.holds(self.rule, caller, Assumed { checks_pass, everyone_fresh })
        };
        if holds(false, false) {
            Verdict::Passes
        } else if holds(true, false) {
            Verdict::Depends
        } else if holds(true, true) {
            Verdict::Stale
        } else {
            Verdict::Fails
        }
    }

    /// A dead session, or a missing refresh token, is refused before the rule is looked at, so both count as good here.
    fn holds(self, rule: &Rule, caller: &Caller, assumed: Assumed) -> bool {
        match rule {
            Rule::Role(name) => self.has_role(caller, name),
            Rule::Scope(scope) => has_scope(caller, scope),
            Rule::Fresh(max_age) => assumed.everyone_fresh || caller.sign_in_age <= *max_age,
            Rule::NotImpersonated => !caller.impersonated,
            Rule::Check { .. } => assumed.checks_pass,
            Rule::Live | Rule::BothTokens => true,
            Rule::Not(Rule::Role(name)) => !self.has_role(caller, name),
            Rule::Not(Rule::Scope(scope)) => !has_scope(caller, scope),
            Rule::Not(_) | Rule::All([]) => false,
            Rule::Any(rules) => rules.iter().any(|rule| self.holds(rule, caller, assumed)),
            Rule::All(rules) => rules.iter().all(|rule| self.holds(rule, caller, assumed)),
        }
    }

    fn has_role(self, caller: &Caller, name: &str) -> bool {
        let held = caller.holds.as_ref().map_or(&[][..], |holds| &holds.roles);
        held.iter().any(|role| *role == name || self.roles.implied(role).contains(&name))
    }

    /// The callers on both sides of the rule's border: those to whom nothing may be missing, and those who differ from them in one
    /// condition and so do not pass; and in place of each role, every other. `None` for rules of too many conditions.
    pub(super) fn border(self) -> Option<Vec<Caller>> {
        if has_too_many_conditions(self.rule) {
            return None;
        }
        let conditions = conditions(self.rule);
        let sets = 0_u32..1 << conditions.len();
        let mut callers = Vec::new();
        for lets_in in [passes as fn(Verdict) -> bool, may_pass] {
            let passes = |set: u32| lets_in(self.verdict(&caller_of(&conditions, set)));
            let flips = |set: u32| (0..conditions.len()).map(move |bit| set ^ (1 << bit));
            let is_minimal = |set: u32| passes(set) && flips(set).all(|other| other > set || !passes(other));
            for set in sets.clone().filter(|set| is_minimal(*set)) {
                let caller = caller_of(&conditions, set);
                let just_too_old = conditions.iter().enumerate().filter_map(|(bit, condition)| {
                    let Rule::Fresh(age) = condition else { return None };
                    Some(set & !(1 << bit) | larger_ages(&conditions, *age))
                });
                let neighbours = flips(set).chain(just_too_old).filter(|other| !passes(*other));
                let neighbours = neighbours.map(|set| caller_of(&conditions, set));
                let others = self.with_other_roles(&caller);
                for caller in std::iter::once(caller).chain(neighbours).chain(others) {
                    add(&mut callers, caller);
                }
            }
        }
        Some(callers)
    }

    /// Who has every condition and who has none, of a rule with too many to try.
    pub(super) fn extremes(self) -> Vec<Caller> {
        let conditions = conditions(self.rule);
        vec![caller_with(&conditions, |_| true), caller_with(&conditions, |_| false)]
    }

    /// Rows 49 and 50: who holds another role in place of one that suffices, be it above or not, and all the rest.
    fn with_other_roles(self, caller: &Caller) -> Vec<Caller> {
        let holds = caller.holds.clone().unwrap_or_default();
        let mut others = Vec::new();
        for index in 0..holds.roles.len() {
            for other in self.names.iter().filter(|name| !holds.roles.contains(name)) {
                let mut holds = holds.clone();
                holds.roles[index] = other;
                others.push(Caller { holds: Some(holds), ..caller.clone() });
            }
        }
        others
    }

    /// Who stands for this caller where nobody is without a role: whoever holds one, when the rule says the same of them.
    pub(super) fn with_a_role(self, caller: Caller) -> Vec<Caller> {
        let holds = caller.holds.clone().unwrap_or_default();
        if !holds.roles.is_empty() {
            return vec![caller];
        }
        let with = |name: &&'static str| Caller {
            holds: Some(Holdings { roles: vec![name], ..holds.clone() }),
            ..caller.clone()
        };
        let mut others: Vec<_> = self.names.iter().map(with).collect();
        others.retain(|other| self.verdict(other) == self.verdict(&caller));
        if others.is_empty() { vec![caller] } else { others }
    }
}

/// The bits of the ages above this one, so that a sign-in may be a second older than this and no more.
fn larger_ages(conditions: &[Rule], age: Duration) -> u32 {
    let is_larger = |condition: &Rule| matches!(condition, Rule::Fresh(other) if *other > age);
    let bits = conditions.iter().enumerate().filter(|(_, condition)| is_larger(condition));
    bits.fold(0, |set, (bit, _)| set | 1 << bit)
}

fn passes(verdict: Verdict) -> bool {
    verdict == Verdict::Passes
}

fn may_pass(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Passes | Verdict::Depends)
}

pub(super) fn add(callers: &mut Vec<Caller>, caller: Caller) {
    if !callers.contains(&caller) {
        callers.push(caller);
    }
}

fn has_scope(caller: &Caller, scope: &str) -> bool {
    caller.holds.as_ref().is_some_and(|holds| holds.scopes.contains(&scope))
}

pub(super) fn has_too_many_conditions(rule: &Rule) -> bool {
    conditions(rule).len() > MOST_CONDITIONS
}

/// What a caller can have or lack: the parts of the rule that are not made of others, each once.
fn conditions(rule: &Rule) -> Vec<Rule> {
    let mut found = Vec::new();
    collect(rule, &mut found);
    found
}

fn collect(rule: &Rule, found: &mut Vec<Rule>) {
    match rule {
        Rule::Any(rules) | Rule::All(rules) => rules.iter().for_each(|rule| collect(rule, found)),
        Rule::Not(rule) => collect(rule, found),
        Rule::Role(_) | Rule::Scope(_) | Rule::Fresh(_) | Rule::NotImpersonated => {
            if !found.contains(rule) {
                found.push(*rule);
            }
        }
        Rule::Check { .. } | Rule::Live | Rule::BothTokens => {}
    }
}

/// The names of a rule's checks.
pub(super) fn checks(rule: &Rule) -> Vec<&'static str> {
    match rule {
        Rule::Check { name, .. } => vec![name],
        Rule::Any(rules) | Rule::All(rules) => rules.iter().flat_map(checks).collect(),
        _ => Vec::new(),
    }
}

/// Adds the names of a rule's roles, each once.
pub(super) fn roles(rule: &Rule, names: &mut Vec<&'static str>) {
    for condition in conditions(rule) {
        if let Rule::Role(name) = condition
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
}

/// The caller who has the conditions whose bits are set.
fn caller_of(conditions: &[Rule], set: u32) -> Caller {
    caller_with(conditions, |bit| set >> bit & 1 == 1)
}

/// The caller who has these conditions. Whoever lacks all of the ages signed in a second before the largest.
fn caller_with(conditions: &[Rule], has: impl Fn(usize) -> bool) -> Caller {
    let mut holds = Holdings::default();
    let mut impersonated = false;
    let mut ages: Vec<(Duration, bool)> = Vec::new();
    for (bit, condition) in conditions.iter().enumerate() {
        let has = has(bit);
        match condition {
            Rule::Role(name) if has => holds.roles.push(name),
            Rule::Scope(scope) if has => holds.scopes.push(scope),
            Rule::NotImpersonated => impersonated = !has,
            Rule::Fresh(max_age) => ages.push((*max_age, has)),
            _ => {}
        }
    }
    Caller { holds: Some(holds), sign_in_age: sign_in_age(ages), impersonated }
}

/// A sign-in that is older than the ages which are not met, if it can be, and else as old as possible. Real clocks go on while a
/// probe runs: a sign-in that is to be fresh is of now where no smaller age forbids it.
fn sign_in_age(mut ages: Vec<(Duration, bool)>) -> Duration {
    ages.sort_unstable();
    let too_old = ages.iter().take_while(|(_, met)| !met).last();
    too_old.map_or(Duration::ZERO, |(age, _)| *age + Duration::from_secs(1))
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.holds {
            None => f.write_str("the user of `claims`")?,
            Some(Holdings { roles, scopes }) if roles.is_empty() && scopes.is_empty() => {
                f.write_str("a user without roles and scopes")?;
            }
            Some(Holdings { roles, scopes }) => {
                let roles = roles.iter().map(|role| format!("role `{role}`"));
                let scopes = scopes.iter().map(|scope| format!("scope `{scope}`"));
                f.write_str(&roles.chain(scopes).collect::<Vec<_>>().join(", "))?;
            }
        }
        if !self.sign_in_age.is_zero() {
            write!(f, ", signed in {}s ago", self.sign_in_age.as_secs())?;
        }
        if self.impersonated {
            f.write_str(", with somebody acting for the user")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
