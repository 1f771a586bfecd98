//! The state to code.

use proc_macro2::TokenStream;
use quote::quote;

use super::model::State;
use crate::span::moved_to_type;

pub(super) fn expand(state: &State) -> TokenStream {
    let State { ident, krate, generics, member, ty } = state;
    let private = krate.private();
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();

    let claims = quote!(<#ty as #private::AuthHandle>::Claims);
    let items = quote! {
        type Claims = #claims;

        fn auth(&self) -> &#private::Auth<#claims> {
            #private::AuthHandle::handle(&self.#member)
        }
    };
    let items = moved_to_type(ty, &items);

    quote! {
        #[automatically_derived]
        impl #impl_generics #private::AuthState for #ident #ty_generics #where_clause {
            #items
        }
    }
}
