//! The arguments of `#[check]`, and the function below it.

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::{Ident, PatType, ReturnType, Type};

use crate::access::access_attribute;
use crate::errors::{Errors, Message};
use crate::function::{self, Function, Noun, find};
use crate::keys::{CRATE, Entry, Key, Table};
use crate::krate::Krate;

const NOT_FOUND: Key = Key { name: "not_found", usage: "not_found" };

const TABLE: Table = Table { attribute: "check", keys: &[NOT_FOUND, CRATE], misplaced: &[] };

const UTOIPA_PATH: &str = "utoipa::path";

/// Extractors that take the body, by the names that they are known by.
const BODIES: [&str; 7] = ["Body", "Bytes", "Form", "Json", "Multipart", "RawForm", "String"];

const NOUN: Noun = Noun {
    attribute: "check",
    what: "a function",
    place: "put it above each function that a rule asks with check(...)",
    generic: "a rule asks one function, with the types that it has",
};

pub(super) struct Options {
    pub(super) krate: Krate,
    /// A refusal is 404.
    pub(super) not_found: bool,
}

/// A function that a rule can ask.
pub(super) struct Check {
    pub(super) function: Function,
    pub(super) answer: Type,
}

pub(super) fn options(arguments: TokenStream, errors: &Errors) -> Options {
    let mut entries = Vec::new();
    TABLE.extend(&mut entries, arguments, errors);
    let entry = |key: &Key| entries.iter().find(|entry: &&Entry| entry.key.name == key.name);
    Options {
        krate: Krate::new(entry(&CRATE).and_then(|entry| entry.path(errors))),
        not_found: entry(&NOT_FOUND).is_some_and(|entry| entry.flag(errors)),
    }
}

/// Reads the item; everything that makes it unfit for a check is reported.
pub(super) fn check(item: TokenStream, errors: &Errors) -> Option<Check> {
    let read = function::read(&NOUN, item, errors)?;
    for attr in &read.attrs {
        let Some(name) = other_use(attr) else { continue };
        if name == TABLE.attribute {
            let message = Message::new("#[check] stands twice above one function");
            errors.push(attr.path(), message.help("keep one of the two"));
            continue;
        }
        errors.push(
            attr.path(),
            Message::new(format!("#[check] and #[{name}] stand above one function"))
                .help("make two functions: a rule asks the one, and the other handles requests")
                .note("name the first one in the rule above the second, as in #[require(check(owns_post))]"),
        );
    }
    let mut function = read.checked(&NOUN, errors)?;
    // So that it is one mistake.
    function.attrs.retain(|attr| other_use(attr).is_none_or(|name| name == UTOIPA_PATH));
    let mut fit = true;
    for input in &function.inputs {
        fit &= is_fit(input, errors);
    }
    let answer = answer(&function.ident, &function.output, errors);
    Some(Check { answer: answer.filter(|_| fit)?, function })
}

/// What else an attribute makes of the function.
fn other_use(attr: &syn::Attribute) -> Option<&'static str> {
    let path = attr.path();
    let utoipa =
        path.segments.len() == 2 && path.segments.first().is_some_and(|first| first.ident == "utoipa");
    let twice = path.segments.last().is_some_and(|last| last.ident == "check");
    match access_attribute(attr) {
        Some(kind) => Some(kind.name()),
        None if utoipa => Some(UTOIPA_PATH),
        None => twice.then_some("check"),
    }
}

fn is_fit(input: &PatType, errors: &Errors) -> bool {
    let conditional =
        input.attrs.iter().find(|attr| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr"));
    if let Some(attr) = conditional {
        errors.push(
            attr,
            Message::new("an argument of a function under #[check] cannot depend on `cfg`")
                .help("put the `cfg` above a function of its own"),
        );
        return false;
    }
    match bare(&input.ty) {
        Type::Reference(reference) => {
            errors.push(
                reference.and_token,
                Message::new("a function under #[check] takes its arguments by value")
                    .help("write an extractor without the `&`, as in `user: User` or `Path(id): Path<u64>`")
                    .note("they are taken from the request, as those of a handler are"),
            );
            false
        }
        Type::Path(path) => {
            let body = path.path.segments.last().filter(|last| BODIES.iter().any(|body| last.ident == body));
            if let Some(body) = body {
                errors.push(
                    &body.ident,
                    Message::new(format!(
                        "a function under #[check] cannot take the body, as `{}` does",
                        body.ident
                    ))
                    .help("take the claims, `Path<...>`, `Query<...>`, `State<...>` or headers")
                    .note("a check decides before the body is read"),
                );
            }
            body.is_none()
        }
        _ => true,
    }
}

fn answer(ident: &Ident, output: &ReturnType, errors: &Errors) -> Option<Type> {
    let message = |sentence: &str| {
        Message::new(sentence)
            .help(format!("write `async fn {ident}(...) -> bool`, or `-> Result<bool, ...>` if it can fail"))
    };
    let ReturnType::Type(_, ty) = output else {
        errors.push(ident, message("a function under #[check] answers whether the request may pass"));
        return None;
    };
    if let Some(token) = find(ty.to_token_stream(), "impl") {
        errors.push(token, message("a function under #[check] names the type that it answers with"));
        return None;
    }
    Some((**ty).clone())
}

/// A type without the invisible parentheses that `macro_rules!` puts around what it captured.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(inner) => bare(&inner.elem),
        Type::Paren(inner) => bare(&inner.elem),
        other => other,
    }
}
