//! `typed_refresh_handler!(refresh, AppState)`.

mod expand;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::routes::runtime;

/// Expands the handler; the runtime's `macro_rules!` put its own path, one token, and a comma in front of the input.
pub(crate) fn typed_refresh_handler(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter();
    let krate = runtime(tokens.next());
    let errors = Errors::new();
    let refresh = parse::parse(krate, tokens.skip(1).collect(), &errors);
    let mistakes = errors.check().map_or_else(|error| error.to_compile_error(), |()| TokenStream::new());
    let handler = refresh.as_ref().map(expand::expand);
    quote::quote!(#mistakes #handler)
}
