//! A rule as a type.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;

use super::model::Definition;
use crate::access::rule::{Markers, checks, consistency, constant};
use crate::krate::Private;
use crate::span::at_call_site;

pub(super) fn expand(definition: &Definition, private: &Private) -> TokenStream {
    let Definition { attrs, vis, ident, rule } = definition;
    let conditions: Vec<_> = attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
    let name = ident.unraw().to_string();
    // A mistaken rule is a condition of which nothing is known, so that its mistake stays one error wherever it is used.
    let (declarations, rule, roles, checks) = match rule {
        Some(rule) => {
            let markers = Markers::of(rule, ident);
            let roles = markers.list(private, |own| own);
            (markers.declarations(private), constant(rule, private), roles, checks(rule, private))
        }
        None => {
            let opaque = quote!(#private::Rule::Check { name: #name, not_found: false });
            (TokenStream::new(), opaque, quote!(()), quote!(()))
        }
    };
    let consistency = definition.rule.as_ref().and_then(|rule| {
        let value = quote!(<#ident as #private::NamedRule>::RULE);
        consistency(rule, &quote!(#private::check_rule), quote!("rule!", #value, &[]))
    });
    let (docs, others): (Vec<_>, Vec<_>) = attrs.iter().partition(|attr| attr.path().is_ident("doc"));
    // A private type cannot be part of a public handler's policy, so the type is public in a module of its own. The docs
    // are on the import, where their links resolve as the user expects.
    let module = format_ident!("__countersign_rule_{name}", span = Span::call_site());
    let own = at_call_site(ident);
    quote! {
        #(#conditions)*
        #[doc(hidden)]
        mod #module {
            #(#others)*
            #[non_exhaustive]
            pub enum #own {}
        }

        #(#conditions)*
        #(#docs)*
        #vis use #module::#own;

        #(#conditions)*
        const _: () = {
            #declarations

            impl #private::NamedRule for #ident {
                const NAME: &'static str = #name;
                const RULE: #private::Rule = #rule;
                type Roles = #roles;
                type Checks = #checks;
            }

            #consistency
        };
    }
}
