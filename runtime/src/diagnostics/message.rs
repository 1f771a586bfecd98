//! Error messages composed at compile time, for `panic!` in a constant.

use crate::access::words::{
    BOTH_TOKENS, FROM, FROM_HERE, HIDES, LIVE, MACHINE, NO_CALLER, NOT_IMPERSONATED, in_largest_unit,
};
use crate::access::{OWN_ISSUER, Rule};
use crate::claims::same;

/// A message of limited length: a constant has no `String`.
pub(crate) struct Message {
    bytes: [u8; Self::SIZE],
    length: usize,
}

impl Message {
    pub(crate) const SIZE: usize = 1024;

    pub(crate) const fn new() -> Self {
        Self { bytes: [0; Self::SIZE], length: 0 }
    }

    /// Appends a text if it fits as a whole, so that no character is cut.
    pub(crate) const fn add(mut self, text: &str) -> Self {
        let bytes = text.as_bytes();
        if self.length + bytes.len() > Self::SIZE {
            return self;
        }
        let mut index = 0;
        while index < bytes.len() {
            self.bytes[self.length] = bytes[index];
            self.length += 1;
            index += 1;
        }
        self
    }

    /// Appends a name between backticks.
    pub(crate) const fn name(self, name: &str) -> Self {
        self.add("`").add(name).add("`")
    }

    /// Appends a number.
    pub(crate) const fn number(self, number: u64) -> Self {
        const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        let message = if number > 9 { self.number(number / 10) } else { self };
        message.add(DIGITS[(number % 10) as usize])
    }

    pub(crate) const fn text(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "this does not compile",
        }
    }
}

impl Message {
    /// Appends the words that `Display` writes for the rule.
    pub(crate) const fn rule(self, rule: &Rule) -> Self {
        let (rules, word) = match rule {
            Rule::Role(name) => return self.add("role ").name(name),
            Rule::Scope(scope) => return self.add("scope ").name(scope),
            Rule::Fresh(age) => {
                let (count, unit) = in_largest_unit(*age);
                return self.add("a sign-in at most ").number(count).add(unit).add(" old");
            }
            Rule::NotImpersonated => return self.add(NOT_IMPERSONATED),
            Rule::Check { name, not_found } => {
                let message = self.add("check ").name(name);
                return if *not_found { message.add(HIDES) } else { message };
            }
            Rule::Not(rule) => return self.add("not ").part(rule),
            Rule::Live => return self.add(LIVE),
            Rule::BothTokens => return self.add(BOTH_TOKENS),
            Rule::Issuer(name) if same(name.as_bytes(), OWN_ISSUER.as_bytes()) => return self.add(FROM_HERE),
            Rule::Issuer(name) => return self.add(FROM).name(name),
            Rule::Machine => return self.add(MACHINE),
            Rule::Any([]) | Rule::All([]) => return self.add(NO_CALLER),
            Rule::Any(rules) => (*rules, " or "),
            Rule::All(rules) => (*rules, " and "),
        };
        let mut message = self;
        let mut index = 0;
        while index < rules.len() {
            message = if index > 0 { message.add(word) } else { message };
            message = message.part(&rules[index]);
            index += 1;
        }
        message
    }

    const fn part(self, rule: &Rule) -> Self {
        match rule {
            Rule::Any([_, _, ..]) | Rule::All([_, _, ..]) => self.add("(").rule(rule).add(")"),
            Rule::Any([only]) | Rule::All([only]) => self.part(only),
            rule => self.rule(rule),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_constant_writes_the_same_words() {
        let seconds = Duration::from_secs;
        for rule in [
            Rule::Any(&[]),
            Rule::All(&[]),
            Rule::All(&[
                Rule::Any(&[Rule::Role("a"), Rule::All(&[Rule::Scope("b"), Rule::Live])]),
                Rule::Any(&[Rule::All(&[Rule::BothTokens])]),
                Rule::Not(&Rule::Any(&[Rule::Role("c"), Rule::Role("d")])),
                Rule::NotImpersonated,
                Rule::Check { name: "owns_post", not_found: true },
                Rule::Any(&[Rule::Issuer("acme"), Rule::Not(&Rule::Issuer("own")), Rule::Machine]),
            ]),
            Rule::Fresh(seconds(0)),
            Rule::Fresh(seconds(90)),
            Rule::Fresh(seconds(1_200)),
            Rule::Fresh(seconds(864_000)),
            Rule::Fresh(seconds(u64::MAX)),
        ] {
            assert_eq!(Message::new().rule(&rule).text(), rule.to_string());
        }
    }
}
