//! Helpers for the tests of several macros.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The expansion as rustfmt would nearly write it.
pub(crate) fn pretty(tokens: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(tokens).unwrap())
}

/// The texts of the `compile_error!`s in an expansion.
pub(crate) fn compile_errors(tokens: TokenStream) -> Vec<String> {
    let file: syn::File = syn::parse2(tokens).unwrap();
    file.items
        .into_iter()
        .filter_map(|item| match item {
            syn::Item::Macro(item) if item.mac.path.segments.last()?.ident == "compile_error" => {
                Some(syn::parse2::<syn::LitStr>(item.mac.tokens).unwrap().value())
            }
            _ => None,
        })
        .collect()
}

/// Tokens as they arrive from a fragment of `macro_rules!`: in invisible parentheses, here around another such pair.
pub(crate) fn captured(tokens: TokenStream) -> TokenStream {
    let group = |tokens| TokenStream::from(TokenTree::from(Group::new(Delimiter::None, tokens)));
    group(group(tokens))
}

/// Refuses names that an expansion may not contain when the user gave another path for the runtime, in strings as well.
#[track_caller]
pub(crate) fn assert_hygienic(tokens: TokenStream) {
    let words = words(tokens);
    for banned in ["countersign", "axum", "axum_core", "http", "std", "alloc"] {
        assert!(!words.iter().any(|word| word == banned), "the expansion contains `{banned}`");
    }
    for (index, word) in words.iter().enumerate() {
        let bare = matches!(word.as_str(), "serde" | "utoipa" | "core");
        let attribute = index > 0 && words[index - 1] == "[";
        let qualified = index > 1 && words[index - 1] == ":" && words[index - 2] == ":";
        assert!(!bare || attribute || qualified, "the expansion contains bare `{word}`");
    }
}

fn words(tokens: TokenStream) -> Vec<String> {
    let mut words = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                words.push(match group.delimiter() {
                    proc_macro2::Delimiter::Bracket => "[".to_owned(),
                    _ => "(".to_owned(),
                });
                words.extend(self::words(group.stream()));
            }
            TokenTree::Literal(literal) => {
                let text: Option<syn::LitStr> = syn::parse2(TokenTree::from(literal).into()).ok();
                let inner = text.and_then(|text| text.value().parse().ok());
                words.push("\"".to_owned());
                words.extend(inner.map(self::words).unwrap_or_default());
            }
            other => words.push(other.to_string()),
        }
    }
    words
}

/// A lint that an expansion allows cannot be forbidden in the program (E0453). No expansion needs to: rustc leaves code of macros
/// alone, if its spans are the macro's.
#[test]
fn no_expansion_allows_a_lint() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/expand");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let expansion = std::fs::read_to_string(&path).unwrap();
        assert!(!expansion.contains("allow("), "{}", path.display());
    }
}
