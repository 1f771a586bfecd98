//! Claims to code.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::{Generics, Ident};

use super::model::{Claims, Marked};
use super::wire::wire;
use crate::krate::Private;

pub(super) fn expand(claims: &Claims) -> TokenStream {
    let ident = &claims.ident;
    let private = claims.krate.private();
    let wire = wire(claims);
    let session_claims = session_claims(claims, &private);
    let marked_fields = marked_fields(claims, &private);
    let extractor = extractor(ident, &private);

    quote! {
        const _: () = {
            #wire
            #session_claims
            #marked_fields
            #extractor
        };
    }
}

fn session_claims(claims: &Claims, private: &Private) -> TokenStream {
    let ident = &claims.ident;
    let Marked { ident: subject, ty: subject_type, .. } = &claims.subject;
    let has_role = claims.roles.as_ref().map(|Marked { ident: roles, .. }| {
        quote! {
            let roles: &<Self as #private::MarkedFields>::Roles = &self.#roles;
            ::core::iter::Iterator::any(&mut #private::RoleField::held(roles), |role| {
                #private::Role::grants(role, name)
            })
        }
    });
    let has_scope = claims.scopes.as_ref().map(|Marked { ident: scopes, .. }| {
        quote! {
            let scopes: &<Self as #private::MarkedFields>::Scopes = &self.#scopes;
            ::core::iter::Iterator::any(&mut #private::ScopeField::granted(scopes), |granted| granted == scope)
        }
    });
    let (role_name, has_role) = or_never("name", has_role);
    let (scope_name, has_scope) = or_never("scope", has_scope);

    quote! {
        #[automatically_derived]
        impl #private::SessionClaims for #ident {
            type Subject = #subject_type;
            type Role = <<Self as #private::MarkedFields>::Roles as #private::RoleField>::Role;

            fn subject(&self) -> &Self::Subject {
                &self.#subject
            }

            fn has_role(&self, #role_name: &str) -> bool {
                #has_role
            }

            fn has_scope(&self, #scope_name: &str) -> bool {
                #has_scope
            }

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

/// A body with the name of its parameter; without a field to look into, the answer is no.
fn or_never(parameter: &str, body: Option<TokenStream>) -> (TokenStream, TokenStream) {
    match body {
        Some(body) => (Ident::new(parameter, proc_macro2::Span::call_site()).into_token_stream(), body),
        None => (quote!(_), quote!(false)),
    }
}

fn marked_fields(claims: &Claims, private: &Private) -> TokenStream {
    let ident = &claims.ident;
    let open = quote!(#private::Vec<#private::String>);
    let ty = |field: &Option<Marked>| {
        field.as_ref().map_or_else(|| open.clone(), |field| field.ty.to_token_stream())
    };
    let roles = ty(&claims.roles);
    let scopes = ty(&claims.scopes);
    quote! {
        #[automatically_derived]
        impl #private::MarkedFields for #ident {
            type Roles = #roles;
            type Scopes = #scopes;
        }
    }
}

/// The claims as an argument of a handler.
fn extractor(ident: &Ident, private: &Private) -> TokenStream {
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
            type Demands = Self;
        }

        #[automatically_derived]
        impl #private::NamesRoles for #ident {
            const NAMES: ::core::option::Option<&'static [&'static str]> =
                <<#ident as #private::SessionClaims>::Role as #private::Role>::NAMES;
        }
    }
}

/// What stops follow-up errors after a mistake: every impl that the rest of the program may ask for.
pub(super) fn stub(ident: &Ident, generics: &Generics, private: &Private) -> TokenStream {
    if !generics.params.is_empty() {
        return TokenStream::new();
    }
    let extractor = extractor(ident, private);
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
