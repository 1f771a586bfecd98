use expect_test::expect;
use proc_macro2::TokenStream;
use quote::quote;

use super::typed_refresh_handler;
use crate::testing::{assert_hygienic, pretty};

fn mistakes(input: TokenStream) -> Vec<String> {
    let file: syn::File = syn::parse2(typed_refresh_handler(quote!(other, #input))).unwrap();
    file.items
        .into_iter()
        .filter_map(|item| match item {
            syn::Item::Macro(item) => syn::parse2::<syn::LitStr>(item.mac.tokens).ok(),
            _ => None,
        })
        .map(|text| text.value())
        .collect()
}

#[test]
fn the_name_and_the_state_are_required() {
    let misses = |what| {
        format!(
            "typed_refresh_handler!(...) misses {what}\nhelp: write typed_refresh_handler!(refresh, AppState)"
        )
    };
    let (name, state) = (misses("the name of the handler"), misses("the type of the router's state"));
    assert_eq!(
        mistakes(quote!()),
        ["typed_refresh_handler!() names no handler\nhelp: write typed_refresh_handler!(refresh, AppState)"]
    );
    assert_eq!(mistakes(quote!(refresh)), [state]);
    assert_eq!(mistakes(quote!("refresh", AppState)), [name]);
}

#[test]
fn keys_are_checked_like_those_of_attributes() {
    assert_eq!(
        mistakes(quote!(refresh, AppState, pth = "/x", tag = 5, path = "refresh")),
        [
            "unknown key `pth` in typed_refresh_handler!(...)\nhelp: did you mean `path`?\n\
             note: the keys are `path`, `tag`, `crate`",
            "the path in typed_refresh_handler!(...) does not start with `/`\nhelp: write path = \"/refresh\"",
            "`tag` takes a string\nhelp: write `tag = \"auth\"`",
        ]
    );
}

#[test]
#[cfg(feature = "openapi")]
fn a_refresh_handler_expands() {
    let handler = quote! {
        countersign,
        /// A new access token
        ///
        /// Once for each refresh token.
        pub refresh, AppState, path = "/auth/refresh", tag = "auth"
    };
    expect![[r##"
        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::exhaustive_enums)]
        pub enum __countersign_refresh {}
        impl countersign::__private::Policy for __countersign_refresh {
            const ACCESS: countersign::__private::Access = countersign::__private::Access::Public {
                reason: "the refresh token in the body is the credential",
            };
            type Roles = ();
        }
        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::exhaustive_structs)]
        pub struct __path_refresh;
        impl countersign::__private::utoipa::Path for __path_refresh {
            fn path() -> countersign::__private::String {
                countersign::__private::String::from("/auth/refresh")
            }
            fn methods() -> countersign::__private::Vec<
                countersign::__private::utoipa::openapi::HttpMethod,
            > {
                countersign::__private::refresh_methods()
            }
            fn operation() -> countersign::__private::utoipa::openapi::path::Operation {
                countersign::__private::refresh_operation(
                    "refresh",
                    "A new access token",
                    "Once for each refresh token.",
                )
            }
        }
        impl<'__t> countersign::__private::utoipa::__dev::Tags<'__t> for __path_refresh {
            fn tags() -> countersign::__private::Vec<&'__t str> {
                countersign::__private::Vec::from(["auth"])
            }
        }
        impl countersign::__private::utoipa::__dev::SchemaReferences for __path_refresh {
            fn schemas(
                schemas: &mut countersign::__private::Vec<
                    (
                        countersign::__private::String,
                        countersign::__private::utoipa::openapi::RefOr<
                            countersign::__private::utoipa::openapi::Schema,
                        >,
                    ),
                >,
            ) {
                countersign::__private::refresh_schemas(schemas);
            }
        }
        /// A new access token
        ///
        /// Once for each refresh token.
        pub async fn refresh(
            _: countersign::__private::Public<__countersign_refresh>,
            countersign::__private::State(state): countersign::__private::State<AppState>,
            request: countersign::__private::RefreshRequest,
        ) -> ::core::result::Result<
            countersign::__private::TokenPair,
            countersign::__private::AuthRejection,
        > {
            countersign::__private::refresh_session(&state, request).await
        }
    "##]]
    .assert_eq(&pretty(typed_refresh_handler(handler)));
}

#[test]
fn the_expansion_names_nothing_but_the_runtime() {
    assert_hygienic(typed_refresh_handler(quote!(other, refresh, AppState)));
    assert_hygienic(typed_refresh_handler(quote!(countersign, refresh, AppState, crate = other::reexported)));
}
