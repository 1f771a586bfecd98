//! The claims of a struct with a mistake: every impl that the rest of the program may ask for, so that the mistake has no follow-up errors.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, GenericParam, Generics, Ident, Type, WhereClause, parse_quote};

use super::expand::{role_of, subject_of};
use super::parse::{FieldMark, Input, Mark};
use super::wire::fits;
use crate::errors::unknown_type;
use crate::krate::{Krate, Private};

/// What can be known of the claims in spite of the mistake.
pub(super) struct Stub {
    ident: Ident,
    generics: Generics,
    krate: Krate,
    subject: Option<Type>,
    roles: Option<Type>,
}

impl Stub {
    pub(super) fn new(parsed: &Input, input: &DeriveInput) -> Self {
        let marked = |mark| {
            let mut fields = parsed.fields.iter().flatten();
            let field = fields.find(|field| matches!(&field.mark, FieldMark::Is(found, _) if *found == mark));
            field.map(|field| field.ty.clone())
        };
        Self {
            ident: input.ident.clone(),
            generics: input.generics.clone(),
            krate: parsed.krate.clone(),
            subject: marked(Mark::Subject),
            roles: marked(Mark::Roles),
        }
    }

    pub(super) fn expand(&self, mistakes: &TokenStream) -> TokenStream {
        let Self { ident, generics, krate, subject, roles } = self;
        let (import, private) = &krate.imported();
        let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
        let is_generic = !generics.params.is_empty();
        // Without parameters the compiler would report a bound that does not hold.
        let owned = bounded(
            where_clause,
            is_generic.then(
                || quote!(Self: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync + 'static),
            ),
        );
        let extractor = self.extractor(is_generic, private);
        // A constant cannot name a type with parameters.
        let [subject, roles] = [subject, roles].map(|ty| ty.as_ref().filter(|_| !is_generic));
        let fits = fits(subject, roles, private);
        let unknown = unknown_type(mistakes);
        let subject = subject.map_or_else(|| unknown.clone(), |ty| subject_of(ty, private));
        let role = roles.map_or_else(|| quote!(type Role = #unknown;), |ty| role_of(ty, private));
        quote! {
            const _: () = {
                #import
                #fits

                #[automatically_derived]
                impl #impl_generics #private::SessionClaims for #ident #ty_generics #owned {
                    type Subject = #subject;
                    #role

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
                impl #impl_generics #private::NamesRoles for #ident #ty_generics #where_clause {
                    const ROLES: ::core::option::Option<#private::RoleTable> = ::core::option::Option::None;
                }

                #extractor
            };
        }
    }

    /// The claims as an argument of a handler.
    fn extractor(&self, is_generic: bool, private: &Private) -> TokenStream {
        let Self { ident, generics, .. } = self;
        let (_, ty_generics, where_clause) = generics.split_for_impl();
        let claims = is_generic.then(|| quote!(Self: #private::SessionClaims));
        let mut of_state = generics.clone();
        of_state.params.push(GenericParam::Type(parse_quote!(__S)));
        let (of_state, _, _) = of_state.split_for_impl();
        let (impl_generics, _, _) = generics.split_for_impl();
        let of_claims = bounded(where_clause, claims.clone());
        let state = quote!(__S: #private::ProvidesClaims<#ident #ty_generics> + ::core::marker::Send + ::core::marker::Sync);
        let of_both = bounded(where_clause, claims.into_iter().chain([state]));
        quote! {
            #[automatically_derived]
            impl #of_state #private::FromRequestParts<__S> for #ident #ty_generics #of_both {
                type Rejection = #private::AuthRejection;

                async fn from_request_parts(
                    _: &mut #private::Parts,
                    _: &__S,
                ) -> ::core::result::Result<Self, Self::Rejection> {
                    ::core::unreachable!()
                }
            }

            #[automatically_derived]
            impl #of_state #private::OptionalFromRequestParts<__S> for #ident #ty_generics #of_both {
                type Rejection = #private::AuthRejection;

                async fn from_request_parts(
                    _: &mut #private::Parts,
                    _: &__S,
                ) -> ::core::result::Result<::core::option::Option<Self>, Self::Rejection> {
                    ::core::unreachable!()
                }
            }

            #[automatically_derived]
            impl #impl_generics #private::DeclaresAccess for #ident #ty_generics #of_claims {
                const ACCESS: #private::Access = #private::Access::Authenticated;
                const DECLARED: #private::DeclaredWhere = #private::DeclaredWhere::Argument;
                type Demands = #private::Session<Self>;
            }
        }
    }
}

/// A `where` with the user's bounds and further ones.
fn bounded(own: Option<&WhereClause>, further: impl IntoIterator<Item = TokenStream>) -> TokenStream {
    let own = own.into_iter().flat_map(|clause| &clause.predicates);
    let further = further.into_iter();
    quote!(where #(#own,)* #(#further,)*)
}
