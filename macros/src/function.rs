//! A function below an attribute: its signature is read, its body is not.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, PatType, ReturnType, Safety, Signature, Token, Visibility};

use crate::errors::{Errors, Message};

/// What messages call the function.
pub(crate) struct Noun {
    /// The attribute's name, without `#[...]`.
    pub(crate) attribute: &'static str,
    /// With its article.
    pub(crate) what: &'static str,
    /// What to do where the attribute stands above anything else.
    pub(crate) place: &'static str,
    /// Why it cannot be generic.
    pub(crate) generic: &'static str,
}

/// A free, concrete, async function.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    pub(crate) inputs: Punctuated<PatType, Token![,]>,
    pub(crate) output: ReturnType,
    /// The block, as it was written.
    pub(crate) body: TokenStream,
}

/// A function that may still be unfit.
pub(crate) struct Read {
    pub(crate) attrs: Vec<Attribute>,
    vis: Visibility,
    signature: Signature,
    body: TokenStream,
}

/// Reads the item; anything but a function is reported.
pub(crate) fn read(noun: &Noun, item: TokenStream, errors: &Errors) -> Option<Read> {
    let read = |input: ParseStream<'_>| -> syn::Result<_> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse::<Visibility>()?;
        Ok((attrs, vis, input.parse::<TokenStream>()?))
    };
    let (attrs, vis, rest) = errors.take(read.parse2(item))?;
    if !is_function(&rest) {
        let message = Message::new(format!("#[{}] goes above an async function", noun.attribute));
        errors.push(rest.into_iter().next(), message.help(noun.place));
        return None;
    }
    let signature = |input: ParseStream<'_>| Ok((input.parse::<Signature>()?, input.parse::<TokenStream>()?));
    let (signature, body) = errors.take(signature.parse2(rest))?;
    Some(Read { attrs, vis, signature, body })
}

impl Read {
    /// The function, unless something makes it unfit; all of that is reported.
    pub(crate) fn checked(self, noun: &Noun, errors: &Errors) -> Option<Function> {
        let Self { attrs, vis, signature, body } = self;
        let check = Check { noun, errors };
        let fit = check.free_and_async(&signature) & check.concrete(&signature);
        let inputs = check.inputs(signature.inputs);
        let inputs = inputs.filter(|_| fit)?;
        Some(Function { attrs, vis, ident: signature.ident, inputs, output: signature.output, body })
    }
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

/// The rules of a signature, each of which reports for itself.
struct Check<'a> {
    noun: &'a Noun,
    errors: &'a Errors,
}

impl Check<'_> {
    /// `a handler under #[authenticated]`
    fn subject(&self) -> String {
        format!("{} under #[{}]", self.noun.what, self.noun.attribute)
    }

    fn free_and_async(&self, signature: &Signature) -> bool {
        let ident = &signature.ident;
        let mut fit = true;
        if signature.asyncness.is_none() {
            fit = false;
            self.errors.push(
                signature.fn_token,
                Message::new(format!("#[{}] goes above an async function", self.noun.attribute))
                    .help(format!("write `async fn {ident}`")),
            );
        }
        if let Some(receiver) = signature.receiver() {
            fit = false;
            self.errors.push(
                receiver.self_token,
                Message::new(format!(
                    "#[{}] goes above a function, and `{ident}` is a method",
                    self.noun.attribute
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
            let message = format!("{} cannot be `{qualifier}`", self.subject());
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
            let message = format!("{} has no `where` clause", self.subject());
            self.errors.push(clause.where_token, Message::new(message).help("remove it"));
        }
        if let Some(variadic) = &signature.variadic {
            let message = format!("{} cannot be variadic", self.subject());
            self.errors.push(variadic.dots, Message::new(message).help("remove it"));
        }
        generics.params.is_empty() && clause.is_none() && signature.variadic.is_none()
    }

    fn generic(&self, guilty: impl quote::ToTokens) {
        self.errors.push(
            guilty,
            Message::new(format!("{} cannot be generic", self.subject()))
                .help("write the types out")
                .note(self.noun.generic),
        );
    }

    fn inputs(&self, inputs: Punctuated<FnArg, Token![,]>) -> Option<Punctuated<PatType, Token![,]>> {
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
pub(crate) fn find(tokens: TokenStream, name: &str) -> Option<Ident> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident == name => Some(ident),
        TokenTree::Group(group) => find(group.stream(), name),
        _ => None,
    })
}
