//! `#[attributes] visibility name, State, key = value`.

use proc_macro2::{Ident, Span, TokenStream};
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Type, Visibility};

use super::Kind;
use crate::errors::{Errors, Message};
use crate::keys::{Entries, arguments};
use crate::krate::Krate;

/// A handler to be.
pub(super) struct Endpoint {
    pub(super) kind: &'static Kind,
    pub(super) krate: Krate,
    pub(super) attrs: Vec<Attribute>,
    pub(super) vis: Visibility,
    pub(super) ident: Ident,
    pub(super) state: Type,
    pub(super) path: Option<LitStr>,
    pub(super) tag: Option<LitStr>,
}

impl Endpoint {
    /// The text of the doc comments, line by line.
    pub(super) fn docs(&self) -> Vec<String> {
        self.attrs.iter().filter_map(doc).collect()
    }
}

fn doc(attr: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attr.meta else { return None };
    match &pair.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if pair.path.is_ident("doc") => {
            Some(text.value().trim().to_owned())
        }
        _ => None,
    }
}

/// Reads what stands in the parentheses; `krate` is where the runtime is unless the user says otherwise.
pub(super) fn parse(
    kind: &'static Kind,
    krate: Krate,
    tokens: TokenStream,
    errors: &Errors,
) -> Option<Endpoint> {
    if tokens.is_empty() {
        errors.push_at(
            Span::call_site(),
            Message::new(format!("{}() names no handler", kind.table.name))
                .help(format!("write {}", kind.usage)),
        );
        return None;
    }
    let mut arguments = arguments(tokens).into_iter();
    let name = |input: ParseStream<'_>| -> syn::Result<_> {
        Ok((input.call(Attribute::parse_outer)?, input.parse::<Visibility>()?, input.parse::<Ident>()?))
    };
    let name = expected(kind, arguments.next(), name, "the name of the handler", errors);
    let state =
        expected(kind, arguments.next(), |input| input.parse(), "the type of the router's state", errors);

    let mut entries = Entries::default();
    for argument in arguments {
        kind.table.extend(&mut entries, argument, errors);
    }
    let path = entries.get("path").and_then(|entry| entry.text(errors).ok());
    if let Some(path) = &path {
        check_path(kind, path, errors);
    }
    let tag = entries.get("tag").and_then(|entry| entry.text(errors).ok());
    let path_of_crate = entries.get("crate").and_then(|entry| entry.path(errors).ok());
    let krate = path_of_crate.map_or(krate, |path| Krate::new(Some(path)));
    let ((attrs, vis, ident), state) = (name?, state?);
    Some(Endpoint { kind, krate, attrs, vis, ident, state, path, tag })
}

fn check_path(kind: &Kind, literal: &LitStr, errors: &Errors) {
    let (path, name) = (literal.value(), kind.table.name);
    if !path.starts_with('/') {
        errors.push(
            literal,
            Message::new(format!("the path in {name}(...) does not start with `/`"))
                .help(format!("write path = \"/{path}\"")),
        );
    }
    // Doubled, a brace is no more than a brace.
    let parameters = path.replace("{{", "").replace("}}", "");
    if let Some(parameter) = kind.parameter.filter(|parameter| !parameters.contains(parameter)) {
        errors.push(
            literal,
            Message::new(format!("the path in {name}(...) has no `{parameter}`"))
                .help(format!("write path = \"{}/{parameter}\"", path.trim_end_matches('/'))),
        );
    }
}

fn expected<T>(
    kind: &Kind,
    argument: Option<TokenStream>,
    parser: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
    what: &str,
    errors: &Errors,
) -> Option<T> {
    let place = argument.clone().and_then(|tokens| tokens.into_iter().next());
    let found = argument.and_then(|tokens| parser.parse2(tokens).ok());
    if found.is_none() {
        errors.push_at(
            place.map_or_else(Span::call_site, |token| token.span()),
            Message::new(format!("{}(...) misses {what}", kind.table.name))
                .help(format!("write {}", kind.usage)),
        );
    }
    found
}
