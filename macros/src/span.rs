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

/// A path of the user's as if we had written it where it stands: rustc prints equal errors once.
pub(crate) fn own(path: &impl ToTokens) -> TokenStream {
    let tokens = path.to_token_stream().into_iter();
    tokens.flat_map(|token| adopted(&token, token.span())).collect()
}

/// A type of the user's as if we had written it at `place`: rustc prints equal errors once when they are in one place.
pub(crate) fn adopted(ty: &impl ToTokens, place: Span) -> TokenStream {
    ty.to_token_stream()
        .into_iter()
        .map(|mut token: TokenTree| {
            // `$crate` means what it meant to whoever wrote it.
            let foreign = matches!(&token, TokenTree::Ident(ident) if ident == "$crate");
            token.set_span(if foreign { token.span().located_at(place) } else { located(place) });
            token
        })
        .collect()
}
