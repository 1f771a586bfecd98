//! `#[attributes] visibility name, State, key = value`.

use proc_macro2::{Ident, Span, TokenStream};
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Type, Visibility};

use crate::errors::{Errors, Message};
use crate::keys::{CRATE, Entry, Key, Table, arguments};
use crate::krate::Krate;

const PATH: Key = Key { name: "path", usage: "path = \"/auth/refresh\"" };
const TAG: Key = Key { name: "tag", usage: "tag = \"auth\"" };
const TABLE: Table = Table { attribute: "typed_refresh_handler!", keys: &[PATH, TAG, CRATE], misplaced: &[] };

/// A refresh handler to be.
pub(super) struct Refresh {
    pub(super) krate: Krate,
    pub(super) attrs: Vec<Attribute>,
    pub(super) vis: Visibility,
    pub(super) ident: Ident,
    pub(super) state: Type,
    pub(super) path: Option<LitStr>,
    pub(super) tag: Option<LitStr>,
}

impl Refresh {
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
pub(super) fn parse(krate: Krate, tokens: TokenStream, errors: &Errors) -> Option<Refresh> {
    if tokens.is_empty() {
        errors.push_at(
            Span::call_site(),
            Message::new("typed_refresh_handler!() names no handler")
                .help("write typed_refresh_handler!(refresh, AppState)"),
        );
        return None;
    }
    let mut arguments = arguments(tokens).into_iter();
    let name = |input: ParseStream<'_>| -> syn::Result<_> {
        Ok((input.call(Attribute::parse_outer)?, input.parse::<Visibility>()?, input.parse::<Ident>()?))
    };
    let name = expected(arguments.next(), name, "the name of the handler", errors);
    let state =
        expected(arguments.next(), |input| input.parse::<Type>(), "the type of the router's state", errors);

    let mut entries = Vec::new();
    for argument in arguments {
        TABLE.extend(&mut entries, argument, errors);
    }
    let entry = |key: &Key| entries.iter().find(|entry: &&Entry| entry.key.name == key.name);
    let path = entry(&PATH).and_then(|entry| entry.text(errors));
    if let Some(path) = path.as_ref().filter(|path| !path.value().starts_with('/')) {
        errors.push(
            path,
            Message::new("the path in typed_refresh_handler!(...) does not start with `/`")
                .help(format!("write path = \"/{}\"", path.value())),
        );
    }
    let tag = entry(&TAG).and_then(|entry| entry.text(errors));
    let krate =
        entry(&CRATE).and_then(|entry| entry.path(errors)).map_or(krate, |path| Krate::new(Some(path)));
    let ((attrs, vis, ident), state) = (name?, state?);
    Some(Refresh { krate, attrs, vis, ident, state, path, tag })
}

fn expected<T>(
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
            Message::new(format!("typed_refresh_handler!(...) misses {what}"))
                .help("write typed_refresh_handler!(refresh, AppState)"),
        );
    }
    found
}
