//! `typed_refresh_handler!(refresh, AppState)` and its like for the other endpoints.

mod expand;
mod kind;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::krate::Krate;

pub(crate) use kind::{Kind, LOGOUT, LOGOUT_ALL, REFRESH, REVOKE_OTHERS, REVOKE_SESSION, SESSIONS};

/// Expands the handler; the runtime's `macro_rules!` put its own path, one token, and a comma in front of the input.
pub(crate) fn typed_handler(kind: &'static Kind, input: TokenStream) -> TokenStream {
    let (krate, tokens) = Krate::split_off(input);
    let errors = Errors::new();
    let endpoint = parse::parse(kind, krate, tokens, &errors);
    let mistakes = errors.into_tokens();
    let handler = endpoint.as_ref().map(expand::expand);
    quote::quote!(#mistakes #handler)
}
