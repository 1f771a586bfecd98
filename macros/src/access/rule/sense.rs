//! Rules that say nothing: the same twice, or a condition and its opposite.

use super::super::names::Place;
use super::super::words::live_already;
use super::model::{Atom, Kind, Rule};
use crate::errors::{Errors, Message};

/// More checks are in no rule that anybody reads, and the guard counts to this number.
const MOST_CHECKS: usize = 64;

/// Reports what the tokens alone can tell.
pub(super) fn check(rule: &Rule, place: Place, errors: &Errors) {
    let checks = rule.atoms().into_iter().filter(|atom| matches!(atom.kind, Kind::Check(_)));
    if let Some(excess) = checks.into_iter().nth(MOST_CHECKS) {
        errors.push(
            &excess.tokens,
            Message::new(format!("the rule in {} has more than {MOST_CHECKS} checks", place.written()))
                .help("make one function of several"),
        );
    }
    Sense { place, errors }.group(rule);
}

struct Sense<'a> {
    place: Place,
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
        Message::new(format!("`{}` stands twice in one group of {}", atom.text(), self.place.written()))
            .help("keep one of the two")
    }

    fn opposites(&self, atom: &Atom, first_is_negated: bool, all: bool) -> Message {
        let (text, operator) = (atom.text(), if all { "&&" } else { "||" });
        let both = if first_is_negated {
            format!("`!{text} {operator} {text}`")
        } else {
            format!("`{text} {operator} !{text}`")
        };
        if all {
            Message::new(format!("{both} never holds in {}", self.place.written()))
                .help("remove one of the two")
        } else {
            Message::new(format!("{both} always holds in {}", self.place.written()))
                .help("remove both, or write #[authenticated] if any signed-in user may call the handler")
        }
    }

    fn live_and_both_tokens(&self, rules: &[Rule]) {
        let find = |wanted: fn(&Kind) -> bool| {
            rules.iter().filter_map(literal).map(|(atom, _)| atom).find(|atom| wanted(&atom.kind))
        };
        let live = find(|kind| matches!(kind, Kind::Live));
        if let (Some(live), Some(_)) = (live, find(|kind| matches!(kind, Kind::BothTokens))) {
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
