//! The entries of `routes!`: the name of a documented handler, or `GET "/login" => login_form`.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use syn::parse::Parser as _;
use syn::{LitStr, Path};

use crate::errors::{Errors, Message, Reported, compact, listed};
use crate::keys::arguments;
use crate::suggest::nearest;

/// A handler, and where it answers if its document does not say so.
pub(super) struct Route {
    pub(super) handler: Path,
    pub(super) place: Option<Place>,
}

pub(super) struct Place {
    pub(super) methods: Methods,
    pub(super) path: LitStr,
}

pub(super) enum Methods {
    /// `ANY`
    Any,
    /// The names, which are those of `http::Method`.
    These(Vec<Ident>),
}

const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "ANY"];

const DOCUMENTED: &str = "write routes!(me, admin::members)";
const PLACED: &str = "write routes!(GET \"/login\" => login_form)";

/// The handlers of `routes!`.
pub(super) fn handlers(list: TokenStream, errors: &Errors) -> Vec<Route> {
    let arguments = arguments(list);
    if arguments.is_empty() {
        let mistake = Message::new("routes!() names no handler").help(DOCUMENTED);
        errors.push_at(Span::call_site(), mistake);
    }
    arguments.into_iter().filter_map(|argument| route(argument, errors).ok()).collect()
}

/// The handler of `fallback!`.
pub(super) fn one_handler(list: TokenStream, errors: &Errors) -> Result<Path, Reported> {
    let mistake = |sentence| Message::new(sentence).help("write fallback!(not_found)");
    match arguments(list).as_slice() {
        [] => Err(errors.push_at(Span::call_site(), mistake("fallback!() names no handler"))),
        [argument] => Path::parse_mod_style
            .parse2(argument.clone())
            .map_err(|_| errors.push(argument, mistake("fallback!(...) takes the name of a handler"))),
        [_, second, ..] => Err(errors.push(second, mistake("fallback!(...) takes one handler"))),
    }
}

fn route(argument: TokenStream, errors: &Errors) -> Result<Route, Reported> {
    let argument: TokenStream = argument.into_iter().flat_map(bare).collect();
    let mut rest = argument.clone().into_iter().peekable();
    let mut methods = Vec::new();
    while let Some(token) = rest.next_if(|token| !is_path(token) && !is_arrow(token)) {
        methods.push(token);
    }
    let Some(path) = rest.next() else { return documented(argument, errors) };
    let path = path_of(path, errors)?;
    let methods = methods_of(methods, &argument, errors)?;
    let handler = handler_of(rest.collect(), &argument, errors)?;
    Ok(Route { handler, place: Some(Place { methods, path }) })
}

fn is_path(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Literal(literal) if literal.to_string().ends_with('"'))
}

fn is_arrow(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(sign) if sign.as_char() == '=')
}

/// A token without the invisible parentheses that a fragment of `macro_rules!` is in.
fn bare(token: TokenTree) -> TokenStream {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            group.stream().into_iter().flat_map(bare).collect()
        }
        token => token.into(),
    }
}

/// A handler whose document has its place.
fn documented(argument: TokenStream, errors: &Errors) -> Result<Route, Reported> {
    let Ok(handler) = Path::parse_mod_style.parse2(argument.clone()) else {
        let mistake = Message::new("routes!(...) takes the names of handlers").help(DOCUMENTED);
        let note = format!(
            "a handler without #[utoipa::path(...)] has its place here: {}",
            PLACED.replace("write ", "")
        );
        return Err(errors.push(argument, mistake.note(note)));
    };
    if cfg!(feature = "openapi") {
        return Ok(Route { handler, place: None });
    }
    let name = compact(&handler);
    let mistake = Message::new(format!("routes!({name}) needs the feature `openapi` of countersign"))
        .help(format!("write routes!(GET \"/{name}\" => {name}), or switch the feature on"))
        .note("without it no document says at which path a handler answers");
    Err(errors.push(argument, mistake))
}

fn path_of(token: TokenTree, errors: &Errors) -> Result<LitStr, Reported> {
    let mistake = |sentence: &str| Message::new(format!("routes!(...) takes {sentence}"));
    let Ok(path) = syn::parse2::<LitStr>(token.clone().into()) else {
        return Err(errors.push(token, mistake("the path as a string").help(PLACED)));
    };
    let value = path.value();
    if !value.starts_with('/') {
        let cure = format!("write \"/{value}\"");
        return Err(errors.push(path, mistake("a path that starts with a slash").help(cure)));
    }
    // The form of axum 0.7, in which axum 0.8 panics at start.
    let old = value
        .split('/')
        .find_map(|segment| segment.split_at_checked(1).filter(|(sign, _)| [":", "*"].contains(sign)));
    if let Some((sign, name)) = old {
        let cure = format!("write {{{}{name}}}", sign.trim_start_matches(':'));
        return Err(errors.push(path, mistake("parameters of a path in braces").help(cure)));
    }
    Ok(path)
}

/// `GET`, `GET | CONNECT` or `ANY`.
fn methods_of(tokens: Vec<TokenTree>, argument: &TokenStream, errors: &Errors) -> Result<Methods, Reported> {
    let mut methods: Vec<Ident> = Vec::new();
    let usage = || format!("the methods are {}", listed(METHODS));
    for (index, token) in tokens.into_iter().enumerate() {
        let method = match token {
            TokenTree::Punct(bar) if index % 2 == 1 && bar.as_char() == '|' => continue,
            TokenTree::Ident(method) if index % 2 == 0 => method,
            other => {
                let mistake = Message::new("routes!(...) takes methods in front of a path").help(PLACED);
                return Err(errors.push(other, mistake.note("several methods are written `GET | POST`")));
            }
        };
        let name = method.to_string();
        if name.eq_ignore_ascii_case("TRACE") {
            let mistake = Message::new("routes!(...) serves no TRACE").help("write another method");
            let reason = "its answer would hold the credentials of the request (RFC 9110 section 9.3.8)";
            return Err(errors.push(method, mistake.note(reason)));
        }
        if !METHODS.contains(&&*name) {
            let mut mistake = Message::new(format!("routes!(...) knows no method `{name}`"));
            if let Some(meant) = nearest(&name, METHODS) {
                mistake = mistake.help(format!("write {meant}"));
            }
            return Err(errors.push(method, mistake.note(usage())));
        }
        if methods.contains(&method) {
            let mistake = Message::new(format!("routes!(...) has `{name}` twice for this path"));
            return Err(errors.push(method, mistake.help("remove one of them")));
        }
        methods.push(method);
    }
    match methods.as_slice() {
        [] => {
            let mistake = Message::new("routes!(...) names no method for this path").help(PLACED);
            Err(errors.push(argument, mistake.note(usage())))
        }
        [any] if any == "ANY" => Ok(Methods::Any),
        [.., any] | [any, ..] if any == "ANY" => {
            let mistake =
                Message::new("routes!(...) takes `ANY` alone").help("write ANY without other methods");
            Err(errors.push(any, mistake))
        }
        _ => Ok(Methods::These(methods)),
    }
}

/// `=> handler`
fn handler_of(tokens: Vec<TokenTree>, argument: &TokenStream, errors: &Errors) -> Result<Path, Reported> {
    let mistake = |sentence| Message::new(sentence).help(PLACED);
    let mut tokens = tokens.into_iter();
    let arrow = [tokens.next(), tokens.next()].map(|token| token.map(|token| token.to_string()));
    if arrow.each_ref().map(Option::as_deref) != [Some("="), Some(">")] {
        return Err(errors.push(argument, mistake("routes!(...) takes `=>` and a handler behind the path")));
    }
    let handler: TokenStream = tokens.collect();
    Path::parse_mod_style.parse2(handler.clone()).map_err(|_| {
        let at = if handler.is_empty() { argument } else { &handler };
        errors.push(at, mistake("routes!(...) takes the name of a handler behind `=>`"))
    })
}
