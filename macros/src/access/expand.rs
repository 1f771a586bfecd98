//! The policy of a handler, and the handler with its guard.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{GenericArgument, PatType, Path, PathArguments, PathSegment, Type};

use super::handler::Handler;
use super::model::{Access, Attribute, Declaration, RoleRef, role_at};
use super::rule::{self, Markers};
use crate::errors::compact;
use crate::extractors::parts;
use crate::function::Function;
use crate::krate::Private;
use crate::span::{located, moved};

pub(crate) fn expand(declaration: Declaration, handler: Handler) -> TokenStream {
    let Handler { function, document } = handler;
    let name = function.ident.unraw();
    let (import, krate) = declaration.krate.imported_for(&name);
    let declaration = &Declaration { krate, ..declaration };
    let private = declaration.krate.private();
    let marker = format_ident!("__countersign_{name}", span = Span::call_site());
    let guarded = Guarded::new(declaration, &private, &marker, &function);
    let checks = guarded.checks();
    let demands = guarded.demands();
    let policy = guarded.policy();
    let is_mistaken = matches!(declaration.access, Access::Mistaken);
    let probe = (cfg!(feature = "openapi") && document.is_none() && !is_mistaken).then(|| guarded.probe());
    let guard = match declaration.access {
        Access::Public(_) => quote!(Public<#marker>),
        Access::Authenticated | Access::Require(_) => quote!(Guard<#marker>),
        Access::Mistaken => quote!(DenyAll),
    };
    let Function { mut attrs, vis, ident, inputs, output, body } = function;
    if let Some(document) = document {
        document.complete(declaration, &marker, &mut attrs);
    }
    quote! {
        #import

        #[doc(hidden)]
        #[non_exhaustive]
        #vis enum #marker {}

        #checks

        #demands

        #policy

        #probe

        #(#attrs)*
        #vis async fn #ident(_: #private::#guard, #inputs) #output #body
    }
}

/// A handler with everything that its policy is made of.
struct Guarded<'a> {
    declaration: &'a Declaration,
    private: &'a Private,
    /// The type that has the policy.
    marker: &'a Ident,
    function: &'a Function,
    /// The types in the signature that no `cfg` can take away.
    extractors: Vec<&'a Type>,
    /// Whether there are roles, and types in the signature that may list the roles that exist.
    has_known_roles: bool,
}

impl<'a> Guarded<'a> {
    fn new(
        declaration: &'a Declaration,
        private: &'a Private,
        marker: &'a Ident,
        function: &'a Function,
    ) -> Self {
        let inputs = function.inputs.iter().filter(|input| !is_conditional(input));
        let extractors: Vec<_> = inputs.flat_map(|input| parts(&input.ty)).collect();
        let has_roles = declaration.access.rule().is_some_and(|rule| !rule.roles().is_empty());
        let has_known_roles = has_roles && !extractors.is_empty();
        Self { declaration, private, marker, function, extractors, has_known_roles }
    }

    fn policy(&self) -> TokenStream {
        let Self { private, marker, .. } = self;
        let empty = quote!(());
        let Some(rule) = self.declaration.access.rule() else {
            return self.implementation([&empty, &empty, &empty]);
        };
        let markers = Markers::of(rule, marker);
        let roles = markers.list(private, |own| {
            if self.has_known_roles {
                quote!(<#private::CheckedInSignature<{ #marker::CHECKED }> as #private::LeftForRouter<#own>>::Roles)
            } else {
                own
            }
        });
        let proves = rule::proves(rule, |rule| self.extractors.iter().any(|ty| is_proof_of(ty, rule)));
        let policy = self.implementation([&roles, &rule::checks(rule, private), &proves]);
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

    fn implementation(&self, [roles, checks, proves]: [&TokenStream; 3]) -> TokenStream {
        let Self { private, marker, .. } = self;
        let access = self.access();
        quote! {
            impl #private::Policy for #marker {
                const DECLARED_AT: #private::DeclaredAt = #private::declared_here();
                const ACCESS: #private::Access = #access;
                type Roles = #roles;
                type Checks = #checks;
                type Proves = #proves;
            }
        }
    }

    /// The constant that the guard decides with.
    fn access(&self) -> TokenStream {
        let private = self.private;
        let rule = match &self.declaration.access {
            Access::Authenticated => return quote!(#private::Access::Authenticated),
            Access::Public(reason) => return quote!(#private::Access::Public { reason: #reason }),
            Access::Mistaken => quote!(#private::Rule::Any(&[])),
            Access::Require(rule) => rule::constant(rule, private),
        };
        quote!(#private::Access::Require(#rule))
    }

    /// Compares each role with those that the types in the signature list, if any of them does.
    ///
    /// If one does, `CHECKED` turns the comparison with the router's roles off, so that one mistake is one error.
    fn checks(&self) -> Option<TokenStream> {
        let Self { declaration, private, marker, .. } = self;
        let rule = declaration.access.rule()?;
        let attribute = declaration.attribute.name();
        // Last, so that a role that does not exist is reported first and alone. Only an operator can make a contradiction.
        let consistency = (declaration.attribute == Attribute::Require).then(|| {
            let written = format!("#[{attribute}]");
            let access = quote!(<#marker as #private::Policy>::ACCESS);
            rule::consistency(rule, &quote!(#private::check_access), quote!(#written, #access, __SIGNATURE))
        });
        let consistency = consistency.flatten();
        if !self.has_known_roles {
            return consistency.map(|consistency| {
                quote! {
                    const _: () = {
                        const __SIGNATURE: #private::SignatureRoles<'_> = &[];

                        #consistency
                    };
                }
            });
        }
        let names = self.extractors.iter().map(|ty| {
            let text = compact(ty);
            quote!((#text, #private::RolesIn::<#ty>::ROLES))
        });
        let checks = rule.roles().into_iter().map(|role| {
            let here = moved(private, role.span());
            let span = located(role.span());
            match role {
                RoleRef::Name(name) => {
                    quote_spanned!(span=> #here::check_role(#attribute, #name, __SIGNATURE);)
                }
                RoleRef::Path(path) => {
                    let (written, role) = (role.written(), role_at(path, private));
                    quote_spanned!(span=> #here::check_role_path(#attribute, #written, #here::set_of(#role), __SIGNATURE);)
                }
            }
        });
        Some(quote! {
            const _: () = {
                use #private::NamesNoRoles as _;

                const __SIGNATURE: #private::SignatureRoles<'_> = &[#(#names),*];

                impl #marker {
                    const CHECKED: bool = #private::any_closed(__SIGNATURE);
                }

                #(#checks)*
                #consistency
            };
        })
    }

    /// Asks types in the signature which access they declare, where that could be more than the attribute says and the
    /// document would be wrong: every type of a public handler, and elsewhere the [`STRICTER`] ones.
    fn demands(&self) -> Option<TokenStream> {
        let Self { declaration, private, marker, .. } = self;
        let name = declaration.attribute.name();
        let is_asked: fn(&(&PatType, &Type)) -> bool = match &declaration.access {
            Access::Public(_) => |_| true,
            Access::Mistaken => |_| false,
            Access::Authenticated | Access::Require(_) => |(_, ty)| is_stricter(ty),
        };
        // The macro cannot know what `cfg_attr` makes of an argument.
        let inputs = self.function.inputs.iter().filter(|input| !has(input, "cfg_attr"));
        let types = inputs.flat_map(|input| parts(&input.ty).into_iter().map(move |ty| (input, ty)));
        let mut checks = types.filter(is_asked).map(|(input, ty)| {
            let text = compact(ty);
            let here = moved(private, ty.span());
            let span = located(ty.span());
            let check = if declaration.attribute == Attribute::Public {
                quote_spanned!(span=> #here::check_public(#text, __ARGUMENT);)
            } else {
                let access = quote!(<#marker as #private::Policy>::ACCESS);
                quote_spanned!(span=> #here::check_covered(#name, #text, __ARGUMENT, #access);)
            };
            let conditions = input.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
            quote!(#(#conditions)* {
                const __ARGUMENT: ::core::option::Option<#private::Access> = #private::AccessOf::<#ty>::ACCESS;
                #check
            })
        });
        let first = checks.next()?;
        Some(quote! {
            const _: () = {
                use #private::DeclaresNothing as _;

                #first
                #(#checks)*
            };
        })
    }

    /// Fails to compile when `#[utoipa::path]` is above the attribute: expanded first, it did not see the access.
    ///
    /// In that case utoipa has written its `__path_...` already, which shadows the one that is glob-imported here. Only the
    /// latter has a constant of its own; otherwise the constant of the trait is chosen, which is `false`.
    fn probe(&self) -> TokenStream {
        let Self { private, function, .. } = self;
        let vis = &function.vis;
        let name = function.ident.unraw();
        let module = format_ident!("__countersign_undocumented_{name}", span = Span::call_site());
        let path = format_ident!("__path_{name}", span = Span::call_site());
        let message = format!(
            "#[{}] must be above #[utoipa::path], otherwise the OpenAPI document leaves it out",
            self.declaration.attribute.name()
        );
        quote! {
            #[doc(hidden)]
            mod #module {
                #[non_exhaustive]
                pub enum #path {}

                impl #path {
                    pub const UNDOCUMENTED: bool = true;
                }
            }

            #[doc(hidden)]
            #vis use #module::*;

            const _: () = {
                use #private::Documentable as _;
                ::core::assert!(#path::UNDOCUMENTED, #message);
            };
        }
    }
}

/// The names of extractors that ask for more than a signed-in user.
const STRICTER: [&str; 3] = ["RefreshSession", "Reauthentication", "Proof"];

/// Whether a type has the name of one of those extractors. Whether it is one, the compiler finds out.
fn is_stricter(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|last| STRICTER.iter().any(|name| last.ident == name))
}

/// Whether a type reads like `Proof` of this rule. The guard leaves evidence for these alone; where the names deceive, the
/// proof evaluates its rule by itself.
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

fn is_conditional(input: &PatType) -> bool {
    has(input, "cfg") || has(input, "cfg_attr")
}

fn has(input: &PatType, attribute: &str) -> bool {
    input.attrs.iter().any(|attr| attr.path().is_ident(attribute))
}
