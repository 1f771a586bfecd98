//! `rule! { pub CanPublish = role(Role::Editor) && scope("posts:write"); }`

mod expand;
mod model;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::krate::Krate;

/// Expands the definitions, which come behind the runtime's path.
pub(crate) fn rules(input: TokenStream) -> TokenStream {
    let (krate, definitions) = Krate::split_off(input);
    let private = krate.private();
    let errors = Errors::new();
    let definitions = model::valid(parse::definitions(definitions, &errors), &errors);
    let mut expanded = errors.into_tokens();
    expanded.extend(definitions.iter().map(|definition| expand::expand(definition, &private)));
    expanded
}
