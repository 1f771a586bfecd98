//! The policy of a handler, and the handler with its guard.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{PatType, Type};

use super::model::{Access, Declaration, Handler, Kind, Proof, Role};
use crate::krate::Private;
use crate::span::{located, moved};

/// Expands a handler; `documented` says whether the attribute saw `#[utoipa::path]`.
pub(crate) fn expand(declaration: &Declaration, handler: Handler, documented: bool) -> TokenStream {
    let private = declaration.krate.private();
    let name = handler.ident.unraw();
    let marker = format_ident!("__countersign_{name}", span = Span::call_site());
    let extractors = extractors(&handler);
    let checks = checks(declaration, &private, &marker, &extractors);
    let demands = demands(declaration, &private, &extractors);
    let policy = policy(declaration, &private, &marker, checks.is_some());
    let probe = (cfg!(feature = "openapi") && !documented && !matches!(declaration.access, Access::Mistaken))
        .then(|| probe(declaration, &private, &handler));
    let guard = match declaration.access {
        Access::Public(_) => quote!(Public<#marker>),
        Access::Authenticated(_) | Access::Roles(..) => quote!(Guard<#marker>),
        Access::Mistaken => quote!(Nobody),
    };
    let Handler { attrs, vis, ident, inputs, output, body } = handler;
    quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::exhaustive_enums)]
        #vis enum #marker {}

        #checks

        #demands

        #policy

        #probe

        #(#attrs)*
        #vis async fn #ident(_: #private::#guard, #inputs) #output #body
    }
}

fn policy(declaration: &Declaration, private: &Private, marker: &Ident, checked: bool) -> TokenStream {
    let roles = markers(declaration.access.roles());
    let access = access(declaration, private);
    let declared = roles.iter().map(|(role, marker)| {
        let name = role.name();
        let declared = quote_spanned!(located(role.span())=> pub enum #marker {});
        quote! {
            #[allow(non_camel_case_types)]
            #declared

            #[diagnostic::do_not_recommend]
            impl<__R: #private::Declares<{ #private::role_hash(#name) }>, __N> #private::DeclaredBy<__R, __N> for #marker {}
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
            type Checks = ();
            type Proves = ();
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

/// The constant that the guard decides with.
fn access(declaration: &Declaration, private: &Private) -> TokenStream {
    let proof = declaration.access.proof().and_then(|proof| match proof {
        Proof::AccessToken => None,
        Proof::Live => Some(quote!(#private::Rule::Live)),
        Proof::BothTokens => Some(quote!(#private::Rule::BothTokens)),
    });
    let rule = match &declaration.access {
        Access::Authenticated(_) => match proof {
            None => return quote!(#private::Access::Authenticated),
            Some(proof) => proof,
        },
        Access::Mistaken => quote!(#private::Rule::Any(&[])),
        Access::Public(reason) => return quote!(#private::Access::Public { reason: #reason }),
        Access::Roles(named, _) => {
            let rules = named.iter().map(|role| {
                let name = role.name();
                quote!(#private::Rule::Role(#name))
            });
            let roles = match named.as_slice() {
                [_] => quote!(#(#rules)*),
                _ => quote!(#private::Rule::Any(&[#(#rules),*])),
            };
            match proof {
                None => roles,
                Some(proof) => quote!(#private::Rule::All(&[#roles, #proof])),
            }
        }
    };
    quote!(#private::Access::Require(#rule))
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
    extractors: &[&Type],
) -> Option<TokenStream> {
    let Access::Roles(roles, _) = &declaration.access else { return None };
    if extractors.is_empty() {
        return None;
    }
    let known = extractors.iter().map(|ty| {
        let text = text(ty);
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

/// Asks types in the signature what they demand, where that could be more than the attribute says and the document would be
/// wrong: every type of a public handler, and those that take both tokens.
fn demands(declaration: &Declaration, private: &Private, extractors: &[&Type]) -> Option<TokenStream> {
    let name = declaration.kind.name();
    let check: fn(&&&Type) -> bool = match &declaration.access {
        Access::Public(_) => |_| true,
        Access::Authenticated(Proof::BothTokens) | Access::Roles(_, Proof::BothTokens) | Access::Mistaken => {
            |_| false
        }
        Access::Authenticated(_) | Access::Roles(..) => |ty| takes_both_tokens(ty),
    };
    let mut checks = extractors.iter().filter(check).map(|ty| {
        let text = text(ty);
        let here = moved(private, ty.span());
        let span = located(ty.span());
        let check = match declaration.kind {
            Kind::Public => quote_spanned!(span=> #here::check_public(#text, __ASKED);),
            Kind::Authenticated | Kind::RequireRole => {
                quote_spanned!(span=> #here::check_both_tokens(#name, #text, __ASKED);)
            }
        };
        quote!({
            const __ASKED: ::core::option::Option<#private::Access> = #private::Asked::<#ty>::ACCESS;
            #check
        })
    });
    let first = checks.next()?;
    Some(quote! {
        const _: () = {
            use #private::AsksNothing as _;

            #first
            #(#checks)*
        };
    })
}

/// Whether a type goes by the name of the extractor of both tokens; whether it is, the compiler finds out.
fn takes_both_tokens(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "RefreshSession"))
}

/// The types in the signature that are always there; axum runs the parts of a tuple one after the other.
fn extractors(handler: &Handler) -> Vec<&Type> {
    let mut found = Vec::new();
    let mut types: Vec<&Type> =
        handler.inputs.iter().filter(|input| !is_conditional(input)).map(|input| &*input.ty).rev().collect();
    while let Some(ty) = types.pop() {
        match ty {
            Type::Tuple(tuple) => types.extend(tuple.elems.iter().rev()),
            Type::Paren(inner) => types.push(&inner.elem),
            Type::Group(inner) => types.push(&inner.elem),
            _ => found.push(ty),
        }
    }
    found
}

/// A type as a message shows it.
fn text(ty: &Type) -> String {
    ty.to_token_stream().to_string().split_whitespace().collect()
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
        Access::Roles(roles, _) => roles.first().map_or_else(Span::call_site, Role::span),
        Access::Public(reason) => reason.span(),
        Access::Authenticated(_) | Access::Mistaken => Span::call_site(),
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
