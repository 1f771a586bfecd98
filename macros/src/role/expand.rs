//! Roles to code.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Generics, Ident};

use super::model::RoleEnum;
use crate::krate::Private;
use crate::scope_token::identifiers;

pub(super) fn expand(roles: &RoleEnum) -> TokenStream {
    let ident = &roles.ident;
    let private = roles.krate.private();
    let variants: Vec<_> = roles.roles.iter().map(|role| &role.variant).collect();
    let names: Vec<_> = roles.roles.iter().map(|role| &role.name).collect();
    let grants = roles.roles.iter().map(|role| &role.grants);
    let text = text(ident, &private);
    let open: Vec<_> = roles.roles.iter().filter(|role| !role.private).map(|role| &role.name).collect();
    let schema = schema(ident, &open, &private);
    let implies = implies(roles, &private);
    let hidden = hidden(roles);
    let words = identifiers(&names, vec![ident.to_string()]);

    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
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
        #[allow(deprecated)]
        impl #private::RoleSet for #ident {
            const NAMES: ::core::option::Option<&'static [&'static str]> =
                ::core::option::Option::Some(&[#(#names),*]);

            #implies
            #hidden

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
        )*

        const _: () = {
            #(
                #[allow(non_camel_case_types)]
                pub enum #words {}
            )*

            #[automatically_derived]
            impl #private::ListsRoles for #ident {
                type Names = (#(#words,)*);
            }
        };

        #text
        #schema
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
pub(super) fn stub(ident: &Ident, generics: &Generics, private: &Private) -> TokenStream {
    if !generics.params.is_empty() {
        return TokenStream::new();
    }
    let text = text(ident, private);
    let schema = schema(ident, &[], private);
    quote! {
        #[automatically_derived]
        impl #ident {
            pub const fn as_str(&self) -> &'static str {
                ""
            }
        }

        #[automatically_derived]
        impl #private::RoleSet for #ident {
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
        impl<const HASH: u64> #private::Declares<HASH> for #ident {}

        #text
        #schema
    }
}

/// Reading and writing the role as its name.
fn text(ident: &Ident, private: &Private) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::core::convert::From<#ident> for &'static str {
            fn from(role: #ident) -> Self {
                role.as_str()
            }
        }

        #[automatically_derived]
        impl ::core::convert::AsRef<str> for #ident {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        #[automatically_derived]
        impl ::core::fmt::Display for #ident {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        #[automatically_derived]
        impl ::core::str::FromStr for #ident {
            type Err = #private::UnknownRole;

            fn from_str(name: &str) -> ::core::result::Result<Self, #private::UnknownRole> {
                #private::parse_role(name)
            }
        }

        #[automatically_derived]
        impl #private::serde::Serialize for #ident {
            fn serialize<__S>(&self, serializer: __S) -> ::core::result::Result<__S::Ok, __S::Error>
            where
                __S: #private::serde::Serializer,
            {
                #private::serde::Serializer::serialize_str(serializer, self.as_str())
            }
        }

        #[automatically_derived]
        impl<'__de> #private::serde::Deserialize<'__de> for #ident {
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
fn schema(ident: &Ident, names: &[&String], private: &Private) -> TokenStream {
    if !cfg!(feature = "openapi") {
        return TokenStream::new();
    }
    let values = if names.is_empty() {
        TokenStream::new()
    } else {
        quote!(.enum_values(::core::option::Option::Some([#(#names),*])))
    };
    quote! {
        #[automatically_derived]
        impl #private::utoipa::PartialSchema for #ident {
            fn schema() -> #private::utoipa::openapi::RefOr<#private::utoipa::openapi::schema::Schema> {
                ::core::convert::Into::into(
                    #private::utoipa::openapi::schema::ObjectBuilder::new()
                        .schema_type(#private::utoipa::openapi::schema::Type::String)
                        #values
                )
            }
        }

        #[automatically_derived]
        impl #private::utoipa::ToSchema for #ident {}
    }
}
