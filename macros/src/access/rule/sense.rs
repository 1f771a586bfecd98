//! Rules that decide nothing: the same condition twice, a condition and its opposite, or conditions that no token satisfies together.

use syn::LitStr;

use super::super::flags::live_already;
use super::super::names::Source;
use super::model::{Atom, Condition, Rule};
use crate::errors::{Errors, Message};

/// The guard counts checks in 64 bits, and a rule with more checks is not readable anyway.
const MOST_CHECKS: usize = 64;

/// The issuer of the sessions that the server opens itself; the runtime calls it so.
const OWN_ISSUER: &str = "own";

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
            } else if all
                && !negated
                && let Some((_, message)) = excluded(atom, rules.iter().take(index).filter_map(plain))
            {
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

/// The first of the other conditions that no token satisfies together with this one, and the message about the two.
pub(crate) fn excluded<'a>(
    atom: &Atom,
    others: impl IntoIterator<Item = &'a Atom>,
) -> Option<(&'a Atom, Message)> {
    others.into_iter().find_map(|other| {
        let because = exclusive(atom, other).or_else(|| exclusive(other, atom))?;
        let sentence = format!("no caller satisfies both `{}` and `{}`", other.text(), atom.text());
        Some((other, Message::new(sentence).help("remove one of the two").note(because)))
    })
}

/// The reason why no token satisfies both conditions. The runtime has the same reasons, for rules that others name.
fn exclusive(one: &Atom, other: &Atom) -> Option<&'static str> {
    let is_own = |issuer: &LitStr| issuer.value() == OWN_ISSUER;
    match (&one.condition, &other.condition) {
        (Condition::Machine, Condition::Fresh(_)) => Some("a machine has not signed in"),
        (Condition::Machine, Condition::Live | Condition::BothTokens) => {
            Some("a machine has no session of this server")
        }
        (Condition::Machine, Condition::Issuer(name)) if is_own(name) => {
            Some("this server signs in users, not machines")
        }
        (Condition::Issuer(name), Condition::Live | Condition::BothTokens) if !is_own(name) => {
            Some("only a token from this server has a session here")
        }
        (Condition::Issuer(_), Condition::Issuer(_)) if !one.is_same(other) => Some("a token has one issuer"),
        _ => None,
    }
}

fn plain(rule: &Rule) -> Option<&Atom> {
    literal(rule).filter(|(_, negated)| !negated).map(|(atom, _)| atom)
}

/// A condition, and whether it is negated.
fn literal(rule: &Rule) -> Option<(&Atom, bool)> {
    match rule {
        Rule::Atom(atom) => Some((atom, false)),
        Rule::Not(atom) => Some((atom, true)),
        Rule::All(_) | Rule::Any(_) => None,
    }
}
