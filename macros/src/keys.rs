//! Attribute arguments: `key`, `key = value` and `key(...)`, separated by commas.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Path, Token};

use crate::errors::{Errors, Message, listed};
use crate::suggest::nearest;

/// A key and how it is written.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) usage: &'static str,
}

/// `crate = path`, which every attribute of ours takes.
pub(crate) const CRATE: Key = Key { name: "crate", usage: "crate = path" };

/// The keys that an attribute takes in one place.
pub(crate) struct Table {
    /// The attribute's name, without `#[...]`, or the macro's with its exclamation mark.
    pub(crate) attribute: &'static str,
    pub(crate) keys: &'static [Key],
    /// Keys that exist, but elsewhere: the name, and where.
    pub(crate) misplaced: &'static [(&'static str, &'static str)],
}

impl Table {
    /// The entries of every attribute of this name; what cannot stand is reported and left out.
    pub(crate) fn entries(&self, attrs: &[Attribute], errors: &Errors) -> Vec<Entry> {
        let mut entries = Vec::new();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(self.attribute)) {
            match &attr.meta {
                Meta::List(list) if !list.tokens.is_empty() => {
                    self.extend(&mut entries, list.tokens.clone(), errors);
                }
                _ => errors.push(
                    attr,
                    Message::new(format!("#[{}] takes its keys in parentheses", self.attribute))
                        .note(self.listed()),
                ),
            }
        }
        entries
    }

    /// Adds the entries in `tokens`, the arguments of one attribute.
    pub(crate) fn extend(&self, entries: &mut Vec<Entry>, tokens: TokenStream, errors: &Errors) {
        for argument in arguments(tokens) {
            if let Some(TokenTree::Literal(value)) = argument.clone().into_iter().next() {
                errors.push(
                    value,
                    Message::new(format!("{} takes keys, and a value stands without one", self.written()))
                        .note(self.listed()),
                );
                continue;
            }
            let Some(raw) = errors.take(raw_entry.parse2(argument)) else { continue };
            let Some(key) = self.find(&raw.ident, errors) else { continue };
            if entries.iter().any(|entry| entry.key.name == key.name) {
                errors.push(
                    &raw.ident,
                    Message::new(format!("`{}` stands twice in {}", key.name, self.written()))
                        .help("keep one of the two"),
                );
                continue;
            }
            entries.push(Entry { key, ident: raw.ident, value: raw.value });
        }
    }

    fn find(&self, ident: &Ident, errors: &Errors) -> Option<&'static Key> {
        let name = ident.unraw().to_string();
        if let Some(key) = self.keys.iter().find(|key| key.name == name) {
            return Some(key);
        }
        let attribute = self.written();
        if let Some((_, place)) = self.misplaced.iter().find(|(misplaced, _)| *misplaced == name) {
            let message = Message::new(format!("`{name}` in {attribute} belongs on {place}"));
            errors.push(ident, message.help("move it there"));
            return None;
        }
        let mut message = Message::new(format!("unknown key `{name}` in {attribute}"));
        if let Some(near) = nearest(&name, self.keys.iter().map(|key| key.name)) {
            message = message.help(format!("did you mean `{near}`?"));
        }
        errors.push(ident, message.note(self.listed()));
        None
    }

    /// As the user writes it.
    fn written(&self) -> String {
        let name = self.attribute;
        if name.ends_with('!') { format!("{name}(...)") } else { format!("#[{name}(...)]") }
    }

    fn listed(&self) -> String {
        match self.keys {
            [key] => format!("the only key is `{}`", key.name),
            keys => format!("the keys are {}", listed(keys.iter().map(|key| key.name))),
        }
    }
}

/// One key with its value, whose kind the caller asks for.
pub(crate) struct Entry {
    pub(crate) key: &'static Key,
    pub(crate) ident: Ident,
    pub(crate) value: Value,
}

/// What follows a key.
pub(crate) enum Value {
    /// Nothing.
    Word,
    /// `= value`
    Assigned(Expr),
    /// `(...)`
    List(TokenStream),
}

impl Entry {
    /// Whether the key stands alone, as it should.
    pub(crate) fn flag(&self, errors: &Errors) -> bool {
        let alone = matches!(self.value, Value::Word);
        if !alone {
            errors.push(
                &self.ident,
                Message::new(format!("`{}` takes no value", self.key.name)).help(self.usage()),
            );
        }
        alone
    }

    /// The string of `key = "..."`.
    pub(crate) fn text(&self, errors: &Errors) -> Option<LitStr> {
        match self.assigned(errors)? {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.clone()),
            other => {
                errors.push(
                    other,
                    Message::new(format!("`{}` takes a string", self.key.name)).help(self.usage()),
                );
                None
            }
        }
    }

    /// The path of `key = path`.
    pub(crate) fn path(&self, errors: &Errors) -> Option<Path> {
        match self.assigned(errors)? {
            Expr::Path(path) if path.qself.is_none() => Some(path.path.clone()),
            other => {
                errors.push(
                    other,
                    Message::new(format!("`{}` takes a path, without quotes", self.key.name))
                        .help(self.usage()),
                );
                None
            }
        }
    }

    /// The names of `key(A, B)`.
    pub(crate) fn names(&self, errors: &Errors) -> Option<Vec<Ident>> {
        let Value::List(tokens) = &self.value else {
            errors.push(
                &self.ident,
                Message::new(format!("`{}` takes names in parentheses", self.key.name)).help(self.usage()),
            );
            return None;
        };
        let names = |input: ParseStream<'_>| Punctuated::<Ident, Token![,]>::parse_terminated(input);
        match names.parse2(tokens.clone()) {
            Ok(names) if !names.is_empty() => Some(names.into_iter().collect()),
            Ok(_) => {
                errors.push(
                    &self.ident,
                    Message::new(format!("`{}` names nothing", self.key.name)).help(self.usage()),
                );
                None
            }
            Err(error) => {
                errors.push_at(
                    error.span(),
                    Message::new(format!("`{}` takes plain names", self.key.name)).help(self.usage()),
                );
                None
            }
        }
    }

    fn assigned(&self, errors: &Errors) -> Option<&Expr> {
        match &self.value {
            Value::Assigned(value) => Some(value),
            Value::Word | Value::List(_) => {
                let message = Message::new(format!("`{}` needs a value", self.key.name));
                errors.push(&self.ident, message.help(self.usage()));
                None
            }
        }
    }

    fn usage(&self) -> String {
        format!("write `{}`", self.key.usage)
    }
}

/// Splits at the commas, so that a mistake in one argument does not hide those in the next.
pub(crate) fn arguments(tokens: TokenStream) -> Vec<TokenStream> {
    let mut arguments = vec![TokenStream::new()];
    for token in tokens {
        match (&token, arguments.last_mut()) {
            (TokenTree::Punct(punct), _) if punct.as_char() == ',' => arguments.push(TokenStream::new()),
            (_, Some(last)) => last.extend([token]),
            (_, None) => {}
        }
    }
    if arguments.last().is_some_and(TokenStream::is_empty) {
        arguments.pop();
    }
    arguments
}

/// An expression without the invisible parentheses that `macro_rules!` puts around what it captured.
pub(crate) fn bare(expr: Expr) -> Expr {
    match expr {
        Expr::Group(group) if group.attrs.is_empty() => bare(*group.expr),
        other => other,
    }
}

/// One key with its value, before anybody knows the key.
pub(crate) struct RawEntry {
    pub(crate) ident: Ident,
    pub(crate) value: Value,
}

/// Parses one of the [`arguments`].
pub(crate) fn raw_entry(input: ParseStream<'_>) -> syn::Result<RawEntry> {
    let Ok(ident) = Ident::parse_any(input) else {
        return Err(input.error("expected a key"));
    };
    let value = if input.is_empty() {
        Value::Word
    } else if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        if input.is_empty() { Value::Word } else { Value::Assigned(bare(input.parse()?)) }
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
    Ok(RawEntry { ident, value })
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::parse_quote;

    use super::*;
    use crate::testing::captured;

    const TABLE: Table = Table {
        attribute: "claims",
        keys: &[
            Key { name: "issuer", usage: "issuer = \"...\"" },
            Key { name: "roles", usage: "roles" },
            CRATE,
        ],
        misplaced: &[("subject", "a field")],
    };

    fn texts(errors: Errors) -> Vec<String> {
        errors
            .check()
            .map_or_else(|error| error.into_iter().map(|error| error.to_string()).collect(), |()| Vec::new())
    }

    fn mistakes(attr: Attribute) -> Vec<String> {
        let errors = Errors::new();
        for entry in TABLE.entries(&[attr], &errors) {
            match entry.key.name {
                "issuer" => drop(entry.text(&errors)),
                "roles" => drop(entry.flag(&errors)),
                _ => drop(entry.path(&errors)),
            }
        }
        texts(errors)
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
                "`issuer` stands twice in #[claims(...)]\nhelp: keep one of the two",
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
            ["#[claims(...)] takes keys, and a value stands without one\n\
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
