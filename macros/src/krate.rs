//! The runtime's path: the only place that spells it.

use std::path::Path as File;
use std::{env, fs};

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Path, parse_quote};

use crate::errors::{Errors, Message};

/// `::countersign`, or what the user wrote in `crate = path`.
#[derive(Clone)]
pub(crate) struct Krate {
    path: Path,
    is_written: bool,
    /// The name that generated code has given to the private module.
    alias: Option<Ident>,
}

impl Krate {
    /// The path of `crate = path`, if there is one.
    pub(crate) fn new(path: Option<Path>) -> Self {
        let is_written = path.is_some();
        Self { path: path.unwrap_or_else(|| parse_quote!(::countersign)), is_written, alias: None }
    }

    /// A path that resolves, and that the user has not written.
    fn from_root(path: Path) -> Self {
        Self { path, is_written: false, alias: None }
    }

    /// The runtime where no path is written. If the package has it under another name, that is reported.
    pub(crate) fn unwritten(errors: &Errors) -> Self {
        let Some(name) = other_name(env::args(), |file| fs::read_to_string(file).ok()) else {
            return Self::new(None);
        };
        let message =
            Message::new(format!("this package has `countersign` as `{name}`: write `crate = {name}`"));
        let note = format!(
            "an attribute takes it in its parentheses, as in #[authenticated(crate = {name})], and the derives in \
             #[claims(...)], #[role(...)] and #[auth(...)]"
        );
        errors.push_at(Span::call_site(), message.note(note));
        let name = Ident::new(&name, Span::call_site());
        Self::from_root(parse_quote!(::#name))
    }

    /// Takes the path of the runtime off the input of a function-like macro: the runtime's `macro_rules!` put it, one
    /// token, and a comma in front of the user's tokens.
    pub(crate) fn split_off(input: TokenStream) -> (Self, TokenStream) {
        let mut tokens = input.into_iter();
        let path = match tokens.next() {
            Some(TokenTree::Ident(ident)) => Some(Path::from(ident)),
            _ => None,
        };
        (path.map_or_else(|| Self::new(None), Self::from_root), tokens.skip(1).collect())
    }

    /// The import of the private module, and the module under the name that the import gives it. Where the path is wrong, the import is the only error:
    /// rustc checks no types of a program with an import that it cannot resolve.
    pub(crate) fn imported(&self) -> (TokenStream, Private) {
        let path = &self.path;
        (quote!(use #path::__private as __countersign;), Private(quote!(__countersign)))
    }

    /// The module whose names generated code uses.
    pub(crate) fn private(&self) -> Private {
        let Self { path, alias, .. } = self;
        Private(alias.as_ref().map_or_else(|| quote!(#path::__private), ToTokens::to_token_stream))
    }

    /// The runtime under a name for the item called `name`, and what has to be beside that item for it.
    ///
    /// A path that the user wrote is imported once: if it leads nowhere, that is one error, and rustc is silent about the
    /// names that come from an import that failed.
    pub(crate) fn imported_for(self, name: &Ident) -> (TokenStream, Self) {
        if !self.is_written {
            return (TokenStream::new(), self);
        }
        let path = &self.path;
        let alias = format_ident!("__countersign_private_{name}", span = Span::call_site());
        let module = quote_spanned!(path.span()=> ::__private);
        (quote!(use #path #module as #alias;), Self { alias: Some(alias), ..self })
    }
}

/// The name under which this crate is compiled with the runtime, if it is another one than the runtime's.
///
/// `arguments` are those of rustc, in which macros run. They hold all that cargo knows: `--extern cs=/.../libcountersign-....rmeta`.
/// An `extern crate cs as countersign` in the root of the crate, which `read` reads, gives the runtime its name back.
fn other_name(
    arguments: impl Iterator<Item = String>,
    read: impl Fn(&File) -> Option<String>,
) -> Option<String> {
    let arguments: Vec<String> = arguments.collect();
    let externs = arguments.windows(2).filter_map(|pair| match pair {
        [flag, external] if flag == "--extern" => external.split_once('='),
        _ => None,
    });
    let externs: Vec<(&str, &str)> =
        externs.map(|(name, file)| (name.rsplit(':').next().unwrap_or(name), file)).collect();
    let is_runtime = |file: &str| {
        File::new(file)
            .file_stem()
            .and_then(|stem| stem.to_str())
            .is_some_and(|stem| stem == "libcountersign" || stem.starts_with("libcountersign-"))
    };
    if externs.iter().any(|(name, _)| *name == "countersign") {
        return None;
    }
    let (name, _) = externs.iter().find(|(_, file)| is_runtime(file))?;
    let root =
        arguments.iter().skip(1).find(|argument| argument.ends_with(".rs") && !argument.starts_with('-'))?;
    let renamed_back = read(File::new(root))?.contains("as countersign");
    (!renamed_back).then(|| (*name).to_owned())
}

impl ToTokens for Krate {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.path.to_tokens(tokens);
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
    fn a_path_of_the_users_is_imported_once() {
        let (import, krate) = Krate::new(Some(parse_quote!(kit::auth))).imported_for(&parse_quote!(me));
        assert_eq!(
            import.to_string(),
            quote!(
                use kit::auth::__private as __countersign_private_me;
            )
            .to_string()
        );
        assert_eq!(krate.private().text("Guard"), "__countersign_private_me::Guard");
        let (import, krate) = Krate::new(None).imported_for(&parse_quote!(me));
        assert!(import.is_empty());
        assert_eq!(krate.private().text("Guard"), "::countersign::__private::Guard");
    }

    fn name_in(arguments: &[&str], root: &str) -> Option<String> {
        other_name(arguments.iter().map(|argument| (*argument).to_owned()), |_| Some(root.to_owned()))
    }

    #[test]
    fn another_name_of_the_runtime_is_known_from_the_compilers_arguments() {
        let runtime = "cs=/target/debug/deps/libcountersign-0a1b.rmeta";
        let serde = "serde=/target/debug/deps/libserde-0a1b.rmeta";
        let found = Some("cs".to_owned());
        assert_eq!(name_in(&["rustc", "src/main.rs", "--extern", serde, "--extern", runtime], ""), found);
        assert_eq!(name_in(&["rustc", "src/main.rs", "--extern", &format!("priv:{runtime}")], ""), found);
        let own = "countersign=/target/debug/deps/libcountersign-0a1b.rmeta";
        let macros = "cs=/target/debug/deps/libcountersign_macros-0a1b.so";
        for externs in [vec![own], vec![runtime, own], vec![macros], vec![serde], vec![]] {
            let flags = externs.iter().flat_map(|external| ["--extern", external]);
            let arguments: Vec<_> = ["rustc", "src/main.rs"].into_iter().chain(flags).collect();
            assert_eq!(name_in(&arguments, ""), None, "{arguments:?}");
        }
        assert_eq!(
            name_in(&["rustc", "src/main.rs", "--extern", runtime], "extern crate cs as countersign;"),
            None
        );
        assert_eq!(name_in(&["rustc", "-", "--extern", runtime], ""), None);
    }

    #[test]
    fn the_users_path_replaces_it() {
        let private = Krate::new(Some(parse_quote!(crate::reexported))).private();
        assert_eq!(private.text("roles"), "crate::reexported::__private::roles");
    }
}
