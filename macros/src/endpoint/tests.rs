#[cfg(feature = "openapi")]
use expect_test::expect_file;
use proc_macro2::TokenStream;
use quote::quote;

use super::typed_refresh_handler;
#[cfg(feature = "openapi")]
use crate::testing::pretty;
use crate::testing::{assert_hygienic, compile_errors};

fn mistakes(input: TokenStream) -> Vec<String> {
    compile_errors(typed_refresh_handler(quote!(other, #input)))
}

#[test]
fn the_name_and_the_state_are_required() {
    let help = "help: write typed_refresh_handler!(refresh, AppState)";
    for (input, mistake) in [
        (quote!(), "typed_refresh_handler!() names no handler"),
        (quote!(handler), "typed_refresh_handler!(...) misses the type of the router's state"),
        (quote!("handler", AppState), "typed_refresh_handler!(...) misses the name of the handler"),
    ] {
        assert_eq!(mistakes(input), [format!("{mistake}\n{help}")]);
    }
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
fn a_handler_expands() {
    let handler = quote! {
        countersign,
        /// A new access token
        ///
        /// Once for each refresh token.
        pub refresh, AppState, path = "/auth/refresh", tag = "auth"
    };
    let expanded = pretty(typed_refresh_handler(handler));
    expect_file!["../../tests/expand/endpoint_refresh.rs"].assert_eq(&expanded);
}

#[test]
#[cfg(feature = "openapi")]
fn a_handler_without_keys_has_the_path_of_the_runtime() {
    let expanded = typed_refresh_handler(quote!(countersign, renew, AppState)).to_string();
    assert!(expanded.contains("refresh_document :: path ()"), "{expanded}");
}

#[test]
fn the_expansion_names_nothing_but_the_runtime() {
    assert_hygienic(typed_refresh_handler(quote!(other, handler, AppState)));
    let reexported = quote!(countersign, handler, AppState, crate = other::reexported);
    assert_hygienic(typed_refresh_handler(reexported));
}
