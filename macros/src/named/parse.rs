//! `#[attributes] visibility Name = rule;`, several times.

use proc_macro2::{Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Ident, Token, Visibility};

use super::model::Definition;
use crate::access::names::Source;
use crate::access::rule::{Rule, rule};
use crate::errors::{Errors, Message, Reported};
use crate::keys::split;

const USAGE: &str = "write rule! { pub CanPublish = role(\"editor\") && scope(\"posts:write\"); }";

pub(super) fn definitions(tokens: TokenStream, errors: &Errors) -> Vec<Definition> {
    if is_empty(&tokens) {
        errors.push_at(Span::call_site(), Message::new("rule! defines no rule").help(USAGE));
        return Vec::new();
    }
    let parts = parts(tokens, errors).into_iter();
    parts.filter_map(|part| definition(part, errors).ok()).collect()
}

/// Whether there is nothing but attributes, such as a comment above a rule that was removed.
fn is_empty(tokens: &TokenStream) -> bool {
    let rest = |input: ParseStream<'_>| {
        input.call(Attribute::parse_outer)?;
        input.parse::<TokenStream>()
    };
    rest.parse2(tokens.clone()).is_ok_and(|rest| rest.is_empty())
}

/// Splits at the semicolons, with which every definition ends, and where one was forgotten.
fn parts(tokens: TokenStream, errors: &Errors) -> Vec<TokenStream> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    for token in tokens {
        if is_sign(&token, ';') {
            parts.push(std::mem::take(&mut part));
            continue;
        }
        part.push(token);
        if let Some(start) = second_definition(&part) {
            let next = part.split_off(start);
            match part.pop_if(|last| is_sign(last, ',')) {
                Some(comma) => errors.push(comma, ends_with_comma()),
                None => errors.push(next.first(), no_semicolon("in front of this rule")),
            };
            parts.push(std::mem::replace(&mut part, next));
        }
    }
    if let Some(last) = part.last() {
        let is_comma = is_sign(last, ',');
        errors.push(last, if is_comma { ends_with_comma() } else { no_semicolon("after this rule") });
        parts.push(part);
    }
    parts.into_iter().map(TokenStream::from_iter).collect()
}

fn no_semicolon(place: &str) -> Message {
    Message::new(format!("a semicolon is missing {place} in rule!")).help("write `;`")
}

fn ends_with_comma() -> Message {
    Message::new("a rule in rule! ends with a comma").help("write `;`")
}

fn is_sign(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// Where a second definition begins, as soon as its `=` is there.
fn second_definition(part: &[TokenTree]) -> Option<usize> {
    let is_start = |pair: &[TokenTree]| {
        matches!(pair, [TokenTree::Ident(name), TokenTree::Punct(sign)]
            if name.to_string().starts_with(char::is_uppercase) && sign.as_char() == '=' && sign.spacing() == Spacing::Alone)
    };
    let (before, last) = part.split_at_checked(part.len().checked_sub(2)?)?;
    (is_start(last) && before.windows(2).any(is_start)).then(|| before.len() - head(before))
}

/// How many of the tokens in front of a name belong to it: the visibility and the attributes.
fn head(before: &[TokenTree]) -> usize {
    match before {
        [rest @ .., sign, TokenTree::Group(_)] if is_sign(sign, '#') => head(rest) + 2,
        [rest @ .., TokenTree::Ident(word), TokenTree::Group(_)] if word == "pub" => head(rest) + 2,
        [rest @ .., TokenTree::Ident(word)] if word == "pub" => head(rest) + 1,
        _ => 0,
    }
}

fn definition(tokens: TokenStream, errors: &Errors) -> Result<Definition, Reported> {
    let first = tokens.clone().into_iter().next();
    let parser = |input: ParseStream<'_>| -> syn::Result<_> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse::<Visibility>()?;
        let keyword = keyword(input);
        Ok((attrs, vis, keyword, input.call(Ident::parse_any)?, input.parse::<TokenStream>()?))
    };
    let Ok((attrs, vis, keyword, ident, rest)) = parser.parse2(tokens) else {
        return Err(errors.push(first, Message::new("a rule in rule! has no name").help(USAGE)));
    };
    if let Some(keyword) = keyword {
        let message = Message::new(format!("unexpected `{keyword}` in front of a rule in rule!"));
        errors.push(keyword, message.help("remove it"));
    }
    let name = ident.unraw().to_string();
    let is_type = name.starts_with(char::is_uppercase);
    if !is_type {
        let message =
            format!("the rule `{ident}` in rule! is a type, so its name has to begin with a capital letter");
        errors.push(&ident, Message::new(message).help(format!("write `{}`", camel_case(&name))));
    }
    let rule = assigned(&ident, rest, errors).ok().filter(|_| is_type);
    Ok(Definition { attrs, vis, ident, rule })
}

/// The rule behind the `=`.
fn assigned(ident: &Ident, rest: TokenStream, errors: &Errors) -> Result<Rule, Reported> {
    let guilty = rest.clone().into_iter().next().map_or_else(|| ident.to_token_stream(), TokenStream::from);
    let parser = |input: ParseStream<'_>| {
        input.parse::<Token![=]>()?;
        input.parse::<TokenStream>()
    };
    let Ok(tokens) = parser.parse2(rest) else {
        let message = Message::new(format!("`=` is missing after `{ident}` in rule!"));
        return Err(errors.push(guilty, message.help(USAGE)));
    };
    if tokens.is_empty() {
        let message = Message::new(format!("the rule `{ident}` in rule! is empty"));
        return Err(errors.push(ident, message.help(USAGE)));
    }
    let (keys, parts): (Vec<_>, Vec<_>) = split(tokens).into_iter().partition(|(_, part)| is_crate(part));
    for (_, key) in &keys {
        let message = Message::new("rule! takes no `crate = path`").help("remove it");
        errors.push(key, message.note("rule! finds its crate by the path that it is called with"));
    }
    rule(parts, Source::RuleMacro, errors)
}

/// A keyword of another item, such as `struct`, if a name follows it.
fn keyword(input: ParseStream<'_>) -> Option<Ident> {
    let ahead = input.fork();
    let word = ahead.call(Ident::parse_any).ok()?;
    let is_keyword =
        ["const", "enum", "fn", "let", "rule", "static", "struct", "type"].iter().any(|it| word == it);
    (is_keyword && ahead.peek(Ident::peek_any)).then(|| input.call(Ident::parse_any).ok())?
}

fn is_crate(part: &TokenStream) -> bool {
    let mut tokens = part.clone().into_iter();
    matches!(tokens.next(), Some(TokenTree::Ident(word)) if word == "crate")
        && tokens.next().is_some_and(|sign| is_sign(&sign, '='))
}

fn camel_case(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    });
    words.flatten().collect()
}
