//! A rule as a type.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt as _;

use super::parse::Definition;
use crate::access::rule::{Markers, checks, constant};
use crate::krate::Private;

pub(super) fn expand(definition: &Definition, private: &Private) -> TokenStream {
    let Definition { attrs, vis, ident, rule } = definition;
    let conditions: Vec<_> = attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
    let name = ident.unraw().to_string();
    // A mistaken rule lets nobody in, and is still a rule, so that the mistake stays one error.
    let (declarations, rule, roles, checks) = match rule {
        Some(rule) => {
            let markers = Markers::of(rule);
            let roles = markers.list(private, |own| own);
            (markers.declarations(private), constant(rule, private), roles, checks(rule, private))
        }
        None => (TokenStream::new(), quote!(#private::Rule::Any(&[])), quote!(()), quote!(())),
    };
    quote! {
        #(#attrs)*
        #[allow(clippy::exhaustive_enums)]
        #vis enum #ident {}

        #(#conditions)*
        const _: () = {
            #declarations

            impl #private::NamedRule for #ident {
                const NAME: &'static str = #name;
                const RULE: #private::Rule = #rule;
                type Roles = #roles;
                type Checks = #checks;
            }
        };
    }
}
