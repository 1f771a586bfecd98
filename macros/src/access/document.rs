//! Completes the `#[utoipa::path(...)]` below an access attribute, so that the document says what the guard does.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{Attribute, Meta, parse_quote};

use super::model::{Access, Declaration};
use super::refusals::refusals;
use super::rule::{Kind as Condition, Rule};
use crate::errors::{Errors, Message};
use crate::function::find;
use crate::keys::arguments;

/// Completes the attribute if there is one; says whether there is.
pub(crate) fn complete(declaration: &Declaration, attrs: &mut Vec<Attribute>, errors: &Errors) -> bool {
    let Some(attr) = attrs.iter_mut().find(|attr| is_utoipa_path(attr)) else { return false };
    let Meta::List(list) = &mut attr.meta else { return true };
    let mut described = false;
    let mut answered = false;
    let mut completed = Vec::new();
    for argument in arguments(list.tokens.clone()) {
        if let Some(trace) = trace(&argument) {
            errors.push(trace, no_trace(declaration));
        }
        let mut tokens = argument.clone().into_iter();
        let (Some(TokenTree::Ident(key)), value) = (tokens.next(), tokens.next()) else {
            completed.push(argument);
            continue;
        };
        match (key.to_string().as_str(), value) {
            ("security", _) => errors.push(key, contradiction(declaration)),
            ("responses", Some(TokenTree::Group(given))) => {
                answered = true;
                let all = with_refusals(&given, declaration);
                completed.push(quote!(#key #all));
                continue;
            }
            ("description", _) => described = true,
            _ => {}
        }
        completed.push(argument);
    }
    let refusals = refusals(declaration, &[]);
    if !answered && !refusals.is_empty() {
        completed.push(quote!(responses(#refusals)));
    }
    let security = security(declaration);
    completed.push(quote!(security(#security)));
    list.tokens = quote!(#(#completed),*);
    if let Access::Public(reason) = &declaration.access
        && !described
    {
        // utoipa takes the paragraphs after the first one as the description.
        let reason = format!(" Public: {}", reason.value());
        attrs.extend::<[Attribute; 2]>([parse_quote!(#[doc = ""]), parse_quote!(#[doc = #reason])]);
    }
    true
}

fn is_utoipa_path(attr: &Attribute) -> bool {
    let segments = &attr.path().segments;
    let mut last = segments.iter().rev();
    last.next().is_some_and(|segment| segment.ident == "path")
        && last.next().is_some_and(|segment| segment.ident == "utoipa")
}

fn contradiction(declaration: &Declaration) -> Message {
    let name = declaration.kind.name();
    Message::new(format!("#[{name}] writes `security(...)` into #[utoipa::path] itself"))
        .help("remove it here")
        .note("written by hand, it could contradict what the server enforces")
}

/// The method `trace`, alone or in `method(...)`.
fn trace(argument: &TokenStream) -> Option<Ident> {
    let mut tokens = argument.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Ident(word)), None) => (word == "trace").then_some(word),
        (Some(TokenTree::Ident(key)), Some(TokenTree::Group(methods))) if key == "method" => {
            find(methods.stream(), "trace")
        }
        _ => None,
    }
}

fn no_trace(declaration: &Declaration) -> Message {
    Message::new(format!("a handler under #[{}] cannot answer TRACE", declaration.kind.name()))
        .help("remove `trace`, or write another method")
        .note("TRACE sends a request back to its sender, credentials included (RFC 9110 section 9.3.8)")
}

/// More alternatives than this are not spelled out: a reader learns nothing from them.
const MOST_ALTERNATIVES: usize = 64;

/// The names that suffice, as alternatives; the refresh token is asked for in each. `AuthRouter` computes the same from the
/// constant, where named rules are known too.
fn security(declaration: &Declaration) -> TokenStream {
    let rule = match &declaration.access {
        Access::Public(_) | Access::Mistaken => return TokenStream::new(),
        Access::Authenticated => None,
        Access::Require(rule) => Some(rule),
    };
    let both_tokens = rule.is_some_and(|rule| rule.mentions(|atom| matches!(atom, Condition::BothTokens)));
    let refresh_token = both_tokens.then(|| quote!(, "refreshToken" = []));
    let sets = rule.and_then(sets).unwrap_or_else(|| vec![Vec::new()]);
    let alternatives = sets.into_iter().map(|names| quote!(("bearer" = [#(#names),*] #refresh_token)));
    quote!(#(#alternatives),*)
}

/// The rule as "any of these sets of names"; what no name says is the empty set, "signed in". Nothing where there are too many.
fn sets(rule: &Rule) -> Option<Vec<Vec<TokenStream>>> {
    let found = match rule {
        Rule::Atom(atom) => match &atom.kind {
            Condition::Role(role) => vec![vec![role.name()]],
            Condition::Scope(name) => vec![vec![name.to_token_stream()]],
            _ => vec![Vec::new()],
        },
        Rule::Not(_) => vec![Vec::new()],
        Rule::Any(rules) => {
            let mut found: Vec<Vec<TokenStream>> = Vec::new();
            for rule in rules {
                for set in sets(rule)? {
                    if !found.iter().any(|other| is_same(other, &set)) {
                        found.push(set);
                    }
                }
            }
            found
        }
        Rule::All(rules) => {
            let mut found = vec![Vec::new()];
            for rule in rules {
                let more = sets(rule)?;
                found = found.iter().flat_map(|set| more.iter().map(move |more| union(set, more))).collect();
                if found.len() > MOST_ALTERNATIVES {
                    return None;
                }
            }
            found
        }
    };
    (found.len() <= MOST_ALTERNATIVES).then_some(found)
}

fn union(set: &[TokenStream], more: &[TokenStream]) -> Vec<TokenStream> {
    let mut all = set.to_vec();
    all.extend(more.iter().filter(|name| !set.iter().any(|other| text(other) == text(name))).cloned());
    all
}

fn is_same(one: &[TokenStream], other: &[TokenStream]) -> bool {
    one.iter().map(text).eq(other.iter().map(text))
}

fn text(name: &TokenStream) -> String {
    name.to_string()
}

fn with_refusals(given: &Group, declaration: &Declaration) -> Group {
    let given_responses = arguments(given.stream());
    let refusals = arguments(refusals(declaration, &given_responses));
    let responses = given_responses.into_iter().chain(refusals);
    let mut all = Group::new(Delimiter::Parenthesis, quote!(#(#responses),*));
    all.set_span(given.span());
    all
}
