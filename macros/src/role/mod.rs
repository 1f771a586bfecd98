//! `#[derive(Role)]`

mod expand;
mod model;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let errors = Errors::new();
    let parsed = parse::Input::parse(input, &errors);
    let private = parsed.krate.private();
    let roles = model::Roles::new(parsed, &errors);
    match errors.finish(roles) {
        Ok(roles) => expand::expand(&roles),
        Err(error) => {
            let error = error.to_compile_error();
            let stub = expand::stub(&input.ident, &input.generics, &private);
            quote!(#error #stub)
        }
    }
}
