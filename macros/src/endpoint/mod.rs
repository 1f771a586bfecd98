//! `typed_refresh_handler!(refresh, AppState)`: a handler with concrete types, and its document.

mod expand;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::krate::Krate;

/// Expands the handler, or reports every mistake in the input. A handler whose name and state are right is written in any case, so that
/// other code that names it has no mistake of its own.
pub(crate) fn typed_refresh_handler(input: TokenStream) -> TokenStream {
    let (krate, tokens) = Krate::split_off(input);
    let errors = Errors::new();
    let handler = parse::parse(krate, tokens, &errors).ok();
    let mistakes = errors.into_tokens();
    let handler = handler.map(expand::expand);
    quote::quote!(#mistakes #handler)
}
