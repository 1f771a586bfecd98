//! The derives and attributes of `countersign`. Use them through that crate, which documents them.

// One folder for each macro, one file for each pass: parse (tokens to input, every mistake collected), model (invalid
// states cannot be written), expand (cannot fail).

mod access;
mod errors;
mod keys;
mod krate;
mod routes;
mod span;
mod suggest;

use proc_macro::TokenStream;

use crate::access::Kind;

/// .
#[proc_macro_attribute]
pub fn require_role(arguments: TokenStream, item: TokenStream) -> TokenStream {
    access::attribute(Kind::RequireRole, arguments.into(), item.into()).into()
}

/// .
#[proc_macro_attribute]
pub fn authenticated(arguments: TokenStream, item: TokenStream) -> TokenStream {
    access::attribute(Kind::Authenticated, arguments.into(), item.into()).into()
}

/// .
#[proc_macro_attribute]
pub fn public(arguments: TokenStream, item: TokenStream) -> TokenStream {
    access::attribute(Kind::Public, arguments.into(), item.into()).into()
}

#[doc(hidden)]
#[proc_macro]
pub fn routes(input: TokenStream) -> TokenStream {
    routes::routes(input.into()).into()
}
