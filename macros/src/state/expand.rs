//! The state to code.

use proc_macro2::TokenStream;
use quote::quote;

use super::model::State;

pub(super) fn expand(state: &State) -> TokenStream {
    let State { ident, krate, generics, member, ty } = state;
    let private = krate.private();
    let claims = private.projection(ty, "AuthHandle", "Claims");
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();

    quote! {
        #[automatically_derived]
        impl #impl_generics #private::AuthState for #ident #ty_generics #where_clause {
            type Claims = #claims;

            fn auth(&self) -> &#private::Auth<#claims> {
                #private::AuthHandle::handle(&self.#member)
            }
        }
    }
}
