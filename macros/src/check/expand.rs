//! The function, and beside it a type of the same name that rules can name.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::model::Check;
use super::parse::Options;
use crate::function::Function;
use crate::span::{located, moved};

pub(super) fn expand(options: &Options, check: Check) -> TokenStream {
    let private = options.krate.private();
    let Check { function, answer } = check;
    let Function { attrs, vis, ident, inputs, output, body } = function;
    let conditions: Vec<_> = attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
    let name = ident.unraw().to_string();
    let not_found = options.not_found;
    let types: Vec<_> = inputs.iter().map(|input| &input.ty).collect();
    let arguments: Vec<_> = (0..types.len())
        .map(|index| format_ident!("__argument_{index}", span = Span::mixed_site()))
        .collect();
    let here = moved(&private, answer.span());
    let answered = quote_spanned! {located(answer.span())=>
        <#answer as #here::CheckAnswer>::answer(#ident(#(#arguments),*).await)
    };
    // A private type cannot be part of a public handler's policy, so the type is public in a module of its own.
    let module = format_ident!("__countersign_check_{name}", span = Span::call_site());
    quote! {
        #(#conditions)*
        #[doc(hidden)]
        mod #module {
            #[allow(non_camel_case_types, clippy::exhaustive_enums)]
            pub enum #ident {}
        }

        #(#conditions)*
        #[doc(hidden)]
        #[allow(unused_imports)]
        #vis use #module::#ident;

        #(#conditions)*
        impl #private::CheckRule for #ident {
            const RULE: #private::Rule = #private::Rule::Check {
                name: ::core::concat!(::core::module_path!(), "::", #name),
                not_found: #not_found,
            };
        }

        #(#conditions)*
        #[allow(deprecated)]
        impl<__S: ::core::marker::Sync> #private::Check<__S> for #ident
        where
            #(#types: #private::CheckArgument<__S>,)*
        {
            #[allow(unused_variables)]
            async fn run(
                __parts: &mut #private::Parts,
                __state: &__S,
            ) -> ::core::result::Result<bool, #private::CheckError> {
                #(let #arguments = <#types as #private::CheckArgument<__S>>::take(__parts, __state).await?;)*
                #answered
            }
        }

        #(#attrs)*
        #vis async fn #ident(#inputs) #output #body
    }
}
