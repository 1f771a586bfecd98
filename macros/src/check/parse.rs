//! The arguments of `#[check]`, and the function below it.

use proc_macro2::TokenStream;

use crate::access::access_attribute;
use crate::errors::{Errors, Message, Reported};
use crate::function::{self, Function, Noun};
use crate::keys::{CRATE, Entries, Form, Key, Table};
use crate::krate::Krate;

const NOT_FOUND: Key = Key { name: "not_found", usage: "not_found" };

const TABLE: Table =
    Table { name: "check", form: Form::Attribute, keys: &[NOT_FOUND, CRATE], misplaced: &[] };

const UTOIPA_PATH: &str = "utoipa::path";

const NOUN: Noun = Noun {
    attribute: "check",
    what: "a function",
    move_it: "put it above each function that a rule asks with check(...)",
    generic: "a rule asks one function, with the types that it has",
};

pub(super) struct Options {
    pub(super) krate: Krate,
    /// Whether a refusal is a 404.
    pub(super) not_found: bool,
}

pub(super) fn options(arguments: TokenStream, errors: &Errors) -> Options {
    let mut entries = Entries::default();
    TABLE.extend(&mut entries, arguments, errors);
    let krate = entries.krate(errors);
    let not_found = entries.get(NOT_FOUND.name).is_some_and(|entry| entry.flag(errors).is_ok());
    Options { krate, not_found }
}

/// Reads the item. Everything that makes the function's signature and attributes unfit for a check is reported.
pub(super) fn function(item: TokenStream, errors: &Errors) -> Result<Function, Reported> {
    let unchecked = function::read(&NOUN, item, errors)?;
    for attr in &unchecked.attrs {
        let Some(name) = other_use(attr) else { continue };
        let message = if name == TABLE.name {
            Message::new("#[check] is written twice above one function").help("keep one of the two")
        } else {
            Message::new(format!("#[check] and #[{name}] cannot be on the same function"))
                .help("write two functions: one that a rule asks, and one that handles requests")
                .note("name the first one in the rule above the second, as in #[require(check(owns_post))]")
        };
        errors.push(attr.path(), message);
    }
    let mut function = unchecked.checked(&NOUN, errors)?;
    // Left in, these attributes would report the same mistake again.
    function.attrs.retain(|attr| other_use(attr).is_none_or(|name| name == UTOIPA_PATH));
    Ok(function)
}

/// The name of an attribute that makes something else of the function.
fn other_use(attr: &syn::Attribute) -> Option<&'static str> {
    let path = attr.path();
    let utoipa =
        path.segments.len() == 2 && path.segments.first().is_some_and(|first| first.ident == "utoipa");
    let twice = path.segments.last().is_some_and(|last| last.ident == TABLE.name);
    match access_attribute(attr) {
        Some(attribute) => Some(attribute.name()),
        None if utoipa => Some(UTOIPA_PATH),
        None => twice.then_some(TABLE.name),
    }
}
