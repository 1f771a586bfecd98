//! `rule! { pub CanPublish = role(Role::Editor) && scope("posts:write"); }`

mod expand;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::routes::runtime;

/// Expands the definitions; the runtime's `macro_rules!` put its own path, one token, and a comma in front of the input.
pub(crate) fn rules(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter();
    let private = runtime(tokens.next()).private();
    let errors = Errors::new();
    let definitions = parse::definitions(tokens.skip(1).collect(), &errors);
    let mut expanded = errors.check().map_or_else(|error| error.to_compile_error(), |()| TokenStream::new());
    expanded.extend(definitions.iter().map(|definition| expand::expand(definition, &private)));
    expanded
}
