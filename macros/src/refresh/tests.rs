#[cfg(feature = "openapi")]
use expect_test::expect_file;
use proc_macro2::TokenStream;
use quote::quote;

use super::typed_refresh_handler;
use crate::testing::assert_hygienic;
#[cfg(feature = "openapi")]
use crate::testing::pretty;

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
    expect_file!["../../tests/expand/refresh.rs"].assert_eq(&pretty(typed_refresh_handler(handler)));
}

#[test]
fn the_expansion_names_nothing_but_the_runtime() {
    assert_hygienic(typed_refresh_handler(quote!(other, refresh, AppState)));
    assert_hygienic(typed_refresh_handler(quote!(countersign, refresh, AppState, crate = other::reexported)));
}
