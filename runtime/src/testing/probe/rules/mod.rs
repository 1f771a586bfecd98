//! Which users a rule lets in and which it does not, found by trying every combination of its conditions.
//!
//! It evaluates rules with code of its own, so that a mistake of the guard is not repeated here and goes unnoticed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::access::{OWN_ISSUER, Rule};
use crate::claims::role::RoleSet;

/// Each condition doubles the combinations: with more of them there would be too many requests.
const MOST_CONDITIONS: usize = 12;

/// A signed-in user whom the probe makes up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct User {
    /// `None` keeps the roles and scopes of the template.
    pub(super) holds: Option<Holdings>,
    pub(super) sign_in_age: Duration,
    pub(super) impersonated: bool,
    pub(super) origin: Origin,
}

/// Whose token a caller has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// This server's.
    Own,
    /// That of the trusted issuer of this name.
    Issuer(Arc<str>),
    /// One that an issuer gave to a client for itself.
    Machine(Arc<str>),
}

impl Origin {
    fn name(&self) -> &str {
        match self {
            Self::Own => OWN_ISSUER,
            Self::Issuer(name) | Self::Machine(name) => name,
        }
    }

    fn is_machine(&self) -> bool {
        matches!(self, Self::Machine(_))
    }
}

#[derive(Clone, Debug, Default, Eq)]
pub(super) struct Holdings {
    pub(super) roles: Vec<&'static str>,
    pub(super) scopes: Vec<&'static str>,
}

/// In any order, so that no user is tried twice.
impl PartialEq for Holdings {
    fn eq(&self, other: &Self) -> bool {
        let same = |some: &[&str], others: &[&str]| {
            some.len() == others.len() && some.iter().all(|name| others.contains(name))
        };
        same(&self.roles, &other.roles) && same(&self.scopes, &other.scopes)
    }
}

/// The decision of a rule about a user, as far as the user determines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Passes,
    /// The checks decide.
    Depends,
    Fails,
    /// It fails, and would not after another sign-in.
    Stale,
}

/// Roles, each with every other role that it implies.
pub(super) struct ImpliedRoles(Vec<(&'static str, Vec<&'static str>)>);

impl ImpliedRoles {
    /// The roles of a closed set. In an open set no role implies another.
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

/// A rule, and the roles that users can have.
#[derive(Clone, Copy)]
pub(super) struct RuleOf<'a> {
    pub(super) rule: &'a Rule,
    pub(super) roles: &'a ImpliedRoles,
    /// The roles to try in place of others.
    pub(super) names: &'a [&'static str],
    /// Whose tokens the users have.
    pub(super) origin: &'a Origin,
}

/// Assumptions about facts that the user does not determine.
#[derive(Clone, Copy)]
struct Assumed {
    checks_pass: bool,
    everyone_fresh: bool,
}

impl RuleOf<'_> {
    pub(super) fn verdict(self, user: &User) -> Verdict {
        if user.origin.is_machine() && !is_about_machines(self.rule) {
            return Verdict::Fails;
        }
        let holds = |checks_pass, everyone_fresh| {
            self.holds(self.rule, user, Assumed { checks_pass, everyone_fresh })
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

    /// An ended session or a missing refresh token of this server is refused before the rule is evaluated, so both conditions hold for its
    /// users here. No other token has a session, and a machine has not signed in.
    fn holds(self, rule: &Rule, user: &User, assumed: Assumed) -> bool {
        match rule {
            Rule::Role(name) => self.has_role(user, name),
            Rule::Scope(scope) => has_scope(user, scope),
            Rule::Fresh(max_age) => {
                !user.origin.is_machine() && (assumed.everyone_fresh || user.sign_in_age <= *max_age)
            }
            Rule::NotImpersonated => !user.impersonated,
            Rule::Check { .. } => assumed.checks_pass,
            Rule::Live | Rule::BothTokens => user.origin == Origin::Own,
            Rule::Issuer(name) => *name == user.origin.name(),
            Rule::Not(Rule::Issuer(name)) => *name != user.origin.name(),
            Rule::Machine => user.origin.is_machine(),
            Rule::Not(Rule::Role(name)) => !self.has_role(user, name),
            Rule::Not(Rule::Scope(scope)) => !has_scope(user, scope),
            Rule::Not(_) | Rule::All([]) => false,
            Rule::Any(rules) => rules.iter().any(|rule| self.holds(rule, user, assumed)),
            Rule::All(rules) => rules.iter().all(|rule| self.holds(rule, user, assumed)),
        }
    }

    fn has_role(self, user: &User, name: &str) -> bool {
        let held = user.holds.as_ref().map_or(&[][..], |holds| &holds.roles);
        held.iter().any(|role| *role == name || self.roles.implied(role).contains(&name))
    }

    /// The users at the rule's border: those who pass and have no condition to spare, and those who differ from them in one condition and
    /// do not pass; also the former with every other role in place of each of theirs. `None` for a rule with too many conditions.
    ///
    /// A set of conditions is a number: bit n is set when the user has condition n, so all sets are `0..1 << conditions.len()`, and
    /// `set ^ (1 << n)` is the neighbour that differs in condition n. A passing set is minimal if no neighbour below it passes; a neighbour
    /// below it, a smaller number, is one with a condition less. With `Not`, a smaller set may pass again; what counts is
    /// that taking away any single condition locks the user out.
    pub(super) fn border(self) -> Option<Vec<User>> {
        if has_too_many_conditions(self.rule) {
            return None;
        }
        let conditions = conditions(self.rule);
        let sets = 0_u32..1 << conditions.len();
        let mut users = Vec::new();
        // Twice, since a set may suffice only together with the checks.
        for lets_in in [passes as fn(Verdict) -> bool, may_pass] {
            let passes = |set: u32| lets_in(self.verdict(&self.user_of(&conditions, set)));
            let neighbours = |set: u32| (0..conditions.len()).map(move |bit| set ^ (1 << bit));
            let is_minimal =
                |set: u32| passes(set) && neighbours(set).all(|other| other > set || !passes(other));
            for set in sets.clone().filter(|set| is_minimal(*set)) {
                let user = self.user_of(&conditions, set);
                // Without the bit of an age, the neighbour's sign-in is older than every age that the set does not have, so an age that is
                // enforced too loosely would not show. This one is a second older than the age that it lacks, and meets the larger ones.
                let just_too_old = conditions.iter().enumerate().filter_map(|(bit, condition)| {
                    let Rule::Fresh(age) = condition else { return None };
                    Some(set & !(1 << bit) | larger_ages(&conditions, *age))
                });
                let refused = neighbours(set).chain(just_too_old).filter(|other| !passes(*other));
                let refused = refused.map(|set| self.user_of(&conditions, set));
                let others = self.with_other_roles(&user);
                for user in std::iter::once(user).chain(refused).chain(others) {
                    add(&mut users, user);
                }
            }
        }
        Some(users)
    }

    /// For a rule with too many conditions: the user who has all of them, and the user who has none.
    pub(super) fn extremes(self) -> Vec<User> {
        let conditions = conditions(self.rule);
        vec![self.user_with(&conditions, |_| true), self.user_with(&conditions, |_| false)]
    }

    /// The user who meets the conditions whose bits are set.
    fn user_of(self, conditions: &[Rule], set: u32) -> User {
        self.user_with(conditions, |bit| set >> bit & 1 == 1)
    }

    fn user_with(self, conditions: &[Rule], has: impl Fn(usize) -> bool) -> User {
        User { origin: self.origin.clone(), ..user_with(conditions, has) }
    }

    /// Rows 49 and 50: the user with another role in place of one of theirs, whether it implies that one or not, and all the rest.
    fn with_other_roles(self, user: &User) -> Vec<User> {
        let holds = user.holds.clone().unwrap_or_default();
        let mut others = Vec::new();
        for index in 0..holds.roles.len() {
            for other in self.names.iter().filter(|name| !holds.roles.contains(name)) {
                let mut holds = holds.clone();
                holds.roles[index] = other;
                others.push(User { holds: Some(holds), ..user.clone() });
            }
        }
        others
    }

    /// The users who take the place of this one where the claims type demands a role: those with one role of whom the rule says the same.
    pub(super) fn with_a_role(self, user: User) -> Vec<User> {
        let holds = user.holds.clone().unwrap_or_default();
        if !holds.roles.is_empty() {
            return vec![user];
        }
        let with = |name: &&'static str| User {
            holds: Some(Holdings { roles: vec![name], ..holds.clone() }),
            ..user.clone()
        };
        let mut others: Vec<_> = self.names.iter().map(with).collect();
        others.retain(|other| self.verdict(other) == self.verdict(&user));
        if others.is_empty() { vec![user] } else { others }
    }
}

/// The bits of the ages above this one: a sign-in that is a second older than `age` still meets them, since ages are whole seconds.
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

pub(super) fn add(users: &mut Vec<User>, user: User) {
    if !users.contains(&user) {
        users.push(user);
    }
}

fn has_scope(user: &User, scope: &str) -> bool {
    user.holds.as_ref().is_some_and(|holds| holds.scopes.contains(&scope))
}

pub(super) fn has_too_many_conditions(rule: &Rule) -> bool {
    conditions(rule).len() > MOST_CONDITIONS
}

/// The conditions that a user can meet or not: the leaves of the rule, each once.
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
        Rule::Check { .. } | Rule::Live | Rule::BothTokens | Rule::Issuer(_) | Rule::Machine => {}
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

/// Whether a condition that is not negated is about machines: every other rule refuses them.
fn is_about_machines(rule: &Rule) -> bool {
    match rule {
        Rule::Any(rules) | Rule::All(rules) => rules.iter().any(is_about_machines),
        condition => *condition == Rule::Machine,
    }
}

/// The user of this server who meets these conditions and no others.
fn user_with(conditions: &[Rule], has: impl Fn(usize) -> bool) -> User {
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
    User { holds: Some(holds), sign_in_age: sign_in_age(ages), impersonated, origin: Origin::Own }
}

/// The age of a sign-in that is too old for each of the smallest ages that are not met: a second older than the largest of these. A fresh
/// sign-in is dated now unless a smaller age limit forbids it, since real clocks go on while a probe runs.
fn sign_in_age(mut ages: Vec<(Duration, bool)>) -> Duration {
    ages.sort_unstable();
    let too_old = ages.iter().take_while(|(_, met)| !met).last();
    too_old.map_or(Duration::ZERO, |(age, _)| *age + Duration::from_secs(1))
}

impl fmt::Display for User {
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
            f.write_str(", impersonated")?;
        }
        match &self.origin {
            Origin::Own => Ok(()),
            Origin::Issuer(name) => write!(f, ", with a token of `{name}`"),
            Origin::Machine(name) => write!(f, ", a machine of `{name}`"),
        }
    }
}

#[cfg(test)]
mod tests;
