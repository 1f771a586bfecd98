//! Which rule follows from which, and what a rule names, for constants.

use super::{Access, Rule};
use crate::claims::same;

impl Access {
    /// Whether every caller who is granted this access satisfies `rule`, as far as [`Rule::implies`] tells.
    pub(crate) const fn implies(&self, rule: &Rule) -> bool {
        matches!(self, Self::Require(own) if own.implies(rule))
    }
}

impl Rule {
    /// The user is here in person: their session is live, and the token is not one of impersonation.
    pub(crate) const IN_PERSON: Self = Self::All(&[Self::Live, Self::NotImpersonated]);

    /// Whether `other` holds wherever this rule holds, as far as the form of the two rules tells.
    ///
    /// `true` is certain. `false` can also mean that the form does not show it: only conjunctions are taken apart, and
    /// a condition implies a milder one of its kind, and an issuer that the token is not from another one. Alternatives, negations and checks
    /// imply themselves alone.
    pub(crate) const fn implies(&self, other: &Self) -> bool {
        if self.is(other) || matches!(self, Self::All(parts) if Self::one_implies(parts, other)) {
            return true;
        }
        match (self, other) {
            (Self::Fresh(age), Self::Fresh(limit)) => age.as_nanos() <= limit.as_nanos(),
            (Self::BothTokens, Self::Live) => true,
            // A token has one issuer.
            (Self::Issuer(one), Self::Not(Self::Issuer(other))) => !same(one.as_bytes(), other.as_bytes()),
            // An empty conjunction never holds, so it follows from nothing but itself.
            (_, Self::All(wanted)) => !wanted.is_empty() && self.implies_each(wanted),
            _ => false,
        }
    }

    const fn one_implies(parts: &[Self], other: &Self) -> bool {
        let mut index = 0;
        while index < parts.len() && !parts[index].implies(other) {
            index += 1;
        }
        index < parts.len()
    }

    const fn implies_each(&self, wanted: &[Self]) -> bool {
        let mut index = 0;
        while index < wanted.len() && self.implies(&wanted[index]) {
            index += 1;
        }
        index == wanted.len()
    }

    /// `==`, which constants cannot call.
    pub(crate) const fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Role(one), Self::Role(other))
            | (Self::Scope(one), Self::Scope(other))
            | (Self::Issuer(one), Self::Issuer(other)) => same(one.as_bytes(), other.as_bytes()),
            (Self::Fresh(one), Self::Fresh(other)) => one.as_nanos() == other.as_nanos(),
            (Self::Check { name, not_found }, Self::Check { name: other, not_found: hides }) => {
                same(name.as_bytes(), other.as_bytes()) && *not_found == *hides
            }
            (Self::Not(one), Self::Not(other)) => one.is(other),
            (Self::NotImpersonated, Self::NotImpersonated)
            | (Self::Live, Self::Live)
            | (Self::Machine, Self::Machine)
            | (Self::BothTokens, Self::BothTokens) => true,
            (Self::Any(one), Self::Any(other)) | (Self::All(one), Self::All(other)) => {
                let mut index = 0;
                while index < one.len() && index < other.len() && one[index].is(&other[index]) {
                    index += 1;
                }
                index == one.len() && index == other.len()
            }
            _ => false,
        }
    }

    /// The condition of this number, counted from the left through groups and negations.
    ///
    /// Constants have neither iterators nor closures, so they walk a rule by number.
    pub(crate) const fn condition(&self, mut number: usize) -> Option<&Self> {
        self.condition_after(&mut number)
    }

    const fn condition_after(&self, skipped: &mut usize) -> Option<&Self> {
        match self {
            Self::Not(rule) => rule.condition_after(skipped),
            Self::Any(rules) | Self::All(rules) => {
                let mut index = 0;
                while index < rules.len() {
                    if let Some(condition) = rules[index].condition_after(skipped) {
                        return Some(condition);
                    }
                    index += 1;
                }
                None
            }
            condition if *skipped == 0 => Some(condition),
            _ => {
                *skipped -= 1;
                None
            }
        }
    }

    /// Whether one of the conditions is a check.
    pub(crate) const fn has_check(&self) -> bool {
        let mut number = 0;
        while let Some(condition) = self.condition(number) {
            if let Self::Check { .. } = condition {
                return true;
            }
            number += 1;
        }
        false
    }

    /// Whether one of the conditions is this one.
    pub(crate) const fn mentions(&self, wanted: &Self) -> bool {
        let mut number = 0;
        while let Some(condition) = self.condition(number) {
            if condition.is(wanted) {
                return true;
            }
            number += 1;
        }
        false
    }
}

#[cfg(test)]
mod tests;
