//! `#[authenticated]`, `#[public(...)]`, `#[require(...)]`, `#[require_role(...)]` and `#[require_scope(...)]`.

mod document;
mod expand;
mod handler;
mod lists;
mod model;
pub(crate) mod names;
mod parse;
mod refusals;
pub(crate) mod rule;
#[cfg(test)]
mod tests;
mod words;

use proc_macro2::TokenStream;

use crate::errors::Errors;

pub(crate) use handler::access_attribute;
pub(crate) use model::Kind;

/// The guarded function, or the function as it was with every mistake beside it.
pub(crate) fn attribute(kind: Kind, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let declaration = parse::declaration(kind, arguments, &errors);
    let handler = handler::handler(kind, item.clone(), &errors);
    let expanded = handler.map(|mut handler| {
        let documented =
            cfg!(feature = "openapi") && document::complete(&declaration, &mut handler.attrs, &errors);
        expand::expand(&declaration, handler, documented)
    });
    let mut tokens = errors.check().map_or_else(|error| error.to_compile_error(), |()| TokenStream::new());
    tokens.extend(expanded.unwrap_or(item));
    tokens
}
