//! The names in `#[require_role(...)]` and `#[require_scope(...)]`.

use proc_macro2::{Span, TokenStream};
use syn::{Expr, ExprLit, Lit};

use super::model::Role;
use super::names::{self, Place, What};
use super::rule::{Atom, Kind, Rule};
use super::words;
use crate::errors::{Errors, Message, compact};
use crate::keys::bare;

/// Any of the names, and all that the words ask for.
pub(crate) fn names(
    what: What,
    place: Place,
    arguments: Vec<TokenStream>,
    misspelt: bool,
    words: Option<Vec<Rule>>,
    errors: &Errors,
) -> Option<Rule> {
    if arguments.is_empty() {
        if let Some(words) = words.filter(|_| !misspelt) {
            errors.push_at(Span::call_site(), no_name(what, &words));
        }
        return None;
    }
    let expected = arguments.len();
    let mut named = Vec::<Atom>::new();
    for name in arguments.into_iter().filter_map(|argument| name(what, place, argument, errors)) {
        if named.iter().any(|other| other.is_same(&name)) {
            let (word, written) = (what.word(), place.written());
            let shown = match &name.kind {
                Kind::Role(role) => role.word(),
                _ => name.text().trim_matches('"').to_owned(),
            };
            errors.push(
                &name.tokens,
                Message::new(format!("the {word} `{shown}` stands twice in {written}"))
                    .help("keep one of the two"),
            );
        }
        named.push(name);
    }
    let named = (named.len() == expected).then_some(named)?;
    let any = Rule::any(named.into_iter().map(Rule::Atom));
    Some(Rule::all([any].into_iter().chain(words?)))
}

fn no_name(what: What, words: &[Rule]) -> Message {
    let (word, [example, _]) = (what.word(), what.examples());
    let help = if words.is_empty() {
        format!("write #[require_{word}(\"{example}\")], or #[authenticated] for any signed-in user")
    } else {
        let words = words::repeated(words);
        format!(
            "write #[require_{word}(\"{example}\", {words})], or #[authenticated({words})] for any signed-in user"
        )
    };
    Message::new(format!("#[require_{word}] names no {word}")).help(help)
}

fn name(what: What, place: Place, argument: TokenStream, errors: &Errors) -> Option<Atom> {
    let (word, written) = (what.word(), place.written());
    if argument.is_empty() {
        errors.push_at(
            Span::call_site(),
            Message::new(format!("a {word} is missing between two commas in {written}"))
                .help("remove one of the two"),
        );
        return None;
    }
    let message = match (what, syn::parse2(argument.clone()).map(bare)) {
        (_, Ok(Expr::Lit(ExprLit { lit: Lit::Str(name), attrs }))) if attrs.is_empty() => {
            let name = names::quoted(name, what, place, errors)?;
            let kind = if what == What::Role { Kind::Role(Role::Name(name)) } else { Kind::Scope(name) };
            return Some(Atom { kind, tokens: argument });
        }
        (What::Role, Ok(Expr::Path(path))) if path.qself.is_none() && path.attrs.is_empty() => {
            match names::path(path.path) {
                Ok(role) => return Some(Atom { kind: Kind::Role(role), tokens: argument }),
                Err(word) => names::without_quotes(&word, what, place, |word| format!("{word:?}")),
            }
        }
        (What::Scope, Ok(Expr::Path(path))) if path.path.get_ident().is_some() => {
            names::without_quotes(&path.path, what, place, |word| format!("{word:?}"))
        }
        (_, Ok(Expr::Array(list))) => {
            let names = list.elems.iter().map(compact).collect::<Vec<_>>().join(", ");
            Message::new(format!("{word}s in {written} stand without brackets"))
                .help(format!("write #[require_{word}({names})]"))
        }
        (What::Role, _) => Message::new(format!("a role in {written} is a string or a path"))
            .help("write \"admin\" or Role::Admin"),
        (What::Scope, _) => {
            Message::new(format!("a scope in {written} is a string")).help("write \"posts:write\"")
        }
    };
    errors.push(&argument, message);
    None
}
