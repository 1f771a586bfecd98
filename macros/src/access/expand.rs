//! The policy of a handler, and the handler with its guard.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{GenericArgument, PatType, Path, PathArguments, PathSegment, Type};

use super::model::{Access, Declaration, Handler, Kind};
use super::rule::{self, Markers};
use crate::errors::compact;
use crate::krate::Private;
use crate::span::{located, moved};

/// Expands a handler; `documented` says whether the attribute saw `#[utoipa::path]`.
pub(crate) fn expand(declaration: &Declaration, handler: Handler, documented: bool) -> TokenStream {
    let private = declaration.krate.private();
    let name = handler.ident.unraw();
    let marker = format_ident!("__countersign_{name}", span = Span::call_site());
    let extractors = extractors(&handler);
    let checks = checks(declaration, &private, &marker, &extractors);
    let demands = demands(declaration, &private, &marker, &handler);
    let checked =
        !extractors.is_empty() && declaration.access.rule().is_some_and(|rule| !rule.roles().is_empty());
    let policy = policy(declaration, &private, &marker, checked, &extractors);
    let probe = (cfg!(feature = "openapi") && !documented && !matches!(declaration.access, Access::Mistaken))
        .then(|| probe(declaration, &private, &handler));
    let guard = match declaration.access {
        Access::Public(_) => quote!(Public<#marker>),
        Access::Authenticated | Access::Require(_) => quote!(Guard<#marker>),
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

fn policy(
    declaration: &Declaration,
    private: &Private,
    marker: &Ident,
    checked: bool,
    extractors: &[&Type],
) -> TokenStream {
    let access = access(declaration, private);
    let empty = quote!(());
    let Some(rule) = declaration.access.rule() else {
        return implementation(private, marker, [&access, &empty, &empty, &empty]);
    };
    let markers = Markers::of(rule, marker);
    let roles = markers.list(private, |own| {
        if checked {
            quote!(<#private::Checked<{ #marker::CHECKED }> as #private::Unchecked<#own>>::Roles)
        } else {
            own
        }
    });
    let proves = rule::proves(rule, |rule| extractors.iter().any(|ty| is_proof_of(ty, rule)));
    let policy = implementation(private, marker, [&access, &roles, &rule::checks(rule, private), &proves]);
    if markers.is_empty() {
        return policy;
    }
    let declarations = markers.declarations(private);
    quote! {
        const _: () = {
            #declarations

            #policy
        };
    }
}

fn implementation(
    private: &Private,
    marker: &Ident,
    [access, roles, checks, proves]: [&TokenStream; 4],
) -> TokenStream {
    quote! {
        impl #private::Policy for #marker {
            const ACCESS: #private::Access = #access;
            type Roles = #roles;
            type Checks = #checks;
            type Proves = #proves;
        }
    }
}

/// The constant that the guard decides with.
fn access(declaration: &Declaration, private: &Private) -> TokenStream {
    let rule = match &declaration.access {
        Access::Authenticated => return quote!(#private::Access::Authenticated),
        Access::Public(reason) => return quote!(#private::Access::Public { reason: #reason }),
        Access::Mistaken => quote!(#private::Rule::Any(&[])),
        Access::Require(rule) => rule::constant(rule, private),
    };
    quote!(#private::Access::Require(#rule))
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
    let rule = declaration.access.rule()?;
    let roles = rule.roles();
    let attribute = declaration.kind.name();
    let known = if roles.is_empty() { &[] } else { extractors };
    let names = known.iter().map(|ty| {
        let text = compact(ty);
        quote!((#text, #private::RoleNames::<#ty>::NAMES))
    });
    let checks = roles.iter().filter(|_| !known.is_empty()).map(|role| {
        let name = role.name();
        let private = moved(private, role.span());
        quote_spanned!(located(role.span())=> #private::check_role(#attribute, #name, __KNOWN);)
    });
    // Last, so that a role that does not exist is told first and alone. Only an operator makes a contradiction.
    let consistency = (declaration.kind == Kind::Require).then(|| {
        let written = format!("#[{attribute}]");
        let access = quote!(<#marker as #private::Policy>::ACCESS);
        rule::consistency(rule, &quote!(#private::check_access), quote!(#written, #access, __KNOWN))
    });
    let consistency = consistency.flatten();
    if known.is_empty() && consistency.is_none() {
        return None;
    }
    let checked = (!known.is_empty()).then(|| {
        quote! {
            impl #marker {
                const CHECKED: bool = #private::any_known(__KNOWN);
            }
        }
    });
    let import = (!known.is_empty()).then(|| quote!(use #private::NoRoles as _;));
    Some(quote! {
        const _: () = {
            #import

            const __KNOWN: #private::Known<'_> = &[#(#names),*];

            #checked

            #(#checks)*
            #consistency
        };
    })
}

/// Asks types in the signature what they demand, where that could be more than the attribute says and the document would be
/// wrong: every type of a public handler, and elsewhere those that ask for more than a signed-in user.
fn demands(
    declaration: &Declaration,
    private: &Private,
    marker: &Ident,
    handler: &Handler,
) -> Option<TokenStream> {
    let name = declaration.kind.name();
    let asked: fn(&(&PatType, &Type)) -> bool = match &declaration.access {
        Access::Public(_) => |_| true,
        Access::Mistaken => |_| false,
        Access::Authenticated | Access::Require(_) => |(_, ty)| asks_for_more(ty),
    };
    // What `cfg_attr` makes of an argument is not known here.
    let is_known = |input: &&PatType| !input.attrs.iter().any(|attr| attr.path().is_ident("cfg_attr"));
    let types = handler
        .inputs
        .iter()
        .filter(is_known)
        .flat_map(|input| parts(&input.ty).into_iter().map(move |ty| (input, ty)));
    let mut checks = types.filter(asked).map(|(input, ty)| {
        let text = compact(ty);
        let here = moved(private, ty.span());
        let span = located(ty.span());
        let check = if declaration.kind == Kind::Public {
            quote_spanned!(span=> #here::check_public(#text, __ASKED);)
        } else {
            let access = quote!(<#marker as #private::Policy>::ACCESS);
            quote_spanned!(span=> #here::check_covered(#name, #text, __ASKED, #access);)
        };
        let conditions = input.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
        quote!(#(#conditions)* {
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

/// Whether a type goes by the name of an extractor that asks for more than a signed-in user; whether it is one, the compiler
/// finds out.
fn asks_for_more(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|last| {
        ["RefreshSession", "Reauthentication", "Proof"].iter().any(|name| last.ident == name)
    })
}

/// Whether a type reads like `Proof` of this rule. Evidence is left for no other: where the names deceive, the proof decides by itself.
fn is_proof_of(ty: &Type, rule: &Path) -> bool {
    let Type::Path(ty) = ty else { return false };
    let Some(PathSegment { ident, arguments: PathArguments::AngleBracketed(of) }) = ty.path.segments.last()
    else {
        return false;
    };
    let is_rule = |argument: &GenericArgument| match argument {
        GenericArgument::Type(Type::Path(of)) => {
            of.path.segments.last().map(|last| &last.ident) == rule.segments.last().map(|last| &last.ident)
        }
        _ => false,
    };
    ident == "Proof" && of.args.first().is_some_and(is_rule)
}

/// The types in the signature that are always there.
fn extractors(handler: &Handler) -> Vec<&Type> {
    handler.inputs.iter().filter(|input| !is_conditional(input)).flat_map(|input| parts(&input.ty)).collect()
}

/// The extractors in an argument: axum runs the parts of a tuple one after the other.
fn parts(ty: &Type) -> Vec<&Type> {
    let mut found = Vec::new();
    let mut types = vec![ty];
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
    let message = format!(
        "#[{}] must stand above #[utoipa::path], otherwise the OpenAPI document leaves it out",
        declaration.kind.name()
    );
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
            ::core::assert!(#path::UNDOCUMENTED, #message);
        };
    }
}
