//! `#[check]`: an async function that a rule can ask.

mod expand;
mod model;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::errors::Errors;

/// The function with a type of its name beside it, or the function as it was with every mistake beside it.
pub(crate) fn attribute(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let options = parse::options(arguments, &errors);
    let function = parse::function(item.clone(), &errors);
    let check = function.and_then(|function| model::Check::new(function, &errors));
    let mut tokens = errors.into_tokens();
    tokens.extend(check.map_or(item, |check| expand::expand(&options, check)));
    tokens
}
