//! A function below an attribute: its signature is read, its body is not.

use std::fmt::Display;

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, PatType, ReturnType, Safety, Signature, Token, Type, Visibility};

use crate::errors::{Errors, Message, Reported};
use crate::extractors::is_unsized;
use crate::krate::Private;
use crate::place::{self, Place};

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

/// The item below an attribute.
pub(crate) enum Item {
    Function(Box<Unchecked>),
    /// Anything else, whose mistake is reported. It is emitted without the attributes that are for functions.
    Other {
        attrs: Vec<Attribute>,
        rest: TokenStream,
    },
}

/// Reads the item. Anything but a free function is reported.
pub(crate) fn read(noun: &Noun, item: TokenStream, errors: &Errors) -> Result<Item, Reported> {
    let head = |input: ParseStream<'_>| -> syn::Result<_> {
        let attrs = input.call(Attribute::parse_outer)?;
        let whole = input.fork().parse::<TokenStream>()?;
        let vis = input.parse::<Visibility>()?;
        Ok((attrs, whole, vis, input.parse::<TokenStream>()?))
    };
    let (attrs, whole, vis, rest) = errors.take(head.parse2(item))?;
    if !is_function(&rest) {
        errors.push(rest.into_iter().next(), noun.above_functions().help(noun.move_it));
        return Ok(Item::Other { attrs, rest: whole });
    }
    let signature = |input: ParseStream<'_>| Ok((input.parse::<Signature>()?, input.parse::<TokenStream>()?));
    let (signature, body) = errors.take(signature.parse2(rest))?;
    Ok(match (place::of(signature.fn_token.span), signature.receiver()) {
        (Place::Within(block), _) => {
            errors.push(&signature.ident, noun.above_free_functions(&signature.ident, block));
            Item::Other { attrs, rest: whole }
        }
        // Without `self`, it is taken for a free function. Of the two, only a method can have one.
        (Place::Unknown, Some(receiver)) => {
            let message = noun.above_free_functions(&signature.ident, "impl");
            errors.push(receiver.self_token, message);
            Item::Other { attrs, rest: whole }
        }
        (Place::Free, _) | (Place::Unknown, None) => {
            Item::Function(Box::new(Unchecked { attrs, vis, signature, body }))
        }
    })
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

    fn above_free_functions(&self, ident: &Ident, block: &str) -> Message {
        let article = if block == "impl" { "an" } else { "a" };
        let message = format!(
            "#[{}] goes above a free function, and `{ident}` is in {article} `{block}`",
            self.attribute
        );
        Message::new(message).help(format!("move `{ident}` out of the `{block}`"))
    }

    /// `a handler under #[authenticated] cannot be generic`
    fn message(&self, reason: impl Display) -> Message {
        Message::new(format!("{} under #[{}] {reason}", self.what, self.attribute))
    }
}

impl Unchecked {
    pub(crate) fn vis(&self) -> &Visibility {
        &self.vis
    }

    pub(crate) fn ident(&self) -> &Ident {
        &self.signature.ident
    }

    /// The function as it was, with the attributes that `is_kept` accepts. With `self`, which only a method can have, it is left out.
    pub(crate) fn tokens(&self, is_kept: impl Fn(&Attribute) -> bool) -> TokenStream {
        let Self { attrs, vis, signature, body } = self;
        if signature.receiver().is_some() {
            return TokenStream::new();
        }
        let attrs = attrs.iter().filter(|attr| is_kept(attr));
        quote!(#(#attrs)* #vis #signature #body)
    }

    /// The function, unless something makes it unfit; all of that is reported. `examine` reports what a noun does not tell.
    pub(crate) fn checked(
        self,
        noun: &Noun,
        errors: &Errors,
        examine: impl FnOnce(&Signature),
    ) -> Result<Function, (Reported, StandIn)> {
        let checked = errors.strict(|| {
            let requirements = Requirements { noun, errors };
            requirements.free_and_async(&self.signature);
            requirements.concrete(&self.signature);
            Ok(())
        });
        // Of a signature that is fit as a whole, the parts are examined.
        let checked = checked.and_then(|()| {
            errors.strict(|| {
                examine(&self.signature);
                Ok(())
            })
        });
        if let Err(reported) = checked {
            return Err((reported, self.replaced()));
        }
        let Self { attrs, vis, signature, body } = self;
        let inputs = signature.inputs.into_iter().filter_map(|input| match input {
            FnArg::Typed(input) => Some(input),
            FnArg::Receiver(_) => None,
        });
        let inputs = inputs.collect();
        Ok(Function { attrs, vis, ident: signature.ident, inputs, output: signature.output, body })
    }
}

impl Unchecked {
    /// A handler in the place of this one.
    pub(crate) fn replaced(self) -> StandIn {
        let Self { attrs, vis, signature, body } = self;
        let ident = signature.ident.clone();
        let original = if is_block(&body) {
            Original::Function(original(signature, &body))
        } else {
            Original::Declaration(quote!(#signature #body))
        };
        StandIn { attrs, vis, ident, original }
    }
}

/// The place of a handler whose signature has a mistake. Whatever takes a handler takes the one that is written there, so the
/// mistake is one error.
pub(crate) struct StandIn {
    pub(crate) attrs: Vec<Attribute>,
    vis: Visibility,
    ident: Ident,
    original: Original,
}

/// The user's function.
enum Original {
    /// With a body: rustc still examines it, unless it would report the same mistake.
    Function(Option<TokenStream>),
    /// Without one, as in an `extern` block.
    Declaration(TokenStream),
}

impl StandIn {
    /// The handler without `#[utoipa::path]`.
    pub(crate) fn without_document(mut self) -> Self {
        self.attrs.retain(|attr| !is_utoipa_path(attr));
        self
    }

    /// A handler that answers no request.
    pub(crate) fn handler(&self, private: &Private) -> TokenStream {
        let Self { attrs, vis, ident, original } = self;
        let original = match original {
            Original::Function(original) => original,
            Original::Declaration(declaration) => return quote!(#vis #declaration),
        };
        let attrs = attrs.iter().filter(|attr| is_of_any_item(attr) || is_utoipa_path(attr));
        quote! {
            #(#attrs)*
            #vis async fn #ident(_: #private::DenyAll) -> ::core::convert::Infallible {
                #original
                ::core::future::pending().await
            }
        }
    }
}

/// Whether an attribute says nothing of the arguments, so that it also fits a function without them.
fn is_of_any_item(attr: &Attribute) -> bool {
    ["allow", "cfg", "deny", "deprecated", "doc", "expect", "forbid", "warn"]
        .iter()
        .any(|name| attr.path().is_ident(name))
}

pub(crate) fn is_utoipa_path(attr: &Attribute) -> bool {
    let mut last = attr.path().segments.iter().rev();
    last.next().is_some_and(|segment| segment.ident == "path")
        && last.next().is_some_and(|segment| segment.ident == "utoipa")
}

fn is_block(body: &TokenStream) -> bool {
    matches!(body.clone().into_iter().next(), Some(TokenTree::Group(block)) if block.delimiter() == Delimiter::Brace)
}

/// The function as an item of a body, where it has nothing that rustc refuses there by itself.
fn original(mut signature: Signature, body: &TokenStream) -> Option<TokenStream> {
    signature.constness = None;
    let inputs = signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => Some(&*input.ty),
        FnArg::Receiver(_) => None,
    });
    let output = match &signature.output {
        ReturnType::Type(_, ty) => Some(&**ty),
        ReturnType::Default => None,
    };
    let is_refused_type = |ty: &Type| {
        is_unsized(ty) || ["_", "Self"].iter().any(|word| find(ty.to_token_stream(), word).is_some())
    };
    let is_refused = signature.receiver().is_some()
        || signature.variadic.is_some()
        || inputs.chain(output).any(is_refused_type);
    (!is_refused).then(|| quote!(#signature #body))
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
        if let Some(receiver) = signature.receiver() {
            let message =
                format!("#[{}] goes above a free function, which has no `self`", self.noun.attribute);
            let help =
                "remove it, and take what the function needs from the router's state: `State(db): State<Db>`";
            self.errors.push(receiver.self_token, Message::new(message).help(help));
        }
        let unsafety = match &signature.safety {
            Safety::Unsafe(token) => token.to_token_stream(),
            _ => TokenStream::new(),
        };
        let abi = signature.abi.as_ref().map(|abi| abi.extern_token);
        let qualifiers = [signature.constness.to_token_stream(), unsafety, abi.to_token_stream()];
        let mut qualifiers = qualifiers.iter().filter(|qualifier| !qualifier.is_empty()).peekable();
        // The help for a qualifier also says `async`.
        if signature.asyncness.is_none() && qualifiers.peek().is_none() {
            self.errors.push(signature.fn_token, self.noun.above_functions().help(&help));
        }
        for qualifier in qualifiers {
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
