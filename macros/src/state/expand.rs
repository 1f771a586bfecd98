//! The state to code.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Generics, Ident};

use super::model::State;
use crate::errors::unknown_type;
use crate::krate::{Krate, Private};
use crate::span::moved_to_type;

pub(super) fn expand(state: &State) -> TokenStream {
    let State { ident, krate, generics, .. } = state;
    let (import, private) = krate.imported();
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let (fits, items) = items(state, &private);

    quote! {
        const _: () = {
            #import

            #fits

            #[automatically_derived]
            impl #impl_generics #private::AuthState for #ident #ty_generics #where_clause {
                #items
            }
        };
    }
}

/// The items of the impl, and the constant that they depend on. A type that does not fit is an error in the constant, and in no other place. A
/// constant cannot name a type with parameters, so there the items ask the type themselves.
fn items(state: &State, private: &Private) -> (Option<TokenStream>, TokenStream) {
    let State { generics, member, ty, .. } = state;
    if !generics.params.is_empty() {
        let claims = quote!(<#ty as #private::AuthHandle>::Claims);
        let items = quote! {
            type Claims = #claims;

            fn auth(&self) -> &#private::Auth<#claims> {
                #private::AuthHandle::handle(&self.#member)
            }
        };
        return (None, moved_to_type(ty, &items));
    }
    let fits = quote!(const __AUTH_FITS: bool = #private::auth_fits::<#ty>(););
    let field = quote!(<#private::Field<{ __AUTH_FITS }, #ty> as #private::AuthOfField>);
    let items = quote! {
        type Claims = #field::Claims;

        fn auth(&self) -> &#private::Auth<Self::Claims> {
            #field::handle(&self.#member)
        }
    };
    (Some(fits), items)
}

/// A state whose claims are not known because of a mistake, so that the mistake has no follow-up errors.
pub(super) fn stub(ident: &Ident, generics: &Generics, krate: &Krate, mistakes: &TokenStream) -> TokenStream {
    let (import, private) = krate.imported();
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let own = where_clause.into_iter().flat_map(|clause| &clause.predicates);
    // Without parameters rustc would report a bound that does not hold.
    let bounds = (!generics.params.is_empty())
        .then(|| quote!(where #(#own,)* Self: ::core::marker::Send + ::core::marker::Sync));
    let unknown = unknown_type(mistakes);

    quote! {
        const _: () = {
            #import

            #[automatically_derived]
            impl #impl_generics #private::AuthState for #ident #ty_generics #bounds {
                type Claims = #unknown;

                fn auth(&self) -> &#private::Auth<Self::Claims> {
                    ::core::unreachable!()
                }
            }
        };
    }
}
