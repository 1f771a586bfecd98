//! The state to code.

use proc_macro2::TokenStream;
use quote::quote;

use super::model::State;

pub(super) fn expand(state: &State) -> TokenStream {
    let State { ident, krate, generics, member, ty } = state;
    let private = krate.private();
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();

    quote! {
        #[automatically_derived]
        impl #impl_generics #private::AuthState for #ident #ty_generics #where_clause {
            type Claims = <#ty as #private::AuthHandle>::Claims;

            fn auth(&self) -> &#private::Auth<Self::Claims> {
                &self.#member
            }
        }
    }
}
