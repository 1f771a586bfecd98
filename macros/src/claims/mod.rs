//! `#[derive(SessionClaims)]`

mod case;
mod expand;
mod model;
mod parse;
mod serde;
#[cfg(test)]
mod tests;
mod wire;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let errors = Errors::new();
    let parsed = parse::Input::parse(input, &errors);
    let private = parsed.krate.private();
    let claims = model::Claims::new(parsed, &errors);
    match errors.finish(claims) {
        Ok(claims) => expand::expand(&claims),
        Err(mistakes) => {
            let stub = expand::stub(&input.ident, &input.generics, &private);
            quote!(#mistakes #stub)
        }
    }
}
