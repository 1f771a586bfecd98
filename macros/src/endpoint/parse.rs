//! `#[attributes] visibility name, State, key = value`.

use proc_macro2::{Ident, Span, TokenStream};
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Type, Visibility};

use crate::errors::{Errors, Message, Reported};
use crate::keys::{CRATE, Entries, Form, Key, Table, arguments};
use crate::krate::Krate;

const MACRO: &str = "typed_refresh_handler!";

/// The help for a call that leaves something out.
const USAGE: &str = "write typed_refresh_handler!(refresh, AppState)";

static TABLE: Table = Table {
    name: MACRO,
    form: Form::Macro,
    keys: &[
        Key { name: "path", usage: "path = \"/auth/refresh\"" },
        Key { name: "tag", usage: "tag = \"auth\"" },
        CRATE,
    ],
    misplaced: &[],
};

/// The handler to write.
pub(super) struct Handler {
    pub(super) krate: Krate,
    pub(super) attrs: Vec<Attribute>,
    pub(super) vis: Visibility,
    pub(super) ident: Ident,
    pub(super) state: Type,
    pub(super) path: Option<LitStr>,
    pub(super) tag: Option<LitStr>,
}

impl Handler {
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

/// Reads the input of the macro; `krate` is the path of the runtime unless the key `crate` gives another.
pub(super) fn parse(krate: Krate, tokens: TokenStream, errors: &Errors) -> Result<Handler, Reported> {
    if tokens.is_empty() {
        let message = Message::new(format!("{MACRO}() names no handler"));
        return Err(errors.push_at(Span::call_site(), message.help(USAGE)));
    }
    let mut arguments = arguments(tokens).into_iter();
    let name = |input: ParseStream<'_>| -> syn::Result<_> {
        Ok((input.call(Attribute::parse_outer)?, input.parse::<Visibility>()?, input.parse::<Ident>()?))
    };
    let name = expected(arguments.next(), name, "the name of the handler", errors);
    let state = expected(arguments.next(), |input| input.parse(), "the type of the router's state", errors);

    let mut entries = Entries::default();
    for argument in arguments {
        TABLE.extend(&mut entries, argument, errors);
    }
    let path = entries.get("path").and_then(|entry| entry.text(errors).ok());
    if let Some(path) = &path {
        check_path(path, errors);
    }
    let tag = entries.get("tag").and_then(|entry| entry.text(errors).ok());
    let path_of_crate = entries.get("crate").and_then(|entry| entry.path(errors).ok());
    let krate = path_of_crate.map_or(krate, |path| Krate::new(Some(path)));
    let ((attrs, vis, ident), state) = (name?, state?);
    Ok(Handler { krate, attrs, vis, ident, state, path, tag })
}

fn check_path(literal: &LitStr, errors: &Errors) {
    let path = literal.value();
    if !path.starts_with('/') {
        let message = Message::new(format!("the path in {MACRO}(...) does not start with `/`"));
        errors.push(literal, message.help(format!("write path = \"/{path}\"")));
    }
}

fn expected<T>(
    argument: Option<TokenStream>,
    parser: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
    what: &str,
    errors: &Errors,
) -> Result<T, Reported> {
    let place = argument.clone().and_then(|tokens| tokens.into_iter().next());
    argument.and_then(|tokens| parser.parse2(tokens).ok()).ok_or_else(|| {
        errors.push_at(
            place.map_or_else(Span::call_site, |token| token.span()),
            Message::new(format!("{MACRO}(...) misses {what}")).help(USAGE),
        )
    })
}
