//! Claims to code.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Ident, Type};

use super::model::{Claims, Marked};
use super::wire::wire;
use crate::krate::Private;
use crate::span::{located, moved};

pub(super) fn expand(claims: &Claims) -> TokenStream {
    let ident = &claims.ident;
    let (import, private) = claims.krate.imported();
    let wire = wire(claims, &private);
    let (role_type, names_roles) = role(claims, &private);
    let session_claims = session_claims(claims, &role_type, &private);
    let extractor = extractor(ident, &private);

    quote! {
        const _: () = {
            #import

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
    let subject = subject_of(ty, private);
    quote! {
        type Subject = #subject;

        fn subject(&self) -> &#subject {
            &self.#ident
        }
    }
}

/// The type of the subject, of a field that [`fits`](super::wire::fits).
pub(super) fn subject_of(ty: &Type, private: &Private) -> TokenStream {
    quote!(<#private::Field<{ __SUBJECT_FITS }, #ty> as #private::SubjectOfField>::Subject)
}

/// `type Role`, of a field that [`fits`](super::wire::fits), with its caret at the field's type.
pub(super) fn role_of(ty: &Type, private: &Private) -> TokenStream {
    let private = moved(private, ty.span());
    quote_spanned! {located(ty.span())=>
        type Role = <#private::Field<{ __ROLES_FIT }, #ty> as #private::RoleOfField>::Role;
    }
}

/// `type Role`, and the impl that lists its names.
fn role(claims: &Claims, private: &Private) -> (TokenStream, TokenStream) {
    let ident = &claims.ident;
    let (role_type, names) = match &claims.roles {
        Some(Marked { ty, .. }) => (role_of(ty, private), quote!(__Roles::ROLES)),
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
