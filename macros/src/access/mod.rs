//! `#[authenticated]`, `#[public(...)]`, `#[require(...)]`, `#[require_role(...)]` and `#[require_scope(...)]`.

mod document;
mod expand;
mod flags;
mod handler;
mod lists;
mod model;
pub(crate) mod names;
mod parse;
mod refusals;
pub(crate) mod rule;
mod signature;
#[cfg(test)]
mod tests;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;

use crate::errors::Errors;
use crate::function::{Item, Unchecked, is_utoipa_path};
use crate::krate::{Krate, Private};
use crate::versions::{self, Other};

pub(crate) use handler::{access_attribute, is_of_functions};
pub(crate) use model::Attribute;

/// The guarded function. After a mistake that leaves nothing to guard, a function that everything takes which takes a handler, or
/// the item as it was. The mistakes come first.
pub(crate) fn attribute(attribute: Attribute, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    match handler::read(attribute, item.clone(), &errors) {
        Err(_) => {
            let mistakes = errors.into_tokens();
            quote!(#mistakes #item)
        }
        Ok(Item::Other { attrs, rest }) => {
            let mistakes = errors.into_tokens();
            let attrs = attrs.iter().filter(|attr| !is_of_functions(attr));
            quote!(#mistakes #(#attrs)* #rest)
        }
        Ok(Item::Function(function)) => {
            let has_document = cfg!(feature = "openapi") && function.attrs.iter().any(is_utoipa_path);
            let matters = |other: &&Other| has_document || other.name != "utoipa";
            if let Some(other) = versions::others().iter().find(matters) {
                other.report(&errors);
                let private = Krate::new(None).private();
                let document = has_document.then(|| no_document(&function, &private));
                let handler = function.replaced().without_document().handler(&private);
                let mistakes = errors.into_tokens();
                return quote!(#mistakes #document #handler);
            }
            let declaration = if is_assigned() {
                // rustc reports the `=` itself.
                parse::mistaken(attribute, &errors)
            } else {
                parse::declaration(attribute, arguments, &errors)
            };
            let check = handler::mistaken_check(&function, &declaration);
            let handler = handler::handler(attribute, *function, &errors);
            let mistakes = errors.into_tokens();
            let handler = match handler {
                Ok(handler) => expand::expand(declaration, handler),
                Err(handler) => handler.handler(&declaration.krate.private()),
            };
            quote!(#mistakes #check #handler)
        }
    }
}

/// The type that `routes!` looks for beside a handler with a document, of the runtime's version of utoipa.
fn no_document(function: &Unchecked, private: &Private) -> TokenStream {
    let (vis, name) = (function.vis(), function.ident().unraw());
    let path = format_ident!("__path_{name}", span = Span::call_site());
    quote!(#[doc(hidden)] #vis use #private::NoDocument as #path;)
}

/// Whether the attribute is written `#[name = value]`. Its arguments look like those of `#[name(value)]`.
fn is_assigned() -> bool {
    let text = proc_macro::is_available().then(|| Span::call_site().source_text()).flatten();
    let sign = text.as_deref().and_then(|text| text.find(['(', '=', '{']).and_then(|at| text.get(at..)));
    sign.is_some_and(|rest| rest.starts_with('='))
}
