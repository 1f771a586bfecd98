//! `#[attributes] visibility Name = rule;`, several times.

use proc_macro2::{Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Ident, Token, Visibility};

use crate::access::names::Place;
use crate::access::rule::{Kind, Rule, rule, split};
use crate::errors::{Errors, Message};

const USAGE: &str = "write rule! { pub CanPublish = role(\"editor\") && scope(\"posts:write\"); }";

/// A rule and its name.
pub(super) struct Definition {
    pub(super) attrs: Vec<Attribute>,
    pub(super) vis: Visibility,
    pub(super) ident: Ident,
    /// `None` after a mistake.
    pub(super) rule: Option<Rule>,
}

pub(super) fn definitions(tokens: TokenStream, errors: &Errors) -> Vec<Definition> {
    if tokens.is_empty() {
        errors.push_at(Span::call_site(), Message::new("rule! defines no rule").help(USAGE));
    }
    let mut found: Vec<Definition> = Vec::new();
    for part in parts(tokens, errors) {
        let Some(definition) = definition(part, errors) else { continue };
        if found.iter().any(|other| other.ident == definition.ident) {
            errors.push(
                &definition.ident,
                Message::new(format!("rule! defines `{}` twice", definition.ident))
                    .help("rename one of the two"),
            );
            continue;
        }
        found.push(definition);
    }
    break_circles(&mut found, errors);
    found
}

/// Reports each circle of rules that contain each other, at the name that closes it.
fn break_circles(definitions: &mut [Definition], errors: &Errors) {
    for start in 0..definitions.len() {
        let mut path = Vec::new();
        let Some(closing) = circle(definitions, start, &mut path) else { continue };
        let names: Vec<_> = path
            .iter()
            .chain([&start])
            .filter_map(|index| definitions.get(*index))
            .map(|it| it.ident.to_string())
            .collect();
        errors.push(
            &closing,
            Message::new(format!("rules in rule! contain each other in a circle: {}", names.join(", ")))
                .help(format!("write out what `{closing}` is meant to say here")),
        );
        if let Some(last) = path.last().and_then(|last| definitions.get_mut(*last)) {
            last.rule = None;
        }
    }
}

/// The name that leads back to `start`, after the way there.
fn circle(definitions: &[Definition], start: usize, path: &mut Vec<usize>) -> Option<Ident> {
    let here = path.last().copied();
    if here.is_none() {
        path.push(start);
    }
    let here = here.unwrap_or(start);
    let atoms = definitions.get(here)?.rule.as_ref().map(Rule::atoms).unwrap_or_default();
    for atom in atoms {
        let Kind::Named(name) = &atom.kind else { continue };
        let Some(name) = name.get_ident() else { continue };
        let Some(next) = definitions.iter().position(|other| other.ident == *name) else { continue };
        if next == start {
            return Some(name.clone());
        }
        if path.contains(&next) {
            continue;
        }
        path.push(next);
        if let Some(closing) = circle(definitions, start, path) {
            return Some(closing);
        }
        path.pop();
    }
    None
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
            match (part.pop_if(|last| is_sign(last, ',')), next.first()) {
                (Some(comma), _) => errors.push(comma, ends_with_comma()),
                (None, first) => errors.push(first, no_semicolon("in front of this rule")),
            }
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

fn definition(tokens: TokenStream, errors: &Errors) -> Option<Definition> {
    let place = tokens.clone().into_iter().next();
    let parser = |input: ParseStream<'_>| -> syn::Result<_> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse::<Visibility>()?;
        let keyword = keyword(input);
        Ok((attrs, vis, keyword, input.call(Ident::parse_any)?, input.parse::<TokenStream>()?))
    };
    let Ok((attrs, vis, keyword, ident, rest)) = parser.parse2(tokens) else {
        errors.push(place, Message::new("a rule in rule! has no name").help(USAGE));
        return None;
    };
    let mut fit = true;
    if let Some(keyword) = keyword {
        let message = Message::new(format!("`{keyword}` stands in front of a rule in rule!"));
        errors.push(keyword, message.help("remove it"));
    }
    if !ident.unraw().to_string().starts_with(char::is_uppercase) {
        fit = false;
        errors.push(
            &ident,
            Message::new(format!(
                "the rule `{ident}` in rule! is a type, and its name begins with a small letter"
            ))
            .help(format!("write `{}`", camel_case(&ident.unraw().to_string()))),
        );
    }
    let assigned = |input: ParseStream<'_>| {
        input.parse::<Token![=]>()?;
        input.parse::<TokenStream>()
    };
    let rule = match assigned.parse2(rest.clone()) {
        Ok(tokens) if tokens.is_empty() => {
            errors.push(&ident, Message::new(format!("the rule `{ident}` in rule! is empty")).help(USAGE));
            None
        }
        Ok(tokens) => {
            let (keys, parts): (Vec<_>, Vec<_>) =
                split(tokens).into_iter().partition(|(_, part)| is_crate(part));
            for (_, key) in &keys {
                let message = Message::new("rule! takes no `crate = path`").help("remove it");
                errors.push(key, message.note("rule! knows its crate by the path that it is called with"));
            }
            rule(parts, Place::RuleMacro, errors)
        }
        Err(_) => {
            let guilty = rest.into_iter().next().map_or_else(|| ident.to_token_stream(), TokenStream::from);
            let message = Message::new(format!("`=` is missing after `{ident}` in rule!"));
            errors.push(guilty, message.help(USAGE));
            None
        }
    };
    Some(Definition { attrs, vis, ident, rule: rule.filter(|_| fit) })
}

/// A word that begins another item.
fn keyword(input: ParseStream<'_>) -> Option<Ident> {
    let ahead = input.fork();
    let word = ahead.call(Ident::parse_any).ok()?;
    let is_keyword =
        ["const", "enum", "fn", "let", "rule", "static", "struct", "type"].iter().any(|it| word == it);
    (is_keyword && ahead.peek(Ident::peek_any)).then(|| input.call(Ident::parse_any).ok())?
}

fn is_crate(part: &TokenStream) -> bool {
    matches!(part.clone().into_iter().next(), Some(TokenTree::Ident(word)) if word == "crate")
        && matches!(part.clone().into_iter().nth(1), Some(TokenTree::Punct(sign)) if sign.as_char() == '=')
}

fn camel_case(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    });
    words.flatten().collect()
}
