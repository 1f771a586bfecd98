#[cfg(feature = "openapi")]
use expect_test::expect_file;
use proc_macro2::TokenStream;
use quote::quote;

use super::{Kind, LOGOUT, LOGOUT_ALL, REFRESH, REVOKE_OTHERS, REVOKE_SESSION, SESSIONS, typed_handler};
use crate::testing::assert_hygienic;
#[cfg(feature = "openapi")]
use crate::testing::pretty;

const KINDS: [&Kind; 6] = [&REFRESH, &LOGOUT, &LOGOUT_ALL, &SESSIONS, &REVOKE_SESSION, &REVOKE_OTHERS];

fn mistakes(kind: &'static Kind, input: TokenStream) -> Vec<String> {
    let file: syn::File = syn::parse2(typed_handler(kind, quote!(other, #input))).unwrap();
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
    for kind in KINDS {
        let (attribute, usage) = (kind.table.name, kind.usage);
        let misses = |what| format!("{attribute}(...) misses {what}\nhelp: write {usage}");
        let (name, state) = (misses("the name of the handler"), misses("the type of the router's state"));
        assert_eq!(
            mistakes(kind, quote!()),
            [format!("{attribute}() names no handler\nhelp: write {usage}")]
        );
        assert_eq!(mistakes(kind, quote!(handler)), [state]);
        assert_eq!(mistakes(kind, quote!("handler", AppState)), [name]);
    }
}

#[test]
fn the_usage_is_one_of_the_macro_itself() {
    for kind in KINDS {
        assert!(kind.usage.starts_with(&format!("{}(", kind.table.name)), "{}", kind.usage);
    }
}

#[test]
fn keys_are_checked_like_those_of_attributes() {
    assert_eq!(
        mistakes(&REFRESH, quote!(refresh, AppState, pth = "/x", tag = 5, path = "refresh")),
        [
            "unknown key `pth` in typed_refresh_handler!(...)\nhelp: did you mean `path`?\n\
             note: the keys are `path`, `tag`, `crate`",
            "the path in typed_refresh_handler!(...) does not start with `/`\nhelp: write path = \"/refresh\"",
            "`tag` takes a string\nhelp: write `tag = \"auth\"`",
        ]
    );
}

#[test]
fn the_path_of_a_session_has_its_identifier() {
    assert_eq!(
        mistakes(&REVOKE_SESSION, quote!(revoke, AppState, path = "/devices/")),
        [
            "the path in typed_revoke_session_handler!(...) has no `{id}`\nhelp: write path = \"/devices/{id}\""
        ]
    );
    assert_eq!(mistakes(&REVOKE_SESSION, quote!(revoke, AppState, path = "/devices/{{id}}")).len(), 1);
    assert!(mistakes(&REVOKE_SESSION, quote!(revoke, AppState, path = "/devices/{id}")).is_empty());
    assert!(mistakes(&REVOKE_OTHERS, quote!(revoke, AppState, path = "/devices")).is_empty());
}

#[test]
#[cfg(feature = "openapi")]
fn a_handler_for_anybody_expands() {
    let handler = quote! {
        countersign,
        /// A new access token
        ///
        /// Once for each refresh token.
        pub refresh, AppState, path = "/auth/refresh", tag = "auth"
    };
    let expanded = pretty(typed_handler(&REFRESH, handler));
    expect_file!["../../tests/expand/endpoint_refresh.rs"].assert_eq(&expanded);
}

#[test]
#[cfg(feature = "openapi")]
fn a_handler_for_a_caller_expands() {
    let expanded = pretty(typed_handler(&REVOKE_SESSION, quote!(countersign, revoke, AppState)));
    expect_file!["../../tests/expand/endpoint_revoke_session.rs"].assert_eq(&expanded);
}

#[test]
fn the_expansions_name_nothing_but_the_runtime() {
    for kind in KINDS {
        assert_hygienic(typed_handler(kind, quote!(other, handler, AppState)));
        let reexported = quote!(countersign, handler, AppState, crate = other::reexported);
        assert_hygienic(typed_handler(kind, reexported));
    }
}
