//! `live`, `both_tokens`, `deny_impersonated` and `machine`: conditions that are one word, also beside other arguments.

use quote::ToTokens as _;

use super::rule::{Atom, Condition, excluded};
use crate::errors::{Errors, Message, Reported};
use crate::keys::{Entries, Key};
use crate::suggest::nearest;

pub(crate) const LIVE: Key = Key { name: "live", usage: "live" };
pub(crate) const BOTH_TOKENS: Key = Key { name: "both_tokens", usage: "both_tokens" };
pub(crate) const DENY_IMPERSONATED: Key = Key { name: "deny_impersonated", usage: "deny_impersonated" };
pub(crate) const MACHINE: Key = Key { name: "machine", usage: "machine" };

pub(crate) const FLAGS: [&str; 4] = [LIVE.name, BOTH_TOKENS.name, DENY_IMPERSONATED.name, MACHINE.name];

/// The condition of this flag.
pub(crate) fn condition(flag: &str) -> Option<Condition> {
    match flag {
        "live" => Some(Condition::Live),
        "both_tokens" => Some(Condition::BothTokens),
        "deny_impersonated" => Some(Condition::NotImpersonated),
        "machine" => Some(Condition::Machine),
        _ => None,
    }
}

/// The flag that a word is probably meant for.
pub(crate) fn nearest_flag(word: &str) -> Option<&'static str> {
    nearest(word, FLAGS).filter(|_| word.starts_with(char::is_lowercase))
}

/// The conditions of the flags among the entries.
pub(crate) fn conditions(entries: &Entries, errors: &Errors) -> Result<Vec<Atom>, Reported> {
    errors.strict(|| {
        let mut atoms = Vec::<Atom>::new();
        for entry in FLAGS.into_iter().filter_map(|flag| entries.get(flag)) {
            let _ = entry.flag(errors);
            let tokens = entry.ident.to_token_stream();
            atoms.extend(condition(&entry.name()).map(|condition| Atom { condition, tokens }));
        }
        if let (Some(live), Some(_)) = (entries.get(LIVE.name), entries.get(BOTH_TOKENS.name)) {
            errors.push(&live.ident, live_already());
        }
        // `machine` is the last flag, and the only one that excludes others.
        if let Some((last, others)) = atoms.split_last()
            && let Some((other, message)) = excluded(last, others)
        {
            errors.push(&other.tokens, message);
        }
        Ok(atoms)
    })
}

pub(crate) fn live_already() -> Message {
    Message::new("`both_tokens` already asks for a live session").help("remove `live`")
}
