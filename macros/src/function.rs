//! A function below an attribute: its signature is read, its body is not.

use std::fmt::Display;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, PatType, ReturnType, Safety, Signature, Token, Visibility};

use crate::errors::{Errors, Message, Reported};

/// The words that messages about the function use.
pub(crate) struct Noun {
    /// The attribute's name, without `#[...]`.
    pub(crate) attribute: &'static str,
    /// The function, with its article.
    pub(crate) what: &'static str,
    /// The help where the attribute is above anything but a function.
    pub(crate) move_it: &'static str,
    /// Why the function cannot be generic.
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

/// A function whose signature is not checked yet.
pub(crate) struct Unchecked {
    pub(crate) attrs: Vec<Attribute>,
    vis: Visibility,
    signature: Signature,
    body: TokenStream,
}

/// Reads the item. Anything but a function is reported.
pub(crate) fn read(noun: &Noun, item: TokenStream, errors: &Errors) -> Result<Unchecked, Reported> {
    let head = |input: ParseStream<'_>| -> syn::Result<_> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse::<Visibility>()?;
        Ok((attrs, vis, input.parse::<TokenStream>()?))
    };
    let (attrs, vis, rest) = errors.take(head.parse2(item))?;
    if !is_function(&rest) {
        return Err(errors.push(rest.into_iter().next(), noun.above_functions().help(noun.move_it)));
    }
    let signature = |input: ParseStream<'_>| Ok((input.parse::<Signature>()?, input.parse::<TokenStream>()?));
    let (signature, body) = errors.take(signature.parse2(rest))?;
    Ok(Unchecked { attrs, vis, signature, body })
}

/// Whether `fn` follows on nothing but qualifiers. syn's parser would answer a struct with "expected `fn`".
fn is_function(item: &TokenStream) -> bool {
    let is_qualifier = |token: &TokenTree| match token {
        TokenTree::Ident(word) => {
            ["async", "const", "extern", "safe", "unsafe"].iter().any(|qualifier| word == qualifier)
        }
        // The ABI of `extern "C" fn`.
        TokenTree::Literal(_) => true,
        TokenTree::Group(_) | TokenTree::Punct(_) => false,
    };
    let word = item.clone().into_iter().find(|token| !is_qualifier(token));
    matches!(word, Some(TokenTree::Ident(word)) if word == "fn")
}

impl Noun {
    fn above_functions(&self) -> Message {
        Message::new(format!("#[{}] goes above an async function", self.attribute))
    }

    /// `a handler under #[authenticated] cannot be generic`
    fn message(&self, reason: impl Display) -> Message {
        Message::new(format!("{} under #[{}] {reason}", self.what, self.attribute))
    }
}

impl Unchecked {
    /// The function, unless something makes it unfit; all of that is reported.
    pub(crate) fn checked(self, noun: &Noun, errors: &Errors) -> Result<Function, Reported> {
        let Self { attrs, vis, signature, body } = self;
        errors.strict(|| {
            let requirements = Requirements { noun, errors };
            requirements.free_and_async(&signature);
            requirements.concrete(&signature);
            let inputs = signature.inputs.into_iter().filter_map(|input| match input {
                FnArg::Typed(input) => Some(input),
                FnArg::Receiver(_) => None,
            });
            let inputs = inputs.collect();
            Ok(Function { attrs, vis, ident: signature.ident, inputs, output: signature.output, body })
        })
    }
}

/// The requirements of a signature, each of which reports for itself.
struct Requirements<'a> {
    noun: &'a Noun,
    errors: &'a Errors,
}

impl Requirements<'_> {
    fn free_and_async(&self, signature: &Signature) {
        let ident = &signature.ident;
        let help = format!("write `async fn {ident}`");
        if signature.asyncness.is_none() {
            self.errors.push(signature.fn_token, self.noun.above_functions().help(&help));
        }
        if let Some(receiver) = signature.receiver() {
            let attribute = self.noun.attribute;
            let message = format!("#[{attribute}] goes above a function, and `{ident}` is a method");
            let help = "move it out of the `impl`";
            self.errors.push(receiver.self_token, Message::new(message).help(help));
        }
        let unsafety = match &signature.safety {
            Safety::Unsafe(token) => token.to_token_stream(),
            _ => TokenStream::new(),
        };
        let abi = signature.abi.as_ref().map(|abi| abi.extern_token);
        let qualifiers = [signature.constness.to_token_stream(), unsafety, abi.to_token_stream()];
        for qualifier in qualifiers.iter().filter(|qualifier| !qualifier.is_empty()) {
            let message = self.noun.message(format!("cannot be `{qualifier}`"));
            self.errors.push(qualifier, message.help(&help));
        }
    }

    fn concrete(&self, signature: &Signature) {
        let generics = &signature.generics;
        if !generics.params.is_empty() {
            self.generic(&generics.params);
        } else if let Some(clause) = &generics.where_clause {
            let message = self.noun.message("cannot have a `where` clause");
            self.errors.push(clause.where_token, message.help("remove it"));
        }
        if let Some(variadic) = &signature.variadic {
            self.errors.push(variadic.dots, self.noun.message("cannot be variadic").help("remove it"));
        }
        for input in &signature.inputs {
            if let FnArg::Typed(input) = input
                && let Some(token) = find(input.ty.to_token_stream(), "impl")
            {
                self.generic(token);
            }
        }
    }

    fn generic(&self, guilty: impl ToTokens) {
        let message = self.noun.message("cannot be generic").help("write the types out");
        self.errors.push(guilty, message.note(self.noun.generic));
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
