//! Claims to code.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Generics, Ident};

use super::model::{Claims, Marked};
use super::wire::wire;
use crate::krate::Private;
use crate::span::moved_to_type;

pub(super) fn expand(claims: &Claims) -> TokenStream {
    let ident = &claims.ident;
    let private = claims.krate.private();
    let wire = wire(claims);
    let (role_type, names_roles) = role(claims, &private);
    let session_claims = session_claims(claims, &role_type, &private);
    let extractor = extractor(ident, &private);

    quote! {
        const _: () = {
            #wire
            #session_claims
            #names_roles
            #extractor
        };
    }
}

fn session_claims(claims: &Claims, role_type: &TokenStream, private: &Private) -> TokenStream {
    let ident = &claims.ident;
    let subject = subject(claims, private);
    let has_role = has(quote!(holds_role), quote!(__Roles), claims.roles.as_ref());
    let no_scopes = claims.scopes.is_none().then(|| {
        quote!(
            const HAS_SCOPES: bool = false;
        )
    });
    let has_scope = has(quote!(has_scope), quote!(__Scopes), claims.scopes.as_ref());

    quote! {
        #[automatically_derived]
        impl #private::SessionClaims for #ident {
            #subject
            #role_type

            #no_scopes

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

/// The type of the subject and the method that returns it.
fn subject(claims: &Claims, private: &Private) -> TokenStream {
    let Marked { ident, ty, .. } = &claims.subject;
    let this = quote!(<#ty as #private::SubjectField>::This);
    let items = quote! {
        type Subject = #this;

        fn subject(&self) -> &#this {
            &self.#ident
        }
    };
    moved_to_type(ty, &items)
}

/// `type Role`, and the impl that lists its names.
fn role(claims: &Claims, private: &Private) -> (TokenStream, TokenStream) {
    let ident = &claims.ident;
    let (role_type, names) = match &claims.roles {
        Some(Marked { ty, .. }) => {
            let role_type = quote!(type Role = <#ty as #private::RoleField>::Role;);
            (moved_to_type(ty, &role_type), quote!(__Roles::ROLES))
        }
        None => {
            let names = quote!(::core::option::Option::Some(#private::RoleTable::of::<#private::NoRole>()));
            (quote!(type Role = #private::NoRole;), names)
        }
    };
    let names_roles = quote! {
        #[automatically_derived]
        impl #private::NamesRoles for #ident {
            const ROLES: ::core::option::Option<#private::RoleTable> = #names;
        }
    };
    (role_type, names_roles)
}

/// `holds_role` or `has_scope`. Without a field for them, the answer is always no.
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
            const DECLARED: #private::DeclaredWhere = #private::DeclaredWhere::Argument;
            type Demands = #private::Session<Self>;
        }
    }
}

/// Every impl that the rest of the program may ask for, so that a mistake has no follow-up errors.
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

            fn holds_role(&self, _: &str) -> bool {
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

        #[automatically_derived]
        impl #private::NamesRoles for #ident {
            const ROLES: ::core::option::Option<#private::RoleTable> = ::core::option::Option::None;
        }

        #extractor
    }
}
