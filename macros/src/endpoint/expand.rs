//! The handler and its document.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::parse::Endpoint;
use crate::krate::Private;
use crate::span::{adopted, located, moved};

/// Expands to a handler like any other, which `routes!` of this crate and of utoipa-axum take.
pub(super) fn expand(endpoint: &Endpoint) -> TokenStream {
    let Endpoint { kind, krate, attrs, vis, ident, state, .. } = endpoint;
    let private = krate.private();
    let [guard, policy, function, answer] = [kind.guard, kind.policy, kind.function, kind.answer].map(name);
    let written = format!("Written by `{}`.", kind.table.name);
    let docs = endpoint.docs().is_empty().then(|| quote!(#[doc = #written]));
    let document = cfg!(feature = "openapi").then(|| document(endpoint, &private));
    // Asked for its `Auth` in one place, a state without one is one mistake; the future would ask again.
    let caret = state.span();
    let (here, owner) = (moved(&private, caret), adopted(state, caret));
    let mut arguments = TokenStream::new();
    let mut passed = TokenStream::new();
    if kind.caller {
        arguments.extend(quote!(caller: #private::Parts,));
        passed.extend(quote!(, caller));
    }
    if let Some(request) = kind.request.map(name) {
        arguments.extend(quote!(request: #private::#request,));
        passed.extend(quote!(, request));
    }
    let body = quote_spanned!(located(caret)=> {
        #here::#function(<#owner as #here::AuthState>::auth(&state) #passed).await
    });
    quote! {
        #document

        #docs
        #(#attrs)*
        #vis async fn #ident(
            _: #private::#guard<#private::#policy>,
            #private::State(state): #private::State<#state>,
            #arguments
        ) -> ::core::result::Result<#private::#answer, #private::AuthRejection> #body
    }
}

fn name(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// What `#[utoipa::path]` would write, without asking for utoipa in the user's crate.
fn document(endpoint: &Endpoint, private: &Private) -> TokenStream {
    let Endpoint { kind, vis, ident, .. } = endpoint;
    let id = ident.unraw().to_string();
    let document = format_ident!("__path_{id}", span = Span::call_site());
    let variant = name(kind.variant);
    let variant_path = quote!(#private::Endpoint::#variant);
    let path = endpoint.path.as_ref().map_or_else(|| kind.path.to_token_stream(), ToTokens::to_token_stream);
    let tags = endpoint.tag.iter();
    let docs = endpoint.docs().join("\n");
    quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::exhaustive_structs)]
        #vis struct #document;

        impl #private::utoipa::Path for #document {
            fn path() -> #private::String {
                #private::String::from(#path)
            }

            fn methods() -> #private::Vec<#private::utoipa::openapi::HttpMethod> {
                #private::endpoint_methods(#variant_path)
            }

            fn operation() -> #private::utoipa::openapi::path::Operation {
                #private::endpoint_operation(#variant_path, #id, #docs)
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
                #private::endpoint_schemas(#variant_path, schemas);
            }
        }
    }
}
