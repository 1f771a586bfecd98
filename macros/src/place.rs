//! Where an error in generated code has its caret.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::Type;

/// The tokens in the place of `ty`, each with its own hygiene, so that lints do not take the macro's for the user's.
///
/// rustc prints equal errors of one place once: this is how a type that does not fit is one error, although generated
/// code needs it several times. It has to be a single span, and stable Rust cannot join those of a type: the caret is
/// under the type's first word.
pub(crate) fn located(ty: &Type, tokens: TokenStream) -> TokenStream {
    let first = ty.to_token_stream().into_iter().next();
    at(first.map_or_else(Span::call_site, |token| token.span()), tokens)
}

fn at(place: Span, tokens: TokenStream) -> TokenStream {
    tokens
        .into_iter()
        .map(|token| {
            let span = token.span().located_at(place);
            let mut token = match token {
                TokenTree::Group(group) => Group::new(group.delimiter(), at(place, group.stream())).into(),
                other => other,
            };
            token.set_span(span);
            token
        })
        .collect()
}
