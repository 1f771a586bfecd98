//! The arguments of an access attribute.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::{Expr, ExprLit, Lit, LitStr, Path};

use super::model::{Access, Declaration, Kind, Proof, Role};
use crate::errors::{Errors, Message};
use crate::keys::{CRATE, Entry, Key, Table, arguments, bare};
use crate::krate::Krate;
use crate::suggest::nearest;

const REASON: Key = Key { name: "reason", usage: "reason = \"...\"" };
const LIVE: Key = Key { name: "live", usage: "live" };
const BOTH_TOKENS: Key = Key { name: "both_tokens", usage: "both_tokens" };

impl Kind {
    fn table(self) -> Table {
        const KEYS: &[Key] = &[LIVE, BOTH_TOKENS, CRATE];
        const PUBLIC_KEYS: &[Key] = &[REASON, CRATE];

        let keys = if self == Self::Public { PUBLIC_KEYS } else { KEYS };
        Table { attribute: self.name(), keys, misplaced: &[] }
    }
}

/// Reads what stands in the parentheses; what cannot stand there is reported, and the access is then mistaken.
pub(crate) fn declaration(kind: Kind, tokens: TokenStream, errors: &Errors) -> Declaration {
    let (keyed, positional): (Vec<_>, Vec<_>) =
        arguments(tokens).into_iter().partition(|argument| is_key(kind, argument));
    let (mut entries, keys) = (Vec::new(), keyed.len());
    for argument in keyed {
        if let Some(key) = key_of_a_role(kind, &argument) {
            errors.push(
                &key,
                Message::new(format!("`{key}` is not a key of #[require_role(...)]"))
                    .help("write the roles alone, as in #[require_role(\"admin\")]"),
            );
            continue;
        }
        if let Some(word) = proof_of_nobody(kind, &argument) {
            errors.push(
                &word,
                Message::new(format!("`{word}` cannot stand in #[public(...)]"))
                    .help(format!("write #[authenticated({word})] if callers have to be signed in"))
                    .note(
                        "a public handler does not look at credentials, so there is no session to ask about",
                    ),
            );
            continue;
        }
        kind.table().extend(&mut entries, argument, errors);
    }
    let misspelt = entries.len() < keys;
    let access = match kind {
        Kind::RequireRole => {
            let proof = proof(&entries, errors);
            let roles = roles(positional, misspelt, proof, errors);
            roles.zip(proof).map(|(roles, proof)| Access::Roles(roles, proof))
        }
        Kind::Authenticated => {
            let proof = proof(&entries, errors);
            authenticated(&positional, errors).and(proof).map(Access::Authenticated)
        }
        Kind::Public => public(positional, &entries, misspelt, errors),
    };
    let krate =
        entries.iter().find(|entry| entry.key.name == CRATE.name).and_then(|entry| entry.path(errors));
    Declaration { kind, access: access.unwrap_or(Access::Mistaken), krate: Krate::new(krate) }
}

/// Whether an argument is a key with its value rather than a role: `key = ...`, or a word; where roles are expected, a word
/// that is meant for a key.
fn is_key(kind: Kind, argument: &TokenStream) -> bool {
    let mut tokens = argument.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Ident(_)), Some(TokenTree::Punct(punct))) => punct.as_char() == '=',
        (Some(TokenTree::Ident(word)), _) => kind != Kind::RequireRole || is_like_a_proof(&word.to_string()),
        _ => false,
    }
}

fn is_like_a_proof(word: &str) -> bool {
    word.starts_with(char::is_lowercase) && nearest(word, [LIVE.name, BOTH_TOKENS.name]).is_some()
}

/// `live` or `both_tokens` where nobody has to be signed in.
fn proof_of_nobody(kind: Kind, argument: &TokenStream) -> Option<Ident> {
    let Some(TokenTree::Ident(word)) = argument.clone().into_iter().next() else { return None };
    (kind == Kind::Public && (word == LIVE.name || word == BOTH_TOKENS.name)).then_some(word)
}

/// What the words in the attribute ask for; `None` after a mistake.
fn proof(entries: &[Entry], errors: &Errors) -> Option<Proof> {
    let given = |key: &Key| entries.iter().find(|entry| entry.key.name == key.name);
    let (live, both_tokens) = (given(&LIVE), given(&BOTH_TOKENS));
    // Both are looked at, so that both mistakes are reported.
    let mistakes = [live, both_tokens].into_iter().flatten().filter(|entry| !entry.flag(errors)).count();
    if mistakes > 0 {
        return None;
    }
    match (live, both_tokens) {
        (None, None) => Some(Proof::AccessToken),
        (Some(_), None) => Some(Proof::Live),
        (None, Some(_)) => Some(Proof::BothTokens),
        (Some(live), Some(_)) => {
            errors.push(
                &live.ident,
                Message::new("`both_tokens` asks for a live session already").help("remove `live`"),
            );
            None
        }
    }
}

/// The key in `role = "admin"`, with which some attributes of this kind begin.
fn key_of_a_role(kind: Kind, argument: &TokenStream) -> Option<Ident> {
    let Some(TokenTree::Ident(key)) = argument.clone().into_iter().next() else { return None };
    (kind == Kind::RequireRole && (key == "role" || key == "roles")).then_some(key)
}

fn roles(
    arguments: Vec<TokenStream>,
    misspelt: bool,
    proof: Option<Proof>,
    errors: &Errors,
) -> Option<Vec<Role>> {
    if arguments.is_empty() {
        if let Some(proof) = proof.filter(|_| !misspelt) {
            errors.push_at(Span::call_site(), no_role(proof));
        }
        return None;
    }
    let expected = arguments.len();
    let mut roles = Vec::<Role>::new();
    for role in arguments.into_iter().filter_map(|argument| role(argument, errors)) {
        if roles.contains(&role) {
            errors.push_at(
                role.span(),
                Message::new(format!("the role `{}` stands twice in #[require_role(...)]", role.word()))
                    .help("keep one of the two"),
            );
        }
        roles.push(role);
    }
    (roles.len() == expected).then_some(roles)
}

fn no_role(proof: Proof) -> Message {
    let help = match proof {
        Proof::AccessToken => "write #[require_role(\"admin\")], or #[authenticated] for any signed-in user",
        Proof::Live => {
            "write #[require_role(\"admin\", live)], or #[authenticated(live)] for any signed-in user"
        }
        Proof::BothTokens => {
            "write #[require_role(\"admin\", both_tokens)], or #[authenticated(both_tokens)] for any signed-in user"
        }
    };
    Message::new("#[require_role] names no role").help(help)
}

fn role(argument: TokenStream, errors: &Errors) -> Option<Role> {
    if argument.is_empty() {
        errors.push_at(Span::call_site(), "a role is missing between two commas in #[require_role(...)]");
        return None;
    }
    match syn::parse2(argument.clone()).map(bare) {
        Ok(Expr::Lit(ExprLit { lit: Lit::Str(name), attrs })) if attrs.is_empty() => named(name, errors),
        Ok(Expr::Path(path))
            if path.qself.is_none() && path.attrs.is_empty() && !is_word_without_quotes(&path.path) =>
        {
            Some(Role::Path(path.path))
        }
        _ => {
            errors.push(
                argument,
                Message::new("a role in #[require_role(...)] is a string or a path")
                    .help("write \"admin\" or Role::Admin"),
            );
            None
        }
    }
}

/// `admin` for `"admin"`: neither a variant nor a constant begins with a small letter.
fn is_word_without_quotes(path: &Path) -> bool {
    path.get_ident().is_some_and(|word| word.to_string().starts_with(char::is_lowercase))
}

fn named(name: LitStr, errors: &Errors) -> Option<Role> {
    let text = name.value();
    if text.is_empty() {
        errors.push(
            &name,
            Message::new("a role in #[require_role(...)] is empty")
                .help("name the role, or write #[authenticated] for any signed-in user"),
        );
        return None;
    }
    // As a role it would look nothing up, and the attribute would read as if it did.
    if let Some(word) = proof_named(&text) {
        errors.push(
            &name,
            Message::new(format!("`{word}` stands in #[require_role(...)] without quotes"))
                .help(format!("write #[require_role(\"admin\", {word})]")),
        );
        return None;
    }
    // The scope-token of RFC 6749 section 3.3, which every role has to be.
    let refused = text.chars().find(|c| !matches!(c, '\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E'));
    if let Some(refused) = refused {
        errors.push(
            &name,
            Message::new(format!("a role in #[require_role(...)] cannot hold {refused:?}"))
                .help("list several roles with commas: #[require_role(\"admin\", \"support\")]")
                .note("a role is made of visible ASCII characters without quotes and backslashes"),
        );
        return None;
    }
    Some(Role::Name(name))
}

fn authenticated(positional: &[TokenStream], errors: &Errors) -> Option<()> {
    for argument in positional {
        let message = match quoted_proof(argument) {
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
fn quoted_proof(argument: &TokenStream) -> Option<&'static str> {
    proof_named(&syn::parse2::<LitStr>(argument.clone()).ok()?.value())
}

fn proof_named(text: &str) -> Option<&'static str> {
    [LIVE.name, BOTH_TOKENS.name].into_iter().find(|name| *name == text)
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
