//! The function below an access attribute, fit for a guard.

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::Attribute;

use super::model::{Handler, Kind};
use crate::errors::{Errors, Message};
use crate::function::{self, Function, Noun};

/// axum's handlers take 16 arguments, and the guard is one of them.
const MAX_ARGUMENTS: usize = 15;

/// Reads the item; everything that makes it unfit for a guard is reported.
pub(crate) fn handler(kind: Kind, item: TokenStream, errors: &Errors) -> Option<Handler> {
    let noun = Noun {
        attribute: kind.name(),
        what: "a handler",
        place: "put it above each handler that it is for",
        generic: "a route runs one function, and its guard is made for that one",
    };
    let read = function::read(&noun, item, errors)?;
    only_attribute(kind, &read.attrs, errors);
    let function = read.checked(&noun, errors);
    let Function { mut attrs, vis, ident, inputs, output, body } = function?;
    attrs.retain(|attr| access_attribute(attr).is_none() && !is_check(attr));
    if let Some(excess) = inputs.iter().nth(MAX_ARGUMENTS) {
        errors.push(
            excess.to_token_stream(),
            Message::new(format!(
                "a handler under #[{}] takes at most {MAX_ARGUMENTS} arguments",
                kind.name()
            ))
            .help("put several extractors into one tuple argument")
            .note("axum takes 16, and the guard is one of them"),
        );
        return None;
    }
    Some(Handler { attrs, vis, ident, inputs, output, body })
}

fn is_check(attr: &Attribute) -> bool {
    attr.path().is_ident("check")
}

/// Which access attribute it is, if any.
pub(crate) fn access_attribute(attr: &Attribute) -> Option<Kind> {
    let last = attr.path().segments.last()?;
    Kind::ALL.into_iter().find(|kind| last.ident == kind.name())
}

fn only_attribute(kind: Kind, attrs: &[Attribute], errors: &Errors) {
    let name = kind.name();
    for attr in attrs {
        if is_check(attr) {
            errors.push(
                attr.path(),
                Message::new(format!("#[{name}] and #[check] stand above one function"))
                    .help("make two functions: a rule asks the one, and the other handles requests"),
            );
        }
        let Some(other) = access_attribute(attr) else { continue };
        let message = if other == kind {
            Message::new(format!("#[{name}] stands twice above one handler"))
        } else if matches!((kind, other), (Kind::Public, _) | (_, Kind::Public)) {
            Message::new(format!("#[{name}] and #[{}] contradict each other", other.name()))
        } else {
            Message::new(format!("#[{name}] and #[{}] stand above one handler", other.name()))
        };
        errors.push(attr.path(), message.help(instead_of_both(kind, other)));
    }
}

fn instead_of_both(kind: Kind, other: Kind) -> &'static str {
    match (kind, other) {
        (Kind::RequireRole, Kind::RequireRole) => {
            "write #[require(role(\"admin\") && role(\"support\"))] where both are needed; \
             #[require_role(\"admin\", \"support\")] lets in who has one of them"
        }
        (Kind::RequireScope, Kind::RequireScope) => {
            "write #[require(scope(\"posts:write\") && scope(\"posts:admin\"))] where both are needed; \
             #[require_scope(\"posts:write\", \"posts:admin\")] lets in who has one of them"
        }
        (Kind::Authenticated, Kind::Authenticated) | (Kind::Public, _) | (_, Kind::Public) => {
            "keep one of the two"
        }
        (Kind::RequireRole, Kind::Authenticated) | (Kind::Authenticated, Kind::RequireRole) => {
            "remove #[authenticated]; who has a role is signed in"
        }
        (Kind::RequireScope, Kind::Authenticated) | (Kind::Authenticated, Kind::RequireScope) => {
            "remove #[authenticated]; who has a scope is signed in"
        }
        (Kind::Require, Kind::Authenticated) | (Kind::Authenticated, Kind::Require) => {
            "remove #[authenticated]; who satisfies a rule is signed in"
        }
        _ => "write one rule, as in #[require(role(\"admin\") && scope(\"posts:write\"))]",
    }
}
