//! Claims to code.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Generics, Ident};

use super::model::{Claims, Marked};
use super::wire::wire;
use crate::krate::Private;

pub(super) fn expand(claims: &Claims) -> TokenStream {
    let ident = &claims.ident;
    let private = claims.krate.private();
    let wire = wire(claims);
    let session_claims = session_claims(claims, &private);
    let role_type = role_type(claims, &private);
    let extractor = extractor(ident, &role_type, &private);

    quote! {
        const _: () = {
            #wire
            #session_claims
            #extractor
        };
    }
}

fn session_claims(claims: &Claims, private: &Private) -> TokenStream {
    let ident = &claims.ident;
    let subject = &claims.subject.ident;
    let subject_type = private.projection(&claims.subject.ty, "SubjectField", "This");
    let role_type = role_type(claims, private);
    let has_role = has(quote!(has_role), quote!(__Roles), claims.roles.as_ref());
    let has_scope = has(quote!(has_scope), quote!(__Scopes), claims.scopes.as_ref());

    quote! {
        #[automatically_derived]
        impl #private::SessionClaims for #ident {
            type Subject = #subject_type;
            type Role = #role_type;

            fn subject(&self) -> &#subject_type {
                &self.#subject
            }

            #has_role
            #has_scope

            fn serialize_wire<__S>(&self, serializer: __S) -> ::core::result::Result<__S::Ok, __S::Error>
            where
                __S: #private::serde::Serializer,
            {
                __Wire::serialize(self, serializer)
            }

            fn deserialize_wire<'__de, __D>(deserializer: __D) -> ::core::result::Result<Self, __D::Error>
            where
                __D: #private::serde::Deserializer<'__de>,
            {
                __Wire::deserialize(deserializer)
            }
        }
    }
}

fn role_type(claims: &Claims, private: &Private) -> TokenStream {
    match &claims.roles {
        Some(roles) => private.projection(&roles.ty, "RoleField", "Role"),
        None => quote!(#private::String),
    }
}

/// `has_role` or `has_scope`; without a field to look into, the answer is no.
fn has(method: TokenStream, functions: TokenStream, field: Option<&Marked>) -> TokenStream {
    match field {
        Some(Marked { ident, .. }) => quote! {
            fn #method(&self, name: &str) -> bool {
                #functions::contains(&self.#ident, name)
            }
        },
        None => quote! {
            fn #method(&self, _: &str) -> bool {
                false
            }
        },
    }
}

/// The claims as an argument of a handler.
fn extractor(ident: &Ident, role_type: &TokenStream, private: &Private) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl<__S> #private::FromRequestParts<__S> for #ident
        where
            __S: #private::ProvidesClaims<#ident> + ::core::marker::Send + ::core::marker::Sync,
        {
            type Rejection = #private::AuthRejection;

            async fn from_request_parts(
                parts: &mut #private::Parts,
                state: &__S,
            ) -> ::core::result::Result<Self, Self::Rejection> {
                #private::claims_from_parts(parts, state).await
            }
        }

        #[automatically_derived]
        impl<__S> #private::OptionalFromRequestParts<__S> for #ident
        where
            __S: #private::ProvidesClaims<#ident> + ::core::marker::Send + ::core::marker::Sync,
        {
            type Rejection = #private::AuthRejection;

            async fn from_request_parts(
                parts: &mut #private::Parts,
                state: &__S,
            ) -> ::core::result::Result<::core::option::Option<Self>, Self::Rejection> {
                #private::optional_claims_from_parts(parts, state).await
            }
        }

        #[automatically_derived]
        impl #private::DeclaresAccess for #ident {
            const ACCESS: #private::Access = #private::Access::Authenticated;
        }

        #[automatically_derived]
        impl #private::NamesRoles for #ident {
            const NAMES: ::core::option::Option<&'static [&'static str]> =
                <#role_type as #private::Role>::NAMES;
        }
    }
}

/// What stops follow-up errors after a mistake: every impl that the rest of the program may ask for.
pub(super) fn stub(ident: &Ident, generics: &Generics, private: &Private) -> TokenStream {
    if !generics.params.is_empty() {
        return TokenStream::new();
    }
    let extractor = extractor(ident, &quote!(#private::String), private);
    quote! {
        #[automatically_derived]
        impl #private::SessionClaims for #ident {
            type Subject = #private::String;
            type Role = #private::String;

            fn subject(&self) -> &Self::Subject {
                ::core::unreachable!()
            }

            fn has_role(&self, _: &str) -> bool {
                false
            }

            fn has_scope(&self, _: &str) -> bool {
                false
            }

            fn serialize_wire<__S>(&self, _: __S) -> ::core::result::Result<__S::Ok, __S::Error>
            where
                __S: #private::serde::Serializer,
            {
                ::core::unreachable!()
            }

            fn deserialize_wire<'__de, __D>(_: __D) -> ::core::result::Result<Self, __D::Error>
            where
                __D: #private::serde::Deserializer<'__de>,
            {
                ::core::unreachable!()
            }
        }

        #extractor
    }
}
