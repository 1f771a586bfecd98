//! `#[attributes] visibility name, State, key = value`.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Type, Visibility};

use crate::errors::{Errors, Message, Reported, compact};
use crate::extractors::{first_argument, is_named};
use crate::keys::{CRATE, Entries, Form, Key, Table, arguments};
use crate::krate::Krate;
use crate::place;

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
    /// `None` after a mistake.
    pub(super) state: Option<Type>,
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
    let arguments = arguments(tokens);
    let is_late = arguments.iter().skip_while(|argument| !is_key(argument)).any(|argument| !is_key(argument));
    let (keys, mut plain): (Vec<_>, Vec<_>) = arguments.into_iter().partition(is_key);
    let is_for_name_or_state = |key: &&TokenStream| {
        ["handler", "name", "state"].iter().any(|word| first(key).is_some_and(|key| key.to_string() == *word))
    };
    let key = keys.first().filter(|_| is_late || plain.is_empty());
    if let Some(key) = key.or_else(|| keys.iter().find(is_for_name_or_state).filter(|_| plain.len() < 2)) {
        let message = Message::new(format!(
            "{MACRO}(...) takes the name of the handler, then the type of the state, then keys"
        ));
        return Err(errors.push(first(key), message.help(USAGE)));
    }
    let excess = plain.split_off(plain.len().min(2));
    let (name, state) = name_and_state(plain, errors)?;

    let mut entries = Entries::default();
    for argument in excess.into_iter().chain(keys) {
        TABLE.extend(&mut entries, argument, errors);
    }
    let path = entries.get("path").and_then(|entry| entry.text(errors).ok());
    if let Some(path) = &path {
        check_path(path, errors);
    }
    let tag = entries.get("tag").and_then(|entry| entry.text(errors).ok());
    let path_of_crate = entries.get("crate").and_then(|entry| entry.path(errors).ok());
    let krate = path_of_crate.map_or(krate, |path| Krate::new(Some(path)));
    let Name { attrs, vis, ident } = name;
    Ok(Handler { krate, attrs, vis, ident, state, path, tag })
}

/// `#[attributes] visibility name`
struct Name {
    attrs: Vec<Attribute>,
    vis: Visibility,
    ident: Ident,
}

impl Name {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self { attrs: input.call(Attribute::parse_outer)?, vis: input.parse()?, ident: input.parse()? })
    }

    /// Whether it is written like the name of a type.
    fn is_of_type(&self) -> bool {
        self.ident.unraw().to_string().starts_with(char::is_uppercase)
    }
}

/// Reads the arguments without keys, of which there are at most two. The state is `None` after a mistake in it.
fn name_and_state(arguments: Vec<TokenStream>, errors: &Errors) -> Result<(Name, Option<Type>), Reported> {
    let mut arguments = arguments.into_iter();
    let (written, state) = (arguments.next().unwrap_or_default(), arguments.next());
    let place = |tokens: &TokenStream| first(tokens).map_or_else(Span::call_site, |token| token.span());
    let misses = |what: &str| Message::new(format!("{MACRO}(...) misses {what}")).help(USAGE);
    let (no_name, no_state) = ("the name of the handler", "the type of the router's state");
    let Some(state) = state else {
        let start = |input: ParseStream<'_>| Ok((input.call(Name::parse)?, input.parse::<TokenStream>()?));
        return match start.parse2(written.clone()) {
            Ok((name, rest)) if rest.is_empty() && name.is_of_type() => {
                Err(errors.push(&name.ident, misses(no_name)))
            }
            Ok((name, rest)) if rest.is_empty() => {
                errors.push(&name.ident, misses(no_state));
                Ok((name, None))
            }
            Ok((name, rest))
                if !name.is_of_type()
                    && first(&rest).is_some_and(|token| !matches!(token, TokenTree::Group(_))) =>
            {
                let message = Message::new(format!("a comma is missing behind the name in {MACRO}(...)"));
                errors.push(first(&rest), message.help(USAGE));
                Ok((name, None))
            }
            _ => Err(errors.push_at(place(&written), misses(no_name))),
        };
    };
    let name = Name::parse.parse2(written.clone());
    let other = Name::parse.parse2(state.clone());
    if let Ok(other) = other
        && !other.is_of_type()
        && name.as_ref().map_or_else(|_| is_type(&written), Name::is_of_type)
    {
        let (ident, ty) = (&other.ident, compact(&written));
        let message =
            format!("{MACRO}(...) takes the name first and the state second: write `{MACRO}({ident}, {ty})`");
        errors.push(&written, Message::new(message));
        return Ok((other, syn::parse2(written).ok().filter(|ty| !is_claims(ty))));
    }
    let Ok(name) = name else { return Err(errors.push_at(place(&written), misses(no_name))) };
    let is_value = Name::parse.parse2(state.clone()).is_ok_and(|word| !word.is_of_type());
    let state = match syn::parse2::<Type>(state.clone()) {
        Ok(ty) if is_claims(&ty) => {
            let shown = compact(&ty);
            let message =
                Message::new(format!("`{shown}` is the claims, and {MACRO}(...) takes the router's state"));
            let help = format!("write the type that `with_state` takes, which has a field `Auth<{shown}>`");
            errors.push(&ty, message.help(help));
            None
        }
        Ok(ty) if !is_value => Some(state_itself(ty, errors)),
        _ => {
            errors.push_at(place(&state), misses(no_state));
            None
        }
    };
    Ok((name, state))
}

/// The type without `&` and without `State<...>`, which are reported.
fn state_itself(ty: Type, errors: &Errors) -> Type {
    let inner = match &ty {
        Type::Reference(reference) => Some(&*reference.elem),
        Type::Path(path) if is_named(path, "State") => first_argument(&path.path),
        _ => None,
    };
    let Some(inner) = inner.cloned() else { return ty };
    let message = Message::new(format!("{MACRO}(...) takes the type of the router's state itself"));
    errors.push(&ty, message.help(format!("write `{}`", compact(&inner))));
    state_itself(inner, errors)
}

/// Whether a type is known to be the claims: the file says so. Elsewhere a trait of the runtime tells a state from other types.
fn is_claims(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path
        .get_ident()
        .is_some_and(|ident| place::derives(ident.span(), &ident.to_string(), "SessionClaims"))
}

fn is_type(tokens: &TokenStream) -> bool {
    matches!(syn::parse2::<Type>(tokens.clone()), Ok(Type::Path(path))
        if path.path.segments.last().is_some_and(|last| last.ident.to_string().starts_with(char::is_uppercase)))
}

/// Whether an argument is a key with its value.
fn is_key(argument: &TokenStream) -> bool {
    let mut tokens = argument.clone().into_iter();
    let (Some(TokenTree::Ident(key)), Some(next)) = (tokens.next(), tokens.next()) else { return false };
    match next {
        TokenTree::Punct(sign) => sign.as_char() == '=',
        TokenTree::Group(_) => TABLE.keys.iter().any(|known| key == known.name),
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    }
}

fn first(tokens: &TokenStream) -> Option<TokenTree> {
    tokens.clone().into_iter().next()
}

fn check_path(literal: &LitStr, errors: &Errors) {
    let path = literal.value();
    if !path.starts_with('/') {
        let message = Message::new(format!("the path in {MACRO}(...) does not start with `/`"));
        errors.push(literal, message.help(format!("write path = \"/{path}\"")));
    }
}
