//! `live`, `both_tokens` and `deny_impersonated` beside other arguments of an access attribute.

use proc_macro2::TokenStream;
use quote::ToTokens as _;

use super::rule::{Atom, Kind, Rule};
use crate::errors::{Errors, Message};
use crate::keys::{Entry, Key};
use crate::suggest::nearest;

pub(crate) const LIVE: Key = Key { name: "live", usage: "live" };
pub(crate) const BOTH_TOKENS: Key = Key { name: "both_tokens", usage: "both_tokens" };
pub(crate) const DENY_IMPERSONATED: Key = Key { name: "deny_impersonated", usage: "deny_impersonated" };

pub(crate) const WORDS: [&str; 3] = [LIVE.name, BOTH_TOKENS.name, DENY_IMPERSONATED.name];

/// Whether a word is probably meant for one of them.
pub(crate) fn is_like_one(word: &str) -> bool {
    word.starts_with(char::is_lowercase) && nearest(word, WORDS).is_some()
}

/// What the words ask for; `None` after a mistake.
pub(crate) fn conditions(entries: &[Entry], errors: &Errors) -> Option<Vec<Rule>> {
    let given = |key: &Key| entries.iter().find(|entry| entry.key.name == key.name);
    let words = [
        (given(&LIVE), Kind::Live),
        (given(&BOTH_TOKENS), Kind::BothTokens),
        (given(&DENY_IMPERSONATED), Kind::NotImpersonated),
    ];
    // All are looked at, so that every mistake is reported.
    let mistakes = words.iter().filter_map(|(entry, _)| *entry).filter(|entry| !entry.flag(errors)).count();
    if mistakes > 0 {
        return None;
    }
    if let (Some(live), Some(_)) = (given(&LIVE), given(&BOTH_TOKENS)) {
        errors.push(&live.ident, live_already());
        return None;
    }
    let atoms = words.into_iter().filter_map(|(entry, kind)| Some((entry?, kind)));
    Some(
        atoms.map(|(entry, kind)| Rule::Atom(Atom { kind, tokens: entry.ident.to_token_stream() })).collect(),
    )
}

pub(crate) fn live_already() -> Message {
    Message::new("`both_tokens` asks for a live session already").help("remove `live`")
}

/// The words as they were written, for a help that repeats them.
pub(crate) fn repeated(conditions: &[Rule]) -> String {
    let atoms = conditions.iter().flat_map(Rule::atoms);
    atoms
        .map(|atom| atom.tokens.clone())
        .map(|word: TokenStream| word.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}
