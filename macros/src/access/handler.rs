//! The function below an access attribute, fit for a guard.

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::Signature;

use super::document::Document;
use super::model::{Attribute, Declaration};
use super::signature;
use crate::check;
use crate::errors::{Errors, Message, Reported};
use crate::function::{self, Function, Item, Noun, StandIn, Unchecked};

/// A handler with room for the guard.
pub(crate) struct Handler {
    pub(crate) function: Function,
    /// The `#[utoipa::path(...)]` below the attribute.
    pub(crate) document: Option<Document>,
}

/// axum's handlers take 16 arguments, and the guard is one of them.
const MAX_ARGUMENTS: usize = 15;

fn noun(attribute: Attribute) -> Noun {
    Noun {
        attribute: attribute.name(),
        what: "a handler",
        move_it: "put it above each handler that it is for",
        generic: "a route runs one function, and its guard is made for that one",
    }
}

/// Reads the item below the attribute.
pub(crate) fn read(attribute: Attribute, item: TokenStream, errors: &Errors) -> Result<Item, Reported> {
    function::read(&noun(attribute), item, errors)
}

/// The function with room for a guard. Everything that makes it unfit for one is reported.
pub(crate) fn handler(
    attribute: Attribute,
    mut unchecked: Unchecked,
    errors: &Errors,
) -> Result<Handler, StandIn> {
    only_attribute(attribute, &unchecked.attrs, errors);
    let is_check = unchecked.attrs.iter().any(is_check);
    unchecked.attrs.retain(|attr| access_attribute(attr).is_none() && !self::is_check(attr));
    let function = unchecked
        .checked(&noun(attribute), errors, |signature| {
            if signature.inputs.len() > MAX_ARGUMENTS {
                too_many_arguments(attribute, signature, errors);
            } else if !is_check {
                signature::examine(attribute, signature, errors);
            }
        })
        .map_err(|(_, stand_in)| stand_in)?;
    let document = Document::read(attribute, &function.attrs, errors);
    Ok(Handler { function, document })
}

/// The check that a `#[check]` below the attribute would have made, so that a rule can name it.
pub(crate) fn mistaken_check(function: &Unchecked, declaration: &Declaration) -> Option<TokenStream> {
    let is_check = function.attrs.iter().any(is_check);
    is_check.then(|| check::mistaken(function, &declaration.krate.private()))
}

fn too_many_arguments(attribute: Attribute, signature: &Signature, errors: &Errors) {
    if let Some(excess) = signature.inputs.iter().nth(MAX_ARGUMENTS) {
        let name = attribute.name();
        let message = format!("a handler under #[{name}] takes at most {MAX_ARGUMENTS} arguments");
        let message = Message::new(message).help("put several extractors into one tuple argument");
        let note = "axum takes 16, and the guard is one of them";
        errors.push(excess.to_token_stream(), message.note(note));
    }
}

/// Whether an attribute is for functions alone, and would report another item by itself.
pub(crate) fn is_of_functions(attr: &syn::Attribute) -> bool {
    let is_helper = attr
        .path()
        .segments
        .last()
        .is_some_and(|last| ["debug_handler", "instrument"].iter().any(|name| last.ident == name));
    is_helper || access_attribute(attr).is_some() || is_check(attr) || function::is_utoipa_path(attr)
}

fn is_check(attr: &syn::Attribute) -> bool {
    attr.path().segments.last().is_some_and(|last| last.ident == "check")
}

/// Which access attribute it is, if any.
pub(crate) fn access_attribute(attr: &syn::Attribute) -> Option<Attribute> {
    let last = attr.path().segments.last()?;
    Attribute::ALL.into_iter().find(|attribute| last.ident == attribute.name())
}

fn only_attribute(attribute: Attribute, attrs: &[syn::Attribute], errors: &Errors) {
    let name = attribute.name();
    for attr in attrs {
        if is_check(attr) {
            let message = Message::new(format!("#[{name}] and #[check] cannot be on the same function"));
            let help = "write two functions: one that a rule asks, and one that handles requests";
            errors.push(attr.path(), message.help(help));
        }
        let Some(other) = access_attribute(attr) else { continue };
        let other_name = other.name();
        let message = if other == attribute {
            format!("#[{name}] is written twice above one handler")
        } else if [attribute, other].contains(&Attribute::Public) {
            format!("#[{name}] and #[{other_name}] contradict each other")
        } else {
            format!("#[{name}] and #[{other_name}] cannot be on the same handler")
        };
        errors.push(attr.path(), Message::new(message).help(instead_of_both(attribute, other)));
    }
}

fn instead_of_both(attribute: Attribute, other: Attribute) -> &'static str {
    match (attribute, other) {
        (Attribute::RequireRole, Attribute::RequireRole) => {
            "write #[require(role(\"admin\") && role(\"support\"))] where both are needed; \
             #[require_role(\"admin\", \"support\")] lets in users with one of them"
        }
        (Attribute::RequireScope, Attribute::RequireScope) => {
            "write #[require(scope(\"posts:write\") && scope(\"posts:admin\"))] where both are needed; \
             #[require_scope(\"posts:write\", \"posts:admin\")] lets in users with one of them"
        }
        (Attribute::Authenticated, Attribute::Authenticated)
        | (Attribute::Public, _)
        | (_, Attribute::Public) => "keep one of the two",
        (Attribute::Authenticated, stricter) | (stricter, Attribute::Authenticated) => match stricter {
            Attribute::RequireRole => "remove #[authenticated]; a user with a role is signed in",
            Attribute::RequireScope => "remove #[authenticated]; a user with a scope is signed in",
            _ => "remove #[authenticated]; a user who satisfies a rule is signed in",
        },
        _ => "write one rule, as in #[require(role(\"admin\") && scope(\"posts:write\"))]",
    }
}
