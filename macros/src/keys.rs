//! Attribute arguments: `key`, `key = value` and `key(...)`, separated by commas.

use proc_macro2::{Ident, Punct, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Path, Token};

use crate::errors::{Errors, Message, Reported, listed};
use crate::krate::Krate;
use crate::suggest::nearest;

/// A key and how it is written.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) usage: &'static str,
}

/// `crate = path`, which every attribute of ours takes.
pub(crate) const CRATE: Key = Key { name: "crate", usage: "crate = path" };

/// How the user writes a macro around its keys.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// `#[name(...)]`
    Attribute,
    /// `name!(...)`; the name of the table ends with the exclamation mark.
    Macro,
}

/// The keys that an attribute or a macro takes in one place.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    pub(crate) keys: &'static [Key],
    /// Keys that exist, but elsewhere: the name, and where.
    pub(crate) misplaced: &'static [(&'static str, &'static str)],
}

impl Table {
    /// The entries of every attribute of this name. Arguments that are refused are reported and left out.
    pub(crate) fn entries(&self, attrs: &[Attribute], errors: &Errors) -> Entries {
        let mut entries = Entries::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(self.name)) {
            match &attr.meta {
                Meta::List(list) if !list.tokens.is_empty() => {
                    self.extend(&mut entries, list.tokens.clone(), errors);
                }
                _ => {
                    let message = Message::new(format!("#[{}] takes its keys in parentheses", self.name));
                    entries.refused = Some(errors.push(attr, message.note(self.listed())));
                }
            }
        }
        entries
    }

    /// Adds the entries in `tokens`, the arguments of one attribute.
    pub(crate) fn extend(&self, entries: &mut Entries, tokens: TokenStream, errors: &Errors) {
        for argument in arguments(tokens) {
            match self.entry(argument, entries, errors) {
                Ok(entry) => entries.found.push(entry),
                Err(reported) => entries.refused = Some(reported),
            }
        }
    }

    fn entry(&self, argument: TokenStream, earlier: &Entries, errors: &Errors) -> Result<Entry, Reported> {
        if let Some(TokenTree::Literal(value)) = argument.clone().into_iter().next() {
            let message = Message::new(format!("{} takes keys, but this value has no key", self.written()));
            return Err(errors.push(value, message.note(self.listed())));
        }
        let entry = errors.take(Entry::parse.parse2(argument))?;
        let Some(key) = self.keys.iter().find(|key| entry.is(key)) else {
            return Err(errors.push(&entry.ident, self.unknown(&entry.name())));
        };
        if earlier.get(key.name).is_some() {
            let message = Message::new(format!("`{}` is given twice in {}", key.name, self.written()));
            return Err(errors.push(&entry.ident, message.help("keep one of the two")));
        }
        Ok(Entry { usage: key.usage.to_owned(), ..entry })
    }

    fn unknown(&self, name: &str) -> Message {
        let written = self.written();
        if let Some((_, place)) = self.misplaced.iter().find(|(misplaced, _)| *misplaced == name) {
            let message = Message::new(format!("`{name}` in {written} belongs on {place}"));
            return message.help("move it there");
        }
        let mut message = Message::new(format!("unknown key `{name}` in {written}"));
        if let Some(near) = nearest(name, self.keys.iter().map(|key| key.name)) {
            message = message.help(format!("did you mean `{near}`?"));
        }
        message.note(self.listed())
    }

    /// As the user writes it.
    fn written(&self) -> String {
        match self.form {
            Form::Attribute => format!("#[{}(...)]", self.name),
            Form::Macro => format!("{}(...)", self.name),
        }
    }

    fn listed(&self) -> String {
        match self.keys {
            [key] => format!("the only key is `{}`", key.name),
            keys => format!("the keys are {}", listed(keys.iter().map(|key| key.name))),
        }
    }
}

/// The entries that a [`Table`] found, each key once.
#[derive(Default)]
pub(crate) struct Entries {
    pub(crate) found: Vec<Entry>,
    /// Whether an argument was refused. It may have been meant for a key that is missing.
    pub(crate) refused: Option<Reported>,
}

impl Entries {
    pub(crate) fn get(&self, name: &str) -> Option<&Entry> {
        self.found.iter().find(|entry| entry.name() == name)
    }

    /// Where the runtime is, by [`CRATE`].
    pub(crate) fn krate(&self, errors: &Errors) -> Krate {
        match self.get(CRATE.name) {
            Some(entry) => Krate::new(entry.path(errors).ok()),
            None => Krate::unwritten(errors),
        }
    }
}

/// One key with its value. The caller asks for the kind of value that the key takes.
pub(crate) struct Entry {
    pub(crate) ident: Ident,
    pub(crate) value: Value,
    /// How the entry should be written.
    usage: String,
}

/// The part of an entry behind its key.
pub(crate) enum Value {
    /// Nothing.
    Flag,
    /// `= value`
    Assigned(Expr),
    /// `(...)`
    List(TokenStream),
}

impl Entry {
    /// Parses one of the [`arguments`], whatever its key is.
    pub(crate) fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let Ok(ident) = Ident::parse_any(input) else {
            return Err(input.error("expected a key"));
        };
        let value = if input.is_empty() {
            Value::Flag
        } else if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            if input.is_empty() { Value::Flag } else { Value::Assigned(bare(input.parse()?)) }
        } else if input.peek(syn::token::Paren) {
            let content;
            syn::parenthesized!(content in input);
            Value::List(content.parse()?)
        } else {
            return Err(input.error("expected `=`, `(` or a comma"));
        };
        if !input.is_empty() {
            return Err(input.error("expected a comma"));
        }
        let usage = format!("{ident} = \"...\"");
        Ok(Self { ident, value, usage })
    }

    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }

    pub(crate) fn is(&self, key: &Key) -> bool {
        self.name() == key.name
    }

    /// Checks that nothing follows the key.
    pub(crate) fn flag(&self, errors: &Errors) -> Result<(), Reported> {
        match self.value {
            Value::Flag => Ok(()),
            _ => Err(self.refuse(&self.ident, "takes no value", errors)),
        }
    }

    /// The string of `key = "..."`.
    pub(crate) fn text(&self, errors: &Errors) -> Result<LitStr, Reported> {
        match self.assigned(errors)? {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
            other => Err(self.refuse(other, "takes a string", errors)),
        }
    }

    /// The path of `key = path`.
    pub(crate) fn path(&self, errors: &Errors) -> Result<Path, Reported> {
        match self.assigned(errors)? {
            Expr::Path(path) if path.qself.is_none() => Ok(path.path.clone()),
            other => Err(self.refuse(other, "takes a path, without quotes", errors)),
        }
    }

    /// The names of `key(A, B)`.
    pub(crate) fn names(&self, errors: &Errors) -> Result<Vec<Ident>, Reported> {
        let Value::List(tokens) = &self.value else {
            return Err(self.refuse(&self.ident, "takes names in parentheses", errors));
        };
        match Punctuated::<Ident, Token![,]>::parse_terminated.parse2(tokens.clone()) {
            Ok(names) if !names.is_empty() => Ok(names.into_iter().collect()),
            Ok(_) => Err(self.refuse(&self.ident, "lists no names", errors)),
            Err(error) => Err(errors.push_at(error.span(), self.refusal("takes plain names"))),
        }
    }

    fn assigned(&self, errors: &Errors) -> Result<&Expr, Reported> {
        match &self.value {
            Value::Assigned(value) => Ok(value),
            Value::Flag | Value::List(_) => Err(self.refuse(&self.ident, "needs a value", errors)),
        }
    }

    fn refuse(&self, tokens: impl ToTokens, reason: &str, errors: &Errors) -> Reported {
        errors.push(tokens, self.refusal(reason))
    }

    fn refusal(&self, reason: &str) -> Message {
        Message::new(format!("`{}` {reason}", self.name())).help(format!("write `{}`", self.usage))
    }
}

/// Splits at the commas, so that a mistake in one argument does not hide those in the next.
pub(crate) fn arguments(tokens: TokenStream) -> Vec<TokenStream> {
    split(tokens).into_iter().map(|(_, argument)| argument).collect()
}

/// Splits at the commas; each part has the comma in front of it.
pub(crate) fn split(tokens: TokenStream) -> Vec<(Option<Punct>, TokenStream)> {
    let mut parts = vec![(None, TokenStream::new())];
    for token in tokens {
        match (token, parts.last_mut()) {
            (TokenTree::Punct(comma), _) if comma.as_char() == ',' => {
                parts.push((Some(comma), TokenStream::new()));
            }
            (token, Some((_, last))) => last.extend([token]),
            (_, None) => {}
        }
    }
    parts.pop_if(|(_, last)| last.is_empty());
    parts
}

/// An expression without the invisible parentheses that `macro_rules!` puts around its fragments.
pub(crate) fn bare(expr: Expr) -> Expr {
    match expr {
        Expr::Group(group) if group.attrs.is_empty() => bare(*group.expr),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::parse_quote;

    use super::*;
    use crate::testing::{captured, compile_errors};

    const TABLE: Table = Table {
        name: "claims",
        form: Form::Attribute,
        keys: &[
            Key { name: "issuer", usage: "issuer = \"...\"" },
            Key { name: "roles", usage: "roles" },
            CRATE,
        ],
        misplaced: &[("subject", "a field")],
    };

    fn mistakes(attr: Attribute) -> Vec<String> {
        let errors = Errors::new();
        for entry in TABLE.entries(&[attr], &errors).found {
            match entry.name().as_str() {
                "issuer" => drop(entry.text(&errors)),
                "roles" => drop(entry.flag(&errors)),
                _ => drop(entry.path(&errors)),
            }
        }
        compile_errors(errors.into_tokens())
    }

    #[test]
    fn a_misspelt_key_is_corrected() {
        assert_eq!(
            mistakes(parse_quote!(#[claims(isuer = "x")])),
            ["unknown key `isuer` in #[claims(...)]\nhelp: did you mean `issuer`?\n\
              note: the keys are `issuer`, `roles`, `crate`"]
        );
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        assert_eq!(
            mistakes(
                parse_quote!(#[claims(issuer = 5, nonsense, roles = 1, issuer = "x", crate = "x", subject)])
            ),
            [
                "unknown key `nonsense` in #[claims(...)]\nnote: the keys are `issuer`, `roles`, `crate`",
                "`issuer` is given twice in #[claims(...)]\nhelp: keep one of the two",
                "`subject` in #[claims(...)] belongs on a field\nhelp: move it there",
                "`issuer` takes a string\nhelp: write `issuer = \"...\"`",
                "`roles` takes no value\nhelp: write `roles`",
                "`crate` takes a path, without quotes\nhelp: write `crate = path`",
            ]
        );
    }

    #[test]
    fn a_value_without_a_key_is_refused() {
        assert_eq!(
            mistakes(parse_quote!(#[claims("x", roles)])),
            ["#[claims(...)] takes keys, but this value has no key\n\
              note: the keys are `issuer`, `roles`, `crate`"]
        );
    }

    #[test]
    fn a_missing_value_is_asked_for() {
        let asked = ["`issuer` needs a value\nhelp: write `issuer = \"...\"`"];
        assert_eq!(mistakes(parse_quote!(#[claims(issuer)])), asked);
        assert_eq!(mistakes(parse_quote!(#[claims(issuer =)])), asked);
        assert_eq!(mistakes(parse_quote!(#[claims(issuer("x"))])), asked);
    }

    #[test]
    fn a_value_from_a_fragment_of_a_macro_counts() {
        let (text, path) = (captured(quote!("x")), captured(quote!(a::b)));
        assert_eq!(mistakes(parse_quote!(#[claims(issuer = #text, crate = #path)])), [""; 0]);
        let wrong = captured(quote!(5));
        assert_eq!(
            mistakes(parse_quote!(#[claims(issuer = #wrong)])),
            ["`issuer` takes a string\nhelp: write `issuer = \"...\"`"]
        );
    }

    #[test]
    fn an_attribute_without_keys_is_refused() {
        let refused =
            ["#[claims] takes its keys in parentheses\nnote: the keys are `issuer`, `roles`, `crate`"];
        assert_eq!(mistakes(parse_quote!(#[claims])), refused);
        assert_eq!(mistakes(parse_quote!(#[claims()])), refused);
        assert_eq!(mistakes(parse_quote!(#[claims = "x"])), refused);
    }

    #[test]
    fn a_trailing_comma_is_no_argument() {
        assert_eq!(arguments(quote!(a, b(c, d),)).len(), 2);
        assert_eq!(arguments(quote!()).len(), 0);
    }
}
