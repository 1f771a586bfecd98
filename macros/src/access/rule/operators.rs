//! Operators in words, which syn could only call an unexpected token.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote_spanned;

use super::super::names::Source;
use crate::errors::{Errors, Message};

/// The tokens with `&&`, `||` and `!` in place of words, each of which is reported.
pub(super) fn in_symbols(tokens: TokenStream, source: Source, errors: &Errors) -> TokenStream {
    let mut symbols = TokenStream::new();
    let mut after_operand = false;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let before_operand = matches!(tokens.peek(), Some(TokenTree::Ident(_)));
        if let Some((text, symbol)) = symbol(&token, after_operand, before_operand) {
            let message = Message::new(format!("`{token}` is not an operator in {}", source.written()));
            errors.push(&token, message.help(format!("write `{text}`")));
            symbols.extend(symbol);
            after_operand = false;
            continue;
        }
        let is_operand = !matches!(token, TokenTree::Punct(_));
        symbols.extend([match token {
            TokenTree::Group(group) if is_nested(&group, after_operand) => {
                let mut inner = Group::new(group.delimiter(), in_symbols(group.stream(), source, errors));
                inner.set_span(group.span());
                inner.into()
            }
            other => other,
        }]);
        after_operand = is_operand;
    }
    symbols
}

/// The symbol for a word, as text and as tokens. Where an operand is expected, `and` and `or` are names like others.
fn symbol(
    token: &TokenTree,
    after_operand: bool,
    before_operand: bool,
) -> Option<(&'static str, TokenStream)> {
    let TokenTree::Ident(word) = token else { return None };
    match (word.to_string().to_lowercase().as_str(), after_operand) {
        ("and", true) => Some(("&&", quote_spanned!(word.span()=> &&))),
        ("or", true) => Some(("||", quote_spanned!(word.span()=> ||))),
        ("not", false) if before_operand => Some(("!", quote_spanned!(word.span()=> !))),
        _ => None,
    }
}

/// Whether the parentheses hold a part of the rule, not an argument.
fn is_nested(group: &Group, after_operand: bool) -> bool {
    match group.delimiter() {
        Delimiter::None => true,
        Delimiter::Parenthesis => !after_operand,
        Delimiter::Brace | Delimiter::Bracket => false,
    }
}
