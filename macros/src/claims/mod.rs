//! `#[derive(SessionClaims)]`

mod case;
mod expand;
mod model;
mod parse;
mod serde;
mod stub;
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
    let stub = stub::Stub::new(&parsed, input);
    let claims = model::Claims::new(parsed, &errors);
    match errors.finish(claims) {
        Ok(claims) => expand::expand(&claims),
        Err(mistakes) => {
            let stub = stub.expand(&mistakes);
            quote!(#mistakes #stub)
        }
    }
}
