//! The arguments of an access attribute.

use proc_macro2::{Ident, Punct, Span, TokenStream, TokenTree};
use syn::LitStr;

use super::lists;
use super::model::{Access, Declaration, Kind};
use super::names::{Place, What};
use super::rule::{self, Rule};
use super::words::{self, BOTH_TOKENS, DENY_IMPERSONATED, LIVE, WORDS};
use crate::errors::{Errors, Message};
use crate::keys::{CRATE, Entry, Key, Table};
use crate::krate::Krate;

const REASON: Key = Key { name: "reason", usage: "reason = \"...\"" };

impl Kind {
    fn table(self) -> Table {
        const KEYS: &[Key] = &[LIVE, BOTH_TOKENS, DENY_IMPERSONATED, CRATE];
        const PUBLIC_KEYS: &[Key] = &[REASON, CRATE];
        const RULE_KEYS: &[Key] = &[CRATE];

        let keys = match self {
            Self::Public => PUBLIC_KEYS,
            Self::Require => RULE_KEYS,
            Self::Authenticated | Self::RequireRole | Self::RequireScope => KEYS,
        };
        Table { attribute: self.name(), keys, misplaced: &[] }
    }
}

/// Reads what stands in the parentheses; what cannot stand there is reported, and the access is then mistaken.
pub(crate) fn declaration(kind: Kind, tokens: TokenStream, errors: &Errors) -> Declaration {
    let (keyed, positional): (Vec<_>, Vec<_>) =
        rule::split(tokens).into_iter().partition(|(_, argument)| is_key(kind, argument));
    let (mut entries, keys) = (Vec::new(), keyed.len());
    for (_, argument) in keyed {
        match refused_key(kind, &argument) {
            Some((key, message)) => errors.push(key, message),
            None => kind.table().extend(&mut entries, argument, errors),
        }
    }
    let misspelt = entries.len() < keys;
    let access = access(kind, positional, &entries, misspelt, errors);
    let krate =
        entries.iter().find(|entry| entry.key.name == CRATE.name).and_then(|entry| entry.path(errors));
    Declaration { kind, access: access.unwrap_or(Access::Mistaken), krate: Krate::new(krate) }
}

fn access(
    kind: Kind,
    positional: Vec<(Option<Punct>, TokenStream)>,
    entries: &[Entry],
    misspelt: bool,
    errors: &Errors,
) -> Option<Access> {
    if kind == Kind::Require {
        return require(positional, misspelt, errors).map(Access::Require);
    }
    let positional: Vec<_> = positional.into_iter().map(|(_, argument)| argument).collect();
    if kind == Kind::Public {
        return public(positional, entries, misspelt, errors);
    }
    let words = words::conditions(entries, errors);
    let names = |what, place, words| lists::names(what, place, positional.clone(), misspelt, words, errors);
    match kind {
        Kind::RequireRole => names(What::Role, Place::RequireRole, words).map(Access::Require),
        Kind::RequireScope => names(What::Scope, Place::RequireScope, words).map(Access::Require),
        _ => {
            authenticated(&positional, errors)?;
            let words = words?;
            Some(if words.is_empty() { Access::Authenticated } else { Access::Require(Rule::all(words)) })
        }
    }
}

/// Whether an argument is a key with its value: `key = ...`; where no rule is expected, also a word; where roles are
/// expected, a word that is meant for a key.
fn is_key(kind: Kind, argument: &TokenStream) -> bool {
    let mut tokens = argument.clone().into_iter();
    match (tokens.next(), tokens.next(), tokens.next()) {
        (Some(TokenTree::Ident(_)), Some(TokenTree::Punct(first)), second) => {
            let doubled = matches!(second, Some(TokenTree::Punct(second)) if second.as_char() == '=');
            first.as_char() == '=' && !doubled
        }
        (Some(TokenTree::Ident(word)), _, _) => match kind {
            Kind::Authenticated | Kind::Public => true,
            Kind::Require => false,
            Kind::RequireRole | Kind::RequireScope => words::is_like_one(&word.to_string()),
        },
        _ => false,
    }
}

/// A key that somebody might expect here, and what is wrong with it.
fn refused_key(kind: Kind, argument: &TokenStream) -> Option<(Ident, Message)> {
    let Some(TokenTree::Ident(key)) = argument.clone().into_iter().next() else { return None };
    let word = key.to_string();
    let (place, help) = match (kind, word.as_str()) {
        (Kind::Public, word) if WORDS.contains(&word) => {
            let message = Message::new(format!("`{word}` cannot stand in #[public(...)]"))
                .help(format!("write #[authenticated({word})] if callers have to be signed in"))
                .note("a public handler does not look at credentials, so there is no session to ask about");
            return Some((key, message));
        }
        (Kind::RequireRole, "role" | "roles") => {
            (Place::RequireRole, "write the roles alone, as in #[require_role(\"admin\")]".to_owned())
        }
        (Kind::RequireScope, "scope" | "scopes") => (
            Place::RequireScope,
            "write the scopes alone, as in #[require_scope(\"posts:write\")]".to_owned(),
        ),
        (Kind::Authenticated, "role" | "roles") => {
            let message = Message::new(format!("`{word}` is not a key of #[authenticated(...)]"))
                .help("write #[require_role(\"admin\")] for those with a role");
            return Some((key, message));
        }
        (Kind::Authenticated, "scope" | "scopes") => {
            let message = Message::new(format!("`{word}` is not a key of #[authenticated(...)]"))
                .help("write #[require_scope(\"posts:write\")] for those with a scope");
            return Some((key, message));
        }
        (Kind::Require, word) => (Place::Require, format!("write {}", rule::example_of(word)?)),
        _ => return None,
    };
    Some((key, Message::new(format!("`{word}` is not a key of {}", place.written())).help(help)))
}

/// The rule between the commas that belong to keys.
fn require(parts: Vec<(Option<Punct>, TokenStream)>, misspelt: bool, errors: &Errors) -> Option<Rule> {
    if parts.iter().all(|(_, part)| part.is_empty()) {
        if !misspelt {
            errors.push_at(
                Span::call_site(),
                Message::new("#[require] has no rule").help(
                    "write #[require(role(\"admin\") && scope(\"posts:write\"))], or #[authenticated] for any \
                     signed-in user",
                ),
            );
        }
        return None;
    }
    rule::rule(parts, Place::Require, errors)
}

fn authenticated(positional: &[TokenStream], errors: &Errors) -> Option<()> {
    for argument in positional {
        let message = match quoted_word(argument) {
            Some(word) => Message::new(format!("`{word}` stands in #[authenticated(...)] without quotes"))
                .help(format!("write #[authenticated({word})]")),
            None => Message::new("#[authenticated] lets in any signed-in user and takes no roles")
                .help("write #[require_role(\"admin\")] for those with a role"),
        };
        errors.push(argument, message);
    }
    positional.is_empty().then_some(())
}

/// `"live"` for `live`, where a string cannot be a role.
fn quoted_word(argument: &TokenStream) -> Option<&'static str> {
    let text = syn::parse2::<LitStr>(argument.clone()).ok()?.value();
    WORDS.into_iter().find(|word| *word == text)
}

fn public(
    positional: Vec<TokenStream>,
    entries: &[Entry],
    misspelt: bool,
    errors: &Errors,
) -> Option<Access> {
    for argument in &positional {
        errors.push(
            argument,
            Message::new("#[public] takes its reason by name")
                .help(format!("write #[public(reason = {argument})]")),
        );
    }
    if !positional.is_empty() {
        return None;
    }
    let Some(entry) = entries.iter().find(|entry| entry.key.name == REASON.name) else {
        if misspelt {
            return None;
        }
        errors.push_at(
            Span::call_site(),
            Message::new("#[public] does not say why anybody may call this handler")
                .help("write #[public(reason = \"health probe\")]"),
        );
        return None;
    };
    let reason = entry.text(errors)?;
    if reason.value().trim().is_empty() {
        errors.push(
            &reason,
            Message::new("the reason in #[public(...)] is empty")
                .help("say why anybody may call this handler, as in reason = \"health probe\""),
        );
        return None;
    }
    Some(Access::Public(reason))
}
