//! `#[derive(AuthState)]`

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
    let state = model::State::new(parsed, &errors);
    // A state with one usable field stays a state, so that its mistake is the only error.
    let expanded = state.as_ref().map(expand::expand);
    match errors.finish(state) {
        Ok(_) => quote!(#expanded),
        Err(error) => {
            let error = error.to_compile_error();
            quote!(#error #expanded)
        }
    }
}
