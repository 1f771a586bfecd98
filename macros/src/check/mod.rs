//! `#[check]`: an async function that a rule can ask.

mod expand;
mod model;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use quote::quote;

use crate::access::is_of_functions;
use crate::errors::Errors;
use crate::function::{Item, Unchecked, is_utoipa_path};
use crate::krate::{Krate, Private};

pub(crate) use expand::mistaken;

/// The function with a type of its name beside it. After a mistake the type is there as well, so that a rule can name it. The
/// mistakes come first.
pub(crate) fn attribute(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    match parse::read(item.clone(), &errors) {
        Err(_) => {
            let mistakes = errors.into_tokens();
            quote!(#mistakes #item)
        }
        Ok(Item::Other { attrs, rest }) => {
            let mistakes = errors.into_tokens();
            let private = Krate::new(None).private();
            let check = expand::mistaken_type(&rest, &private);
            let attrs = attrs.iter().filter(|attr| !is_of_functions(attr));
            quote!(#mistakes #(#attrs)* #rest #check)
        }
        Ok(Item::Function(function)) => {
            let options = parse::options(arguments, &errors);
            let survivor = survivor(&function, &options.krate.private());
            let check =
                parse::function(*function, &errors).and_then(|function| model::Check::new(function, &errors));
            let mistakes = errors.into_tokens();
            match check {
                Ok(check) => {
                    let check = expand::expand(options, check);
                    quote!(#mistakes #check)
                }
                Err(_) => quote!(#mistakes #survivor),
            }
        }
    }
}

/// The function after a mistake, and the type beside it. With a document of its own it is a handler and keeps its access.
fn survivor(function: &Unchecked, private: &Private) -> TokenStream {
    let is_handler = function.attrs.iter().any(is_utoipa_path);
    let function_alone = function.tokens(|attr| match parse::other_use(attr) {
        Some(other) => is_handler && other != parse::CHECK,
        None => true,
    });
    let check = mistaken(function, private);
    quote!(#check #function_alone)
}
