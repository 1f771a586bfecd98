//! The arguments of `#[check]`, and the function below it.

use proc_macro2::TokenStream;

use crate::access::access_attribute;
use crate::errors::{Errors, Message, Reported};
use crate::function::{self, Function, Item, Noun, Unchecked, is_utoipa_path};
use crate::keys::{CRATE, Entries, Form, Key, Table};
use crate::krate::Krate;

const NOT_FOUND: Key = Key { name: "not_found", usage: "not_found" };

const TABLE: Table =
    Table { name: "check", form: Form::Attribute, keys: &[NOT_FOUND, CRATE], misplaced: &[] };

pub(super) const CHECK: &str = "check";
const DEBUG_HANDLER: &str = "debug_handler";
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

/// Reads the item.
pub(super) fn read(item: TokenStream, errors: &Errors) -> Result<Item, Reported> {
    function::read(&NOUN, item, errors)
}

/// The function. Everything that makes its signature and attributes unfit for a check is reported.
pub(super) fn function(mut unchecked: Unchecked, errors: &Errors) -> Result<Function, Reported> {
    let other = unchecked.attrs.iter().find_map(|attr| Some((attr, other_use(attr)?)));
    let reported = other.map(|(attr, name)| {
        let message = match name {
            CHECK => Message::new("#[check] is written twice above one function").help("keep one of the two"),
            DEBUG_HANDLER => Message::new("#[check] and #[debug_handler] cannot be on the same function")
                .help("remove #[debug_handler]: it examines handlers, and rules ask this function"),
            _ => Message::new(format!("#[check] and #[{name}] cannot be on the same function"))
                .help("write two functions: one that a rule asks, and one that handles requests")
                .note("name the first one in the rule above the second, as in #[require(check(owns_post))]"),
        };
        errors.push(attr.path(), message)
    });
    // Left in, these attributes would report the same mistake again.
    unchecked.attrs.retain(|attr| other_use(attr).is_none());
    match (unchecked.checked(&NOUN, errors, |_| ()), reported) {
        (Ok(function), None) => Ok(function),
        (_, Some(reported)) | (Err((reported, _)), None) => Err(reported),
    }
}

/// The name of an attribute that makes something else of the function.
pub(super) fn other_use(attr: &syn::Attribute) -> Option<&'static str> {
    let is_named = |name: &&str| attr.path().segments.last().is_some_and(|last| last.ident == name);
    match access_attribute(attr) {
        Some(attribute) => Some(attribute.name()),
        None if is_utoipa_path(attr) => Some(UTOIPA_PATH),
        None => [CHECK, DEBUG_HANDLER].into_iter().find(is_named),
    }
}
