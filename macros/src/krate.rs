//! The runtime's path: the only place that spells it.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Path, parse_quote};

/// `::countersign`, or what the user wrote in `crate = path`.
#[derive(Clone)]
pub(crate) struct Krate(Path);

impl Krate {
    /// The path of `crate = path`, if there is one.
    pub(crate) fn new(path: Option<Path>) -> Self {
        Self(path.unwrap_or_else(|| parse_quote!(::countersign)))
    }

    /// Takes the path of the runtime off the input of a function-like macro: the runtime's `macro_rules!` put it, one
    /// token, and a comma in front of the user's tokens.
    pub(crate) fn split_off(input: TokenStream) -> (Self, TokenStream) {
        let mut tokens = input.into_iter();
        let path = match tokens.next() {
            Some(TokenTree::Ident(ident)) => Some(Path::from(ident)),
            _ => None,
        };
        (Self::new(path), tokens.skip(1).collect())
    }

    /// The import of that module, and the module under the name that the import gives it. Where the path is wrong, the import is the only error:
    /// rustc checks no types of a program with an import that it cannot resolve.
    pub(crate) fn imported(&self) -> (TokenStream, Private) {
        let Self(path) = self;
        (quote!(use #path::__private as __countersign;), Private(quote!(__countersign)))
    }

    /// The module whose names generated code uses.
    pub(crate) fn private(&self) -> Private {
        let Self(path) = self;
        Private(quote!(#path::__private))
    }
}

impl ToTokens for Krate {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}

/// `<runtime>::__private`, ready for `quote!`.
#[derive(Clone)]
pub(crate) struct Private(TokenStream);

impl Private {
    /// A path in the module as text, for serde's attributes.
    pub(crate) fn text(&self, name: &str) -> String {
        let module: String = self.0.to_string().split_whitespace().collect();
        format!("{module}::{name}")
    }
}

impl ToTokens for Private {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_is_named_from_the_root() {
        let private = Krate::new(None).private();
        assert_eq!(quote!(#private::serde).to_string(), quote!(::countersign::__private::serde).to_string());
        assert_eq!(private.text("serde"), "::countersign::__private::serde");
    }

    #[test]
    fn the_users_path_replaces_it() {
        let private = Krate::new(Some(parse_quote!(crate::reexported))).private();
        assert_eq!(private.text("roles"), "crate::reexported::__private::roles");
    }
}
