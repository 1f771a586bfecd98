//! The function below an access attribute: its signature is read, its body is not.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, PatType, Safety, Signature, Token, Visibility};

use super::model::{Handler, Kind};
use crate::errors::{Errors, Message};

/// axum's handlers take 16 arguments, and the guard is one of them.
const MAX_ARGUMENTS: usize = 15;

/// Reads the item; everything that makes it unfit for a guard is reported.
pub(crate) fn handler(kind: Kind, item: TokenStream, errors: &Errors) -> Option<Handler> {
    let read = |input: ParseStream<'_>| -> syn::Result<_> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse::<Visibility>()?;
        Ok((attrs, vis, input.parse::<TokenStream>()?))
    };
    let (mut attrs, vis, rest) = errors.take(read.parse2(item))?;
    if !is_function(&rest) {
        errors.push(rest.into_iter().next(), above_a_function(kind));
        return None;
    }
    let signature = |input: ParseStream<'_>| Ok((input.parse::<Signature>()?, input.parse::<TokenStream>()?));
    let (signature, body) = errors.take(signature.parse2(rest))?;

    let check = Check { kind, errors };
    check.only_attribute(&attrs);
    attrs.retain(|attr| access_attribute(attr).is_none());
    let fit = check.free_and_async(&signature) & check.concrete(&signature);
    let inputs = check.inputs(signature.inputs);
    let inputs = inputs.filter(|_| fit)?;
    Some(Handler { attrs, vis, ident: signature.ident, inputs, output: signature.output, body })
}

fn is_function(item: &TokenStream) -> bool {
    item.clone()
        .into_iter()
        .map_while(|token| match token {
            TokenTree::Ident(ident) => Some(ident),
            TokenTree::Literal(_) => Some(Ident::new("extern", Span::call_site())),
            _ => None,
        })
        .find(|ident| !["async", "const", "extern", "safe", "unsafe"].iter().any(|word| ident == word))
        .is_some_and(|ident| ident == "fn")
}

fn access_attribute(attr: &Attribute) -> Option<Kind> {
    let last = attr.path().segments.last()?;
    Kind::ALL.into_iter().find(|kind| last.ident == kind.name())
}

fn above_a_function(kind: Kind) -> Message {
    Message::new(format!("#[{}] goes above an async function", kind.name()))
        .help("put it above each handler that it is for")
}

/// The rules of a signature, each of which reports for itself.
struct Check<'a> {
    kind: Kind,
    errors: &'a Errors,
}

impl Check<'_> {
    fn only_attribute(&self, attrs: &[Attribute]) {
        let name = self.kind.name();
        for attr in attrs {
            let Some(other) = access_attribute(attr) else { continue };
            let message = if other == self.kind {
                Message::new(format!("#[{name}] stands twice above one handler"))
            } else if matches!((self.kind, other), (Kind::Public, _) | (_, Kind::Public)) {
                Message::new(format!("#[{name}] and #[{}] contradict each other", other.name()))
            } else {
                Message::new(format!("#[{name}] and #[{}] stand above one handler", other.name()))
            };
            let help = match (self.kind, other) {
                (Kind::RequireRole, Kind::RequireRole) => {
                    "list the roles in one attribute: #[require_role(\"admin\", \"support\")] lets in who has any of them"
                }
                (Kind::RequireRole, Kind::Authenticated) | (Kind::Authenticated, Kind::RequireRole) => {
                    "remove #[authenticated]; who has a role is signed in"
                }
                _ => "keep one of the two",
            };
            self.errors.push(attr.path(), message.help(help));
        }
    }

    fn free_and_async(&self, signature: &Signature) -> bool {
        let ident = &signature.ident;
        let mut fit = true;
        if signature.asyncness.is_none() {
            fit = false;
            self.errors.push(
                signature.fn_token,
                Message::new(format!("#[{}] goes above an async function", self.kind.name()))
                    .help(format!("write `async fn {ident}`")),
            );
        }
        if let Some(receiver) = signature.receiver() {
            fit = false;
            self.errors.push(
                receiver.self_token,
                Message::new(format!(
                    "#[{}] goes above a function, and `{ident}` is a method",
                    self.kind.name()
                ))
                .help("move it out of the `impl`"),
            );
        }
        let unsafety = match &signature.safety {
            Safety::Unsafe(token) => Some(token.to_token_stream()),
            _ => None,
        };
        let constness = signature.constness.map(|token| token.to_token_stream());
        let abi = signature.abi.as_ref().map(|abi| abi.extern_token.to_token_stream());
        for qualifier in [constness, unsafety, abi].into_iter().flatten() {
            fit = false;
            let message = format!("a handler under #[{}] cannot be `{qualifier}`", self.kind.name());
            self.errors.push(&qualifier, Message::new(message).help(format!("write `async fn {ident}`")));
        }
        fit
    }

    fn concrete(&self, signature: &Signature) -> bool {
        let generics = &signature.generics;
        let clause = generics.where_clause.as_ref();
        if !generics.params.is_empty() {
            self.generic(&generics.params);
        } else if let Some(clause) = clause {
            let message = format!("a handler under #[{}] has no `where` clause", self.kind.name());
            self.errors.push(clause.where_token, Message::new(message).help("remove it"));
        }
        if let Some(variadic) = &signature.variadic {
            let message = format!("a handler under #[{}] cannot be variadic", self.kind.name());
            self.errors.push(variadic.dots, Message::new(message).help("remove it"));
        }
        generics.params.is_empty() && clause.is_none() && signature.variadic.is_none()
    }

    fn generic(&self, guilty: impl quote::ToTokens) {
        self.errors.push(
            guilty,
            Message::new(format!("a handler under #[{}] cannot be generic", self.kind.name()))
                .help("write the types out")
                .note("a route runs one function, and its guard is made for that one"),
        );
    }

    fn inputs(&self, inputs: Punctuated<FnArg, Token![,]>) -> Option<Punctuated<PatType, Token![,]>> {
        if let Some(excess) = inputs.iter().nth(MAX_ARGUMENTS) {
            self.errors.push(
                excess,
                Message::new(format!(
                    "a handler under #[{}] takes at most {MAX_ARGUMENTS} arguments",
                    self.kind.name()
                ))
                .help("put several extractors into one tuple argument")
                .note("axum takes 16, and the guard is one of them"),
            );
            return None;
        }
        let mut fit = true;
        let mut typed = Punctuated::new();
        for input in inputs {
            let FnArg::Typed(input) = input else { continue };
            if let Some(token) = find(input.ty.to_token_stream(), "impl") {
                fit = false;
                self.generic(token);
            }
            typed.push(input);
        }
        fit.then_some(typed)
    }
}

/// The first identifier of this name, at any depth.
fn find(tokens: TokenStream, name: &str) -> Option<Ident> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident == name => Some(ident),
        TokenTree::Group(group) => find(group.stream(), name),
        _ => None,
    })
}
