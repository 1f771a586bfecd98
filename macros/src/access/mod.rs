//! `#[authenticated]`, `#[public(...)]`, `#[require(...)]`, `#[require_role(...)]` and `#[require_scope(...)]`.

mod document;
mod expand;
mod flags;
mod handler;
mod lists;
mod model;
pub(crate) mod names;
mod parse;
mod refusals;
pub(crate) mod rule;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::errors::Errors;

pub(crate) use handler::access_attribute;
pub(crate) use model::Attribute;

/// The guarded function; after a mistake that leaves nothing to guard, the function as it was. The mistakes come first.
pub(crate) fn attribute(attribute: Attribute, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let declaration = parse::declaration(attribute, arguments, &errors);
    let handler = handler::handler(attribute, item.clone(), &errors);
    let mut tokens = errors.into_tokens();
    tokens.extend(handler.map_or(item, |handler| expand::expand(&declaration, handler)));
    tokens
}
