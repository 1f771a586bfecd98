//! Rules that decide nothing: the same condition twice, or a condition and its opposite.

use super::super::flags::live_already;
use super::super::names::Source;
use super::model::{Atom, Condition, Rule};
use crate::errors::{Errors, Message};

/// The guard counts checks in 64 bits, and a rule with more checks is not readable anyway.
const MOST_CHECKS: usize = 64;

/// Reports every contradiction and repetition that the tokens alone can tell.
pub(super) fn examine(rule: &Rule, source: Source, errors: &Errors) {
    let mut checks = rule.atoms().into_iter().filter(|atom| matches!(atom.condition, Condition::Check(_)));
    if let Some(excess) = checks.nth(MOST_CHECKS) {
        let message = format!("the rule in {} has more than {MOST_CHECKS} checks", source.written());
        errors.push(&excess.tokens, Message::new(message).help("make one function of several"));
    }
    Sense { source, errors }.group(rule);
}

struct Sense<'a> {
    source: Source,
    errors: &'a Errors,
}

impl Sense<'_> {
    fn group(&self, rule: &Rule) {
        let (Rule::All(rules) | Rule::Any(rules)) = rule else { return };
        let all = matches!(rule, Rule::All(_));
        for (index, rule) in rules.iter().enumerate() {
            self.group(rule);
            let Some((atom, negated)) = literal(rule) else { continue };
            let mut earlier = rules.iter().take(index).filter_map(literal);
            if let Some((_, other)) = earlier.find(|(other, _)| other.is_same(atom)) {
                let message =
                    if other == negated { self.twice(atom) } else { self.opposites(atom, other, all) };
                self.errors.push(&atom.tokens, message);
            }
        }
        if all {
            self.live_and_both_tokens(rules);
        }
    }

    fn twice(&self, atom: &Atom) -> Message {
        let written = self.source.written();
        Message::new(format!("`{}` appears twice in one group of {written}", atom.text()))
            .help("keep one of the two")
    }

    fn opposites(&self, atom: &Atom, first_is_negated: bool, all: bool) -> Message {
        let (text, written) = (atom.text(), self.source.written());
        let (operator, holds) = if all { ("&&", "never") } else { ("||", "always") };
        let (first, second) = if first_is_negated { ("!", "") } else { ("", "!") };
        let sentence = format!("`{first}{text} {operator} {second}{text}` {holds} holds in {written}");
        Message::new(sentence).help(if all {
            "remove one of the two"
        } else {
            "remove both, or write #[authenticated] if any signed-in user may call the handler"
        })
    }

    fn live_and_both_tokens(&self, rules: &[Rule]) {
        let find = |wanted: fn(&Condition) -> bool| {
            rules.iter().filter_map(literal).map(|(atom, _)| atom).find(|atom| wanted(&atom.condition))
        };
        let live = find(|condition| matches!(condition, Condition::Live));
        if let (Some(live), Some(_)) = (live, find(|condition| matches!(condition, Condition::BothTokens))) {
            self.errors.push(&live.tokens, live_already());
        }
    }
}

/// A condition, and whether it is negated.
fn literal(rule: &Rule) -> Option<(&Atom, bool)> {
    match rule {
        Rule::Atom(atom) => Some((atom, false)),
        Rule::Not(atom) => Some((atom, true)),
        Rule::All(_) | Rule::Any(_) => None,
    }
}
