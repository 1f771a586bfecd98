//! The `#[utoipa::path(...)]` below an access attribute, completed so that the document says what the guard does.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{Meta, parse_quote};

use super::model::{Access, Attribute, Declaration};
use super::refusals::refusals;
use super::rule::{Condition, Rule};
use crate::errors::{Errors, Message};
use crate::function::{find, is_utoipa_path};
use crate::keys::arguments;
use crate::krate::Private;

/// A `#[utoipa::path(...)]` that leaves the access to the guard.
pub(crate) struct Document {
    /// Which of the handler's attributes it is.
    index: usize,
    arguments: Vec<Argument>,
}

enum Argument {
    /// `responses(...)`
    Responses(Ident, Group),
    Description(TokenStream),
    Other(TokenStream),
}

impl Document {
    /// Reads the attribute if there is one. Arguments that contradict the guard are reported.
    pub(super) fn read(attribute: Attribute, attrs: &[syn::Attribute], errors: &Errors) -> Option<Self> {
        let index = attrs.iter().position(is_utoipa_path).filter(|_| cfg!(feature = "openapi"))?;
        let arguments = match &attrs.get(index)?.meta {
            Meta::List(list) => arguments(list.tokens.clone()),
            _ => Vec::new(),
        };
        let arguments = arguments.into_iter().map(|argument| {
            if let Some(trace) = trace(&argument) {
                errors.push(trace, no_trace(attribute));
            }
            let mut tokens = argument.clone().into_iter();
            let Some(TokenTree::Ident(key)) = tokens.next() else { return Argument::Other(argument) };
            match (key.to_string().as_str(), tokens.next()) {
                ("security", _) => {
                    errors.push(key, contradiction(attribute));
                    Argument::Other(argument)
                }
                ("responses", Some(TokenTree::Group(given))) => Argument::Responses(key, given),
                ("description", _) => Argument::Description(argument),
                _ => Argument::Other(argument),
            }
        });
        Some(Self { index, arguments: arguments.collect() })
    }

    /// Writes what the guard does into the attribute, which is one of `attrs`.
    pub(super) fn complete(self, declaration: &Declaration, marker: &Ident, attrs: &mut Vec<syn::Attribute>) {
        let Some(Meta::List(list)) = attrs.get_mut(self.index).map(|attr| &mut attr.meta) else { return };
        let described = self.arguments.iter().any(|argument| matches!(argument, Argument::Description(_)));
        let answered = self.arguments.iter().any(|argument| matches!(argument, Argument::Responses(..)));
        let arguments = self.arguments.into_iter().map(|argument| match argument {
            Argument::Responses(key, given) => {
                let all = with_refusals(&given, declaration, marker);
                quote!(#key #all)
            }
            Argument::Description(argument) | Argument::Other(argument) => argument,
        });
        let refusals =
            Some(refusals(declaration, marker, &[])).filter(|refusals| !answered && !refusals.is_empty());
        let responses = refusals.into_iter().map(|refusals| quote!(responses(#refusals)));
        let security = security(declaration);
        let arguments = arguments.chain(responses).chain([quote!(security(#security))]);
        list.tokens = quote!(#(#arguments),*);
        if let Access::Public(reason) = &declaration.access
            && !described
        {
            // utoipa takes the paragraphs after the first one as the description, so an empty line comes first.
            let reason = format!(" Public: {}", reason.value());
            attrs.extend::<[syn::Attribute; 2]>([parse_quote!(#[doc = ""]), parse_quote!(#[doc = #reason])]);
        }
    }
}

fn contradiction(attribute: Attribute) -> Message {
    let name = attribute.name();
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

fn no_trace(attribute: Attribute) -> Message {
    Message::new(format!("a handler under #[{}] cannot answer TRACE", attribute.name()))
        .help("remove `trace`, or write another method")
        .note("TRACE sends a request back to its sender, credentials included (RFC 9110 section 9.3.8)")
}

/// More alternatives than this are not spelled out: a reader learns nothing from them.
const MOST_ALTERNATIVES: usize = 64;

/// The sets of names that suffice, as alternatives, each with the refresh token where the rule asks for it. `AuthRouter`
/// computes the same from the constant, where named rules are known too.
fn security(declaration: &Declaration) -> TokenStream {
    if matches!(declaration.access, Access::Public(_) | Access::Mistaken) {
        return TokenStream::new();
    }
    let rule = declaration.access.rule();
    let both_tokens = rule.is_some_and(|rule| rule.mentions(|it| matches!(it, Condition::BothTokens)));
    let refresh_token = both_tokens.then(|| quote!(, "refreshToken" = []));
    let sets =
        rule.and_then(|rule| sets(rule, &declaration.krate.private())).unwrap_or_else(|| vec![Vec::new()]);
    let alternatives = sets.into_iter().map(|names| quote!(("bearer" = [#(#names),*] #refresh_token)));
    quote!(#(#alternatives),*)
}

/// The rule as "any of these sets of names". A part that no name expresses is the empty set, "signed in". `None` if there
/// are too many sets.
fn sets(rule: &Rule, private: &Private) -> Option<Vec<Vec<TokenStream>>> {
    let found = match rule {
        Rule::Atom(atom) => match &atom.condition {
            Condition::Role(role) => vec![vec![role.name(private)]],
            Condition::Scope(name) => vec![vec![name.to_token_stream()]],
            _ => vec![Vec::new()],
        },
        Rule::Not(_) => vec![Vec::new()],
        Rule::Any(rules) => {
            let mut found: Vec<Vec<TokenStream>> = Vec::new();
            for rule in rules {
                for set in sets(rule, private)? {
                    if !found.iter().any(|other| other.iter().map(text).eq(set.iter().map(text))) {
                        found.push(set);
                    }
                }
            }
            found
        }
        Rule::All(rules) => {
            let mut found = vec![Vec::new()];
            for rule in rules {
                let more = sets(rule, private)?;
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

fn text(name: &TokenStream) -> String {
    name.to_string()
}

fn with_refusals(given: &Group, declaration: &Declaration, marker: &Ident) -> Group {
    let given_responses = arguments(given.stream());
    let refusals = arguments(refusals(declaration, marker, &given_responses));
    let responses = given_responses.into_iter().chain(refusals);
    let mut all = Group::new(Delimiter::Parenthesis, quote!(#(#responses),*));
    all.set_span(given.span());
    all
}
