//! The function, and beside it a type of the same name that rules can name.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Type};

use super::model::Check;
use super::parse::Options;
use crate::function::{Function, Unchecked};
use crate::krate::Private;
use crate::span::{at_call_site, located, moved};

pub(super) fn expand(options: Options, check: Check) -> TokenStream {
    let Check { function, answer } = check;
    let Function { attrs, vis, ident, inputs, output, body } = function;
    let (import, krate) = options.krate.imported_for(&ident.unraw());
    let private = krate.private();
    let conditions = conditions(&attrs);
    let types: Vec<&Type> = inputs.iter().map(|input| &*input.ty).collect();
    let arguments: Vec<_> = (0..types.len())
        .map(|index| format_ident!("__argument_{index}", span = Span::mixed_site()))
        .collect();
    let here = moved(&private, answer.span());
    let answered = quote_spanned! {located(answer.span())=>
        <#answer as #here::CheckAnswer>::answer(#ident(#(#arguments),*).await)
    };
    let path_misfit = path_misfit(&types, &private);
    let beside = beside(&conditions, &vis, &ident, options.not_found, &private);
    // The user deprecates it for the rules that name it. The call here is no such use. Only here is a lint allowed, since a lint that is
    // allowed cannot be forbidden.
    let deprecated =
        attrs.iter().any(|attr| attr.path().is_ident("deprecated")).then(|| quote!(#[allow(deprecated)]));
    let import = (!import.is_empty()).then(|| quote!(#(#conditions)* #import));
    quote! {
        #import

        #beside

        #(#conditions)*
        #deprecated
        impl<__S: ::core::marker::Sync> #private::Check<__S> for #ident
        where
            #(#types: #private::CheckArgument<__S>,)*
        {
            async fn run(
                __parts: &mut #private::Parts,
                __state: &__S,
            ) -> ::core::result::Result<bool, #private::CheckError> {
                #(let #arguments = <#types as #private::CheckArgument<__S>>::take(__parts, __state).await?;)*
                #answered
            }

            #path_misfit
        }

        #(#attrs)*
        #vis async fn #ident(#inputs) #output #body
    }
}

/// The question whether the arguments fit the parameters of a path. Which argument is a `Path` is for the compiler to say, which knows
/// aliases; `()` is asked too, so that the trait of the others is always used.
fn path_misfit(types: &[&Type], private: &Private) -> Option<TokenStream> {
    (!types.is_empty()).then(|| {
        quote! {
            fn path_misfit(
                __names: &[&::core::primitive::str],
            ) -> ::core::option::Option<#private::PathMisfit> {
                use #private::TakesNoPath as _;

                #private::first_misfit(
                    &[#private::PathArgument::<()>::FIT, #(#private::PathArgument::<#types>::FIT),*],
                    __names,
                )
            }
        }
    })
}

fn conditions(attrs: &[Attribute]) -> Vec<&Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect()
}

/// The type, and its place in a rule.
fn beside(
    conditions: &[&Attribute],
    vis: &impl ToTokens,
    ident: &Ident,
    not_found: bool,
    private: &Private,
) -> TokenStream {
    let (rule, own) = (rule(ident, not_found, private), at_call_site(ident));
    // A private type cannot be part of a public handler's policy, so the type is public in a module of its own.
    let module = format_ident!("__countersign_check_{}", ident.unraw(), span = Span::call_site());
    quote! {
        #(#conditions)*
        #[doc(hidden)]
        mod #module {
            #[non_exhaustive]
            pub enum #own {}
        }

        #(#conditions)*
        #[doc(hidden)]
        #vis use #module::#own;

        #(#conditions)*
        #rule
    }
}

fn rule(ident: &Ident, not_found: bool, private: &Private) -> TokenStream {
    let name = ident.unraw().to_string();
    quote! {
        impl #private::CheckRule for #ident {
            const RULE: #private::Rule = #private::Rule::Check {
                name: ::core::concat!(::core::module_path!(), "::", #name),
                not_found: #not_found,
            };
        }
    }
}

/// The type beside a function with a mistake: rules can name it, and it passes no request.
pub(crate) fn mistaken(function: &Unchecked, private: &Private) -> TokenStream {
    let conditions = conditions(&function.attrs);
    let ident = function.ident();
    let beside = beside(&conditions, function.vis(), ident, false, private);
    let refusal = refusal(ident, private);
    quote!(#beside #(#conditions)* #refusal)
}

/// What [`mistaken`] does for a function, for a type under `#[check]`.
pub(super) fn mistaken_type(item: &TokenStream, private: &Private) -> Option<TokenStream> {
    let words = item.clone().into_iter().filter_map(|token| match token {
        TokenTree::Ident(word) => Some(word),
        _ => None,
    });
    let mut words = words.skip_while(|word| word == "pub");
    let keyword = words.next().filter(|word| word == "struct" || word == "enum" || word == "union");
    let ident = keyword.and_then(|_| words.next())?;
    // A generic type would need its parameters.
    let is_plain = !item
        .clone()
        .into_iter()
        .any(|token| matches!(token, TokenTree::Punct(sign) if sign.as_char() == '<'));
    is_plain.then(|| {
        let (rule, refusal) = (rule(&ident, false, private), refusal(&ident, private));
        quote!(#rule #refusal)
    })
}

fn refusal(ident: &Ident, private: &Private) -> TokenStream {
    quote! {
        impl<__S: ::core::marker::Sync> #private::Check<__S> for #ident {
            async fn run(
                _: &mut #private::Parts,
                _: &__S,
            ) -> ::core::result::Result<bool, #private::CheckError> {
                ::core::result::Result::Ok(false)
            }
        }
    }
}
