//! The refresh handler, its policy and its document.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::parse::Refresh;
use crate::krate::Private;
use crate::span::{adopted, located, moved};

/// Why anybody may call it.
const REASON: &str = "the refresh token in the body is the credential";

/// What the document says unless the user does.
const SUMMARY: &str = "Exchanges a refresh token for the next pair of tokens";

/// Expands to a handler like any other, which `routes!` of this crate and of utoipa-axum take.
pub(super) fn expand(refresh: &Refresh) -> TokenStream {
    let private = refresh.krate.private();
    let Refresh { attrs, vis, ident, state, .. } = refresh;
    let marker = format_ident!("__countersign_{}", ident.unraw(), span = Span::call_site());
    let summary = refresh.docs().is_empty().then(|| quote!(#[doc = #SUMMARY]));
    let document = cfg!(feature = "openapi").then(|| document(refresh, &private));
    // Asked for its `Auth` once, a state without one is one mistake; the future would ask again.
    let caret = state.span();
    let (here, owner) = (moved(&private, caret), adopted(state, caret));
    let body = quote_spanned!(located(caret)=> {
        #here::refresh_session(<#owner as #here::AuthState>::auth(&state), request).await
    });
    quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::exhaustive_enums)]
        #vis enum #marker {}

        impl #private::Policy for #marker {
            const ACCESS: #private::Access = #private::Access::Public { reason: #REASON };
            type Roles = ();
        }

        #document

        #summary
        #(#attrs)*
        #vis async fn #ident(
            _: #private::Public<#marker>,
            #private::State(state): #private::State<#state>,
            request: #private::RefreshRequest,
        ) -> ::core::result::Result<#private::RefreshAnswer, #private::AuthRejection> #body
    }
}

/// What `#[utoipa::path]` would write, without asking for utoipa in the user's crate.
fn document(refresh: &Refresh, private: &Private) -> TokenStream {
    let Refresh { vis, ident, .. } = refresh;
    let id = ident.unraw().to_string();
    let document = format_ident!("__path_{id}", span = Span::call_site());
    let path = refresh.path.as_ref().map_or_else(|| quote!("/refresh"), |path| quote!(#path));
    let tags = refresh.tag.iter();
    let mut docs = refresh.docs();
    if docs.is_empty() {
        docs.push(SUMMARY.to_owned());
    }
    let text = docs.join("\n");
    let (summary, description) = text.split_once("\n\n").unwrap_or((&text, ""));
    quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::exhaustive_structs)]
        #vis struct #document;

        impl #private::utoipa::Path for #document {
            fn path() -> #private::String {
                #private::String::from(#path)
            }

            fn methods() -> #private::Vec<#private::utoipa::openapi::HttpMethod> {
                #private::refresh_methods()
            }

            fn operation() -> #private::utoipa::openapi::path::Operation {
                #private::refresh_operation(#id, #summary, #description)
            }
        }

        impl<'__t> #private::utoipa::__dev::Tags<'__t> for #document {
            fn tags() -> #private::Vec<&'__t str> {
                #private::Vec::from([#(#tags),*])
            }
        }

        impl #private::utoipa::__dev::SchemaReferences for #document {
            fn schemas(
                schemas: &mut #private::Vec<(
                    #private::String,
                    #private::utoipa::openapi::RefOr<#private::utoipa::openapi::Schema>,
                )>,
            ) {
                #private::refresh_schemas(schemas);
            }
        }
    }
}
