//! Operators in words, which syn could only call an unexpected token.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, TokenStream, TokenTree};

use super::super::names::Place;
use crate::errors::{Errors, Message};

/// The tokens with `&&`, `||` and `!` in the place of words, each of which is reported.
pub(super) fn in_symbols(tokens: TokenStream, place: Place, errors: &Errors) -> TokenStream {
    let mut symbols = TokenStream::new();
    let mut after_operand = false;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let operand = !matches!(token, TokenTree::Punct(_));
        match token {
            TokenTree::Ident(word) => {
                let before_operand = matches!(tokens.peek(), Some(TokenTree::Ident(_)));
                let Some(symbol) = symbol(&word, after_operand, before_operand) else {
                    symbols.extend([TokenTree::from(word)]);
                    after_operand = true;
                    continue;
                };
                let message = Message::new(format!("`{word}` is no operator in {}", place.written()));
                errors.push(&word, message.help(format!("write `{symbol}`")));
                symbols.extend(spelled(symbol, &word));
                after_operand = false;
                continue;
            }
            TokenTree::Group(group) if is_nested(&group, after_operand) => {
                let mut inner = Group::new(group.delimiter(), in_symbols(group.stream(), place, errors));
                inner.set_span(group.span());
                symbols.extend([TokenTree::from(inner)]);
            }
            token => symbols.extend([token]),
        }
        after_operand = operand;
    }
    symbols
}

fn symbol(word: &Ident, after_operand: bool, before_operand: bool) -> Option<&'static str> {
    match (word.to_string().to_lowercase().as_str(), after_operand) {
        ("and", true) => Some("&&"),
        ("or", true) => Some("||"),
        ("not", false) if before_operand => Some("!"),
        _ => None,
    }
}

fn spelled(symbol: &str, word: &Ident) -> impl Iterator<Item = TokenTree> {
    let length = symbol.len();
    symbol.chars().enumerate().map(move |(index, sign)| {
        let spacing = if index + 1 < length { Spacing::Joint } else { Spacing::Alone };
        let mut punct = Punct::new(sign, spacing);
        punct.set_span(word.span());
        punct.into()
    })
}

/// Whether a rule stands in the parentheses, and no argument.
fn is_nested(group: &Group, after_operand: bool) -> bool {
    match group.delimiter() {
        Delimiter::None => true,
        Delimiter::Parenthesis => !after_operand,
        Delimiter::Brace | Delimiter::Bracket => false,
    }
}
