//! The policy of a handler, and the handler with its guard.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::PatType;
use syn::ext::IdentExt as _;

use super::model::{Access, Declaration, Handler, Role};
use crate::krate::Private;
use crate::span::{located, moved};

/// Expands a handler; `documented` says whether the attribute saw `#[utoipa::path]`.
pub(crate) fn expand(declaration: &Declaration, handler: Handler, documented: bool) -> TokenStream {
    let private = declaration.krate.private();
    let name = handler.ident.unraw();
    let marker = format_ident!("__countersign_{name}", span = Span::call_site());
    let checks = checks(declaration, &private, &marker, &handler);
    let policy = policy(declaration, &private, &marker, checks.is_some());
    let probe = (cfg!(feature = "openapi") && !documented && !matches!(declaration.access, Access::Mistaken))
        .then(|| probe(declaration, &private, &handler));
    let guard = match declaration.access {
        Access::Public(_) | Access::Mistaken => quote!(Public),
        Access::Authenticated | Access::Roles(_) => quote!(Guard),
    };
    let Handler { attrs, vis, ident, inputs, output, body } = handler;
    quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::exhaustive_enums)]
        #vis enum #marker {}

        #checks

        #policy

        #probe

        #(#attrs)*
        #vis async fn #ident(_: #private::#guard<#marker>, #inputs) #output #body
    }
}

fn policy(declaration: &Declaration, private: &Private, marker: &Ident, checked: bool) -> TokenStream {
    let mut roles = Vec::new();
    let access = match &declaration.access {
        Access::Authenticated => quote!(#private::Access::Authenticated),
        Access::Mistaken => quote!(#private::Access::Require(#private::Rule::Any(&[]))),
        Access::Public(reason) => quote!(#private::Access::Public { reason: #reason }),
        Access::Roles(named) => {
            roles = markers(named);
            let rules = named.iter().map(|role| {
                let name = role.name();
                quote!(#private::Rule::Role(#name))
            });
            match named.as_slice() {
                [_] => quote!(#private::Access::Require(#(#rules)*)),
                _ => quote!(#private::Access::Require(#private::Rule::Any(&[#(#rules),*]))),
            }
        }
    };
    let declared = roles.iter().map(|(role, marker)| {
        let name = role.name();
        let declared = quote_spanned!(located(role.span())=> pub enum #marker {});
        quote! {
            #[allow(non_camel_case_types)]
            #declared

            #[diagnostic::do_not_recommend]
            impl<__R: #private::Declares<{ #private::role_hash(#name) }>> #private::DeclaredBy<__R> for #marker {}
        }
    });
    let mut list = roles.iter().rev().fold(quote!(()), |rest, (_, marker)| quote!((#marker, #rest)));
    if checked {
        list = quote!(<#private::Checked<{ #marker::CHECKED }> as #private::Unchecked<#list>>::Roles);
    }
    let policy = quote! {
        impl #private::Policy for #marker {
            const ACCESS: #private::Access = #access;
            type Roles = #list;
        }
    };
    if roles.is_empty() {
        return policy;
    }
    quote! {
        const _: () = {
            #(#declared)*

            #policy
        };
    }
}

/// A type for each role, named after it: rustc shows the name when the role does not exist.
fn markers(roles: &[Role]) -> Vec<(&Role, Ident)> {
    let mut taken: Vec<String> = roles.iter().filter_map(first_word).collect();
    roles
        .iter()
        .map(|role| {
            let mut word: String =
                role.word().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            while taken.contains(&word) || syn::parse_str::<Ident>(&word).is_err() {
                let prefix = if word.starts_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
                word = format!("{prefix}{word}_");
            }
            taken.push(word.clone());
            (role, Ident::new(&word, Span::call_site()))
        })
        .collect()
}

/// A name that a path needs, and that a marker beside it must not take.
fn first_word(role: &Role) -> Option<String> {
    match role {
        Role::Name(_) => None,
        Role::Path(path) => path.segments.first().map(|segment| segment.ident.to_string()),
    }
}

/// Compares each role with those that the types in the signature know, if there are any.
///
/// `CHECKED` then leaves the comparison with the router's roles out, so that one mistake is one error.
fn checks(
    declaration: &Declaration,
    private: &Private,
    marker: &Ident,
    handler: &Handler,
) -> Option<TokenStream> {
    let Access::Roles(roles) = &declaration.access else { return None };
    let types: Vec<_> =
        handler.inputs.iter().filter(|input| !is_conditional(input)).map(|input| &input.ty).collect();
    if types.is_empty() {
        return None;
    }
    let known = types.into_iter().map(|ty| {
        let text: String = ty.to_token_stream().to_string().split_whitespace().collect();
        quote!((#text, #private::RoleNames::<#ty>::NAMES))
    });
    let checks = roles.iter().map(|role| {
        let name = role.name();
        let private = moved(private, role.span());
        quote_spanned!(located(role.span())=> #private::check_role(#name, __KNOWN);)
    });
    Some(quote! {
        const _: () = {
            use #private::NoRoles as _;

            const __KNOWN: #private::Known<'_> = &[#(#known),*];

            impl #marker {
                const CHECKED: bool = #private::any_known(__KNOWN);
            }

            #(#checks)*
        };
    })
}

fn is_conditional(input: &PatType) -> bool {
    input.attrs.iter().any(|attr| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr"))
}

/// Fails to compile when `#[utoipa::path]` stands above the attribute and so did not see it.
///
/// utoipa's `__path_...` hides the one that is glob-imported here, and only the latter has a constant of its own.
fn probe(declaration: &Declaration, private: &Private, handler: &Handler) -> TokenStream {
    let vis = &handler.vis;
    let name = handler.ident.unraw();
    let module = format_ident!("__countersign_undocumented_{name}", span = Span::call_site());
    let path = format_ident!("__path_{name}", span = Span::call_site());
    let span = match &declaration.access {
        Access::Roles(roles) => roles.first().map_or_else(Span::call_site, Role::span),
        Access::Public(reason) => reason.span(),
        Access::Authenticated | Access::Mistaken => Span::call_site(),
    };
    let message = format!(
        "#[{}] must stand above #[utoipa::path], otherwise the OpenAPI document leaves it out",
        declaration.kind.name()
    );
    let assertion = quote_spanned!(located(span)=> ::core::assert!(#path::UNDOCUMENTED, #message));
    quote! {
        #[doc(hidden)]
        mod #module {
            #[allow(non_camel_case_types, clippy::exhaustive_enums)]
            pub enum #path {}

            impl #path {
                pub const UNDOCUMENTED: bool = true;
            }
        }

        #[doc(hidden)]
        #[allow(unused_imports)]
        #vis use #module::*;

        const _: () = {
            use #private::Documentable as _;
            #assertion
        };
    }
}
