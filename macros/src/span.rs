//! Generated code that rustc shows at the user's.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;

/// Generated code with its caret at `place`: the user's lints stay silent about it.
pub(crate) fn located(place: Span) -> Span {
    Span::call_site().located_at(place)
}

/// A path with its caret at `place`, which resolves as it did.
pub(crate) fn moved(path: &impl ToTokens, place: Span) -> TokenStream {
    path.to_token_stream()
        .into_iter()
        .map(|mut token: TokenTree| {
            token.set_span(token.span().located_at(place));
            token
        })
        .collect()
}
