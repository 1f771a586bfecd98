//! Roles to code.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::ext::IdentExt as _;
use syn::{GenericParam, Generics, Ident, parse_quote};

use super::model::RoleEnum;
use crate::krate::{Krate, Private};
use crate::scope_token::identifiers;
use crate::span::at_call_site;

pub(super) fn expand(roles: &RoleEnum) -> TokenStream {
    let ident = &roles.ident;
    let (import, private) = roles.krate.imported();
    // Where a variant is deprecated, its use here is none of the user's.
    let variants: Vec<_> = roles.roles.iter().map(|role| at_call_site(&role.variant)).collect();
    let names: Vec<_> = roles.roles.iter().map(|role| &role.name).collect();
    let grants = roles.roles.iter().map(|role| &role.grants);
    let open: Vec<_> = roles.roles.iter().filter(|role| !role.private).map(|role| &role.name).collect();
    let everything = everything(&Of::new(ident, &Generics::default()), &open, &private);
    let implies = implies(roles, &private);
    let hidden = hidden(roles);
    let words = identifiers(&names, vec![ident.to_string()]);

    quote! {
        // Apart from the rest, where these types could hide others.
        const _: () = {
            #import

            #(
                pub enum #words {}
            )*

            #[automatically_derived]
            impl #private::ListsRoles for #ident {
                type Names = (#(#words,)*);
            }
        };

        const _: () = {
            #import

            #[automatically_derived]
            impl #ident {
                /// The role's name in tokens, in rules and in the OpenAPI document.
                #[must_use]
                pub const fn as_str(&self) -> &'static str {
                    match self {
                        #(Self::#variants => #names,)*
                    }
                }
            }

            #[automatically_derived]
            impl #private::RoleSet for #ident {
                const NAMES: ::core::option::Option<&'static [&'static str]> =
                    ::core::option::Option::Some(&[#(#names),*]);

                #implies
                #hidden

                const SET: &'static str = <Self as #private::RolePath>::SET;

                type Listed = <Self as #private::ListsRoles>::Names;

                fn name(&self) -> &str {
                    self.as_str()
                }

                fn from_name(name: &str) -> ::core::option::Option<Self> {
                    match name {
                        #(#names => ::core::option::Option::Some(Self::#variants),)*
                        _ => ::core::option::Option::None,
                    }
                }

                fn grants(&self, name: &str) -> bool {
                    match self {
                        #(Self::#variants => ::core::matches!(name, #(#grants)|*),)*
                    }
                }
            }

            #(
                #[automatically_derived]
                impl #private::Declares<{ #private::role_hash(#names) }> for #ident {}

                #[automatically_derived]
                impl #private::Declares<{ #private::role_path_hash(&#ident::#variants, #names) }> for #ident {}
            )*

            #everything
        };
    }
}

/// The roles that imply others, if there are any.
fn implies(roles: &RoleEnum, private: &Private) -> Option<TokenStream> {
    let mut entries = roles.roles.iter().filter_map(|role| {
        let (name, implied) = role.grants.split_first()?;
        (!implied.is_empty()).then(|| quote!((#name, &[#(#implied),*])))
    });
    let first = entries.next()?;
    Some(quote!(const IMPLIES: #private::Implications = &[#first #(, #entries)*];))
}

/// The private roles, if there are any.
fn hidden(roles: &RoleEnum) -> Option<TokenStream> {
    let mut names = roles.roles.iter().filter(|role| role.private).map(|role| &role.name);
    let first = names.next()?;
    Some(quote!(const PRIVATE: &'static [&'static str] = &[#first #(, #names)*];))
}

/// Every impl that the rest of the program may ask for, so that a mistake has no follow-up errors.
pub(super) fn stub(ident: &Ident, generics: &Generics, krate: &Krate) -> TokenStream {
    let (import, private) = krate.imported();
    let of = Of::new(ident, generics);
    let Of { ty, bounds, .. } = &of;
    let everything = everything(&of, &[], &private);
    let own = of.with(&[]);
    let declares = of.with(&[parse_quote!(const __HASH: u64)]);
    quote! {
        const _: () = {
            #import

            #[automatically_derived]
            impl #own #ty {
                pub const fn as_str(&self) -> &'static str {
                    ""
                }
            }

            #[automatically_derived]
            impl #own #private::RoleSet for #ty #bounds {
                const NAMES: ::core::option::Option<&'static [&'static str]> = ::core::option::Option::None;

                type Listed = ();

                fn name(&self) -> &str {
                    ""
                }

                fn from_name(_: &str) -> ::core::option::Option<Self> {
                    ::core::option::Option::None
                }

                fn grants(&self, _: &str) -> bool {
                    false
                }
            }

            #[automatically_derived]
            impl #declares #private::Declares<__HASH> for #ty {}

            #everything
        };
    }
}

/// The type that the impls are for.
struct Of {
    /// The enum with its parameters; a correct one has none.
    ty: TokenStream,
    name: String,
    generics: Generics,
    /// What a role has to be, as far as parameters leave it open.
    bounds: Option<TokenStream>,
}

impl Of {
    fn new(ident: &Ident, generics: &Generics) -> Self {
        let (_, ty_generics, where_clause) = generics.split_for_impl();
        let own = where_clause.into_iter().flat_map(|clause| &clause.predicates);
        // Without parameters rustc would report a bound that does not hold.
        let bounds = (!generics.params.is_empty()).then(|| {
            quote!(where #(#own,)* Self: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync + 'static)
        });
        let ty = quote!(#ident #ty_generics);
        Self { ty, name: ident.unraw().to_string(), generics: generics.clone(), bounds }
    }

    /// The parameters of an impl that has further ones.
    fn with(&self, further: &[GenericParam]) -> TokenStream {
        let (lifetimes, others): (Vec<_>, Vec<_>) =
            further.iter().cloned().partition(|param| matches!(param, GenericParam::Lifetime(_)));
        let mut generics = self.generics.clone();
        let own = std::mem::take(&mut generics.params);
        generics.params = lifetimes.into_iter().chain(own).chain(others).collect();
        generics.split_for_impl().0.to_token_stream()
    }
}

/// The impls that roles with and without a mistake have alike.
fn everything(of: &Of, names: &[&String], private: &Private) -> TokenStream {
    let named = named(of, private);
    let text = text(of, private);
    let schema = schema(of, names, private);
    quote!(#named #text #schema)
}

/// The role as a value: in the methods of claims, and as a path in rules.
fn named(of: &Of, private: &Private) -> TokenStream {
    let Of { ty, name, bounds, .. } = of;
    let own = of.with(&[]);
    let borrowed = of.with(&[parse_quote!('__a)]);
    quote! {
        #[automatically_derived]
        impl #own #private::NamedBy<#ty> for #ty #bounds {
            fn name_of(role: &#ty) -> &str {
                role.as_str()
            }
        }

        #[automatically_derived]
        impl #borrowed #private::NamedBy<&'__a #ty> for #ty #bounds {
            fn name_of<'__b>(role: &'__b &'__a #ty) -> &'__b str {
                role.as_str()
            }
        }

        #[automatically_derived]
        impl #own #private::RolePath for #ty {
            type This = Self;
            const SET: &'static str =
                ::core::concat!(::core::module_path!(), "::", #name, ":", ::core::line!(), ":", ::core::column!());
        }
    }
}

/// Reading and writing the role as its name.
fn text(of: &Of, private: &Private) -> TokenStream {
    let Of { ty, bounds, .. } = of;
    let own = of.with(&[]);
    let deserialize = of.with(&[parse_quote!('__de)]);
    quote! {
        #[automatically_derived]
        impl #own ::core::convert::From<#ty> for &'static str {
            fn from(role: #ty) -> Self {
                role.as_str()
            }
        }

        #[automatically_derived]
        impl #own ::core::convert::AsRef<str> for #ty {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        #[automatically_derived]
        impl #own ::core::fmt::Display for #ty {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        #[automatically_derived]
        impl #own ::core::str::FromStr for #ty #bounds {
            type Err = #private::UnknownRole;

            fn from_str(name: &str) -> ::core::result::Result<Self, #private::UnknownRole> {
                #private::parse_role(name)
            }
        }

        #[automatically_derived]
        impl #own #private::serde::Serialize for #ty {
            fn serialize<__S>(&self, serializer: __S) -> ::core::result::Result<__S::Ok, __S::Error>
            where
                __S: #private::serde::Serializer,
            {
                #private::serde::Serializer::serialize_str(serializer, self.as_str())
            }
        }

        #[automatically_derived]
        impl #deserialize #private::serde::Deserialize<'__de> for #ty #bounds {
            fn deserialize<__D>(deserializer: __D) -> ::core::result::Result<Self, __D::Error>
            where
                __D: #private::serde::Deserializer<'__de>,
            {
                #private::deserialize_role(deserializer)
            }
        }
    }
}

/// The role as utoipa sees it: a string with its possible values, without the private ones.
fn schema(of: &Of, names: &[&String], private: &Private) -> TokenStream {
    if !cfg!(feature = "openapi") {
        return TokenStream::new();
    }
    let Of { ty, bounds, .. } = of;
    let own = of.with(&[]);
    let values = if names.is_empty() {
        TokenStream::new()
    } else {
        quote!(.enum_values(::core::option::Option::Some([#(#names),*])))
    };
    quote! {
        #[automatically_derived]
        impl #own #private::utoipa::PartialSchema for #ty #bounds {
            fn schema() -> #private::utoipa::openapi::RefOr<#private::utoipa::openapi::schema::Schema> {
                ::core::convert::Into::into(
                    #private::utoipa::openapi::schema::ObjectBuilder::new()
                        .schema_type(#private::utoipa::openapi::schema::Type::String)
                        #values
                )
            }
        }

        #[automatically_derived]
        impl #own #private::utoipa::ToSchema for #ty #bounds {}
    }
}
