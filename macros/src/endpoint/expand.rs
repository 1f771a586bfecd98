//! The handler and its document.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::parse::Handler;
use crate::krate::Private;
use crate::span::{adopted, located, moved};

/// Expands to a handler like any other, which `routes!` of this crate and of utoipa-axum take.
pub(super) fn expand(handler: Handler) -> TokenStream {
    let (import, krate) = handler.krate.imported_for(&handler.ident.unraw());
    let handler = Handler { krate, ..handler };
    let private = handler.krate.private();
    let Handler { attrs, vis, ident, state, .. } = &handler;
    let docs = handler.docs().is_empty().then(|| quote!(#[doc = "Written by `typed_refresh_handler!`."]));
    let document = cfg!(feature = "openapi").then(|| document(&handler, &private));
    let function = match state {
        Some(state) => {
            // The body asks for the `Auth` at the caret of the state's type, and nothing else does: a state without one is one error there.
            let caret = state.span();
            // The type has one span wherever it is, so that a type that does not exist is one error too.
            let (here, state) = (moved(&private, caret), adopted(state, caret));
            let body = quote_spanned!(located(caret)=> {
                #here::refresh_session(<_ as #here::EndpointState>::auth_of_endpoint(&state), request).await
            });
            quote! {
                #vis async fn #ident(
                    _: #private::Public<#private::RefreshPolicy>,
                    #private::State(state): #private::State<#state>,
                    request: #private::RefreshTokens,
                ) -> ::core::result::Result<#private::TokenAnswer, #private::AuthRejection> #body
            }
        }
        None => quote! {
            #vis async fn #ident(_: #private::DenyAll) -> ::core::convert::Infallible {
                ::core::future::pending().await
            }
        },
    };
    quote! {
        #import

        #document

        #docs
        #(#attrs)*
        #function
    }
}

/// The impls that `#[utoipa::path]` would write, for a user's crate that may not depend on utoipa.
fn document(handler: &Handler, private: &Private) -> TokenStream {
    let Handler { vis, ident, .. } = handler;
    let id = ident.unraw().to_string();
    let document = format_ident!("__path_{id}", span = Span::call_site());
    let path = match &handler.path {
        Some(path) => quote!(#private::String::from(#path)),
        None => quote!(#private::refresh_document::path()),
    };
    let tag = match &handler.tag {
        Some(tag) => quote!(#tag),
        None => quote!(#private::refresh_document::TAG),
    };
    let docs = handler.docs().join("\n");
    quote! {
        #[doc(hidden)]
        #[non_exhaustive]
        #vis struct #document;

        impl #private::utoipa::Path for #document {
            fn path() -> #private::String {
                #path
            }

            fn methods() -> #private::Vec<#private::utoipa::openapi::HttpMethod> {
                #private::refresh_document::methods()
            }

            fn operation() -> #private::utoipa::openapi::path::Operation {
                #private::refresh_document::operation(#id, #docs)
            }
        }

        impl<'__t> #private::utoipa::__dev::Tags<'__t> for #document {
            fn tags() -> #private::Vec<&'__t str> {
                #private::Vec::from([#tag])
            }
        }

        impl #private::utoipa::__dev::SchemaReferences for #document {
            fn schemas(
                schemas: &mut #private::Vec<(
                    #private::String,
                    #private::utoipa::openapi::RefOr<#private::utoipa::openapi::Schema>,
                )>,
            ) {
                #private::refresh_document::schemas(schemas);
            }
        }
    }
}
