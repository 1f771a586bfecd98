//! Spans: generated code whose errors rustc shows at the user's code.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Type;

/// The span of generated code with its caret at `place`. The hygiene is the macro's, so the user's lints ignore the code.
pub(crate) fn located(place: Span) -> Span {
    Span::call_site().located_at(place)
}

/// A name of the user's as if the macro had written it: no lint looks at the item that gets it.
pub(crate) fn at_call_site(ident: &Ident) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(Span::call_site());
    ident
}

/// The tokens with their carets at `place`. Each keeps its own hygiene, so every name resolves as it did.
pub(crate) fn moved(tokens: &impl ToTokens, place: Span) -> TokenStream {
    let tokens = tokens.to_token_stream().into_iter().map(|token| {
        let span = token.span().located_at(place);
        let mut token = match token {
            TokenTree::Group(group) => Group::new(group.delimiter(), moved(&group.stream(), place)).into(),
            other => other,
        };
        token.set_span(span);
        token
    });
    tokens.collect()
}

/// The tokens with their carets at a type of the user's.
///
/// rustc prints equal errors at one place once. So a type that does not fit is one error, although generated code needs
/// it several times. The place has to be a single span, and stable Rust cannot join the spans of a type: the caret is
/// under the type's first word.
pub(crate) fn moved_to_type(ty: &Type, tokens: &TokenStream) -> TokenStream {
    let first = ty.to_token_stream().into_iter().next();
    moved(tokens, first.map_or_else(Span::call_site, |token| token.span()))
}

/// A path of the user's as if the macro had written it in the same place: rustc prints equal errors once.
pub(crate) fn own(path: &impl ToTokens) -> TokenStream {
    let tokens = path.to_token_stream().into_iter();
    tokens.flat_map(|token| adopted(&token, token.span())).collect()
}

/// A type of the user's as if the macro had written it at `place`: rustc prints equal errors at one place once.
pub(crate) fn adopted(ty: &impl ToTokens, place: Span) -> TokenStream {
    ty.to_token_stream()
        .into_iter()
        .map(|mut token: TokenTree| {
            // `$crate` keeps its hygiene, which says whose crate it means.
            let foreign = matches!(&token, TokenTree::Ident(ident) if ident == "$crate");
            token.set_span(if foreign { token.span().located_at(place) } else { located(place) });
            token
        })
        .collect()
}
