//! The arguments of an access attribute.

use proc_macro2::{Ident, Punct, Span, TokenStream, TokenTree};
use syn::LitStr;

use super::flags::{self, BOTH_TOKENS, DENY_IMPERSONATED, FLAGS, LIVE, MACHINE};
use super::model::{Access, Attribute, Declaration};
use super::names::{NameKind, Source};
use super::rule::{self, Rule};
use crate::errors::{Errors, Message, Reported};
use crate::keys::{CRATE, Entries, Form, Key, Table, split};

const REASON: Key = Key { name: "reason", usage: "reason = \"...\"" };

impl Attribute {
    fn table(self) -> Table {
        let keys: &[Key] = match self {
            Self::Public => &[REASON, CRATE],
            Self::Require => &[CRATE],
            Self::Authenticated | Self::RequireRole | Self::RequireScope => {
                &[LIVE, BOTH_TOKENS, DENY_IMPERSONATED, MACHINE, CRATE]
            }
        };
        Table { name: self.name(), form: Form::Attribute, keys, misplaced: &[] }
    }
}

/// Reads the arguments. Those that are refused are reported, and the access is then mistaken.
pub(crate) fn declaration(attribute: Attribute, tokens: TokenStream, errors: &Errors) -> Declaration {
    let (keyed, positional): (Vec<_>, Vec<_>) =
        split(tokens).into_iter().partition(|(_, argument)| is_key(attribute, argument));
    let mut entries = Entries::default();
    for (_, argument) in keyed {
        match refused_key(attribute, &argument) {
            Some((key, message)) => entries.refused = Some(errors.push(key, message)),
            None => attribute.table().extend(&mut entries, argument, errors),
        }
    }
    let arguments = Arguments { attribute, entries: &entries, positional, errors };
    let access = arguments.access().unwrap_or(Access::Mistaken);
    Declaration { attribute, access, krate: entries.krate(errors) }
}

/// An access whose arguments are not to be read.
pub(crate) fn mistaken(attribute: Attribute, errors: &Errors) -> Declaration {
    Declaration { attribute, access: Access::Mistaken, krate: Entries::default().krate(errors) }
}

/// Whether an argument is a key with its value: `key = ...`; where no rule is expected, also a word; where names are
/// expected, a word that is meant for a flag.
fn is_key(attribute: Attribute, argument: &TokenStream) -> bool {
    let mut tokens = argument.clone().into_iter();
    match (tokens.next(), tokens.next(), tokens.next()) {
        (Some(TokenTree::Ident(_)), Some(TokenTree::Punct(first)), second) => {
            let doubled = matches!(second, Some(TokenTree::Punct(second)) if second.as_char() == '=');
            first.as_char() == '=' && !doubled
        }
        (Some(TokenTree::Ident(word)), _, _) => match attribute {
            Attribute::Authenticated | Attribute::Public => true,
            Attribute::Require => false,
            Attribute::RequireRole | Attribute::RequireScope => {
                word == CRATE.name || flags::nearest_flag(&word.to_string()).is_some()
            }
        },
        _ => false,
    }
}

/// A key that a user might expect here, and why it is refused.
fn refused_key(attribute: Attribute, argument: &TokenStream) -> Option<(Ident, Message)> {
    let Some(TokenTree::Ident(key)) = argument.clone().into_iter().next() else { return None };
    let word = key.to_string();
    let help = match (attribute, word.as_str()) {
        (Attribute::Public, word) if FLAGS.contains(&word) => {
            let message = Message::new(format!("`{word}` cannot be used in #[public(...)]"))
                .help(format!("write #[authenticated({word})] if callers have to be signed in"))
                .note("a public handler does not look at credentials, so there is no session to ask about");
            return Some((key, message));
        }
        (Attribute::RequireRole, "role" | "roles") => {
            "write the roles alone, as in #[require_role(\"admin\")]".to_owned()
        }
        (Attribute::RequireScope, "scope" | "scopes") => {
            "write the scopes alone, as in #[require_scope(\"posts:write\")]".to_owned()
        }
        (Attribute::Authenticated, "role" | "roles") => {
            "write #[require_role(\"admin\")] for users with a role".to_owned()
        }
        (Attribute::Authenticated, "scope" | "scopes") => {
            "write #[require_scope(\"posts:write\")] for users with a scope".to_owned()
        }
        (Attribute::Require, word) => format!("write {}", rule::example_of(word)?),
        _ => return None,
    };
    let message = format!("`{word}` is not a key of #[{}(...)]", attribute.name());
    Some((key, Message::new(message).help(help)))
}

/// The arguments of one attribute, sorted.
pub(super) struct Arguments<'a> {
    attribute: Attribute,
    pub(super) entries: &'a Entries,
    /// Those that are no keys, each with the comma in front of it.
    pub(super) positional: Vec<(Option<Punct>, TokenStream)>,
    pub(super) errors: &'a Errors,
}

impl Arguments<'_> {
    fn access(self) -> Result<Access, Reported> {
        match self.attribute {
            Attribute::Authenticated => self.authenticated(),
            Attribute::Public => self.public(),
            Attribute::Require => self.require(),
            Attribute::RequireRole => self.names(NameKind::Role),
            Attribute::RequireScope => self.names(NameKind::Scope),
        }
    }

    /// Reports that something is missing, unless an argument was refused that may have been meant for it.
    pub(super) fn missing(&self, message: Message) -> Reported {
        self.entries.refused.unwrap_or_else(|| self.errors.push_at(Span::call_site(), message))
    }

    /// The rule between the commas that belong to keys.
    fn require(self) -> Result<Access, Reported> {
        if self.positional.iter().all(|(_, part)| part.is_empty()) {
            return Err(self.missing(Message::new("#[require] has no rule").help(
                "write #[require(role(\"admin\") && scope(\"posts:write\"))], or #[authenticated] for any \
                 signed-in user",
            )));
        }
        rule::rule(self.positional, Source::Require, self.errors).map(Access::Require)
    }

    fn authenticated(self) -> Result<Access, Reported> {
        let flags = flags::conditions(self.entries, self.errors);
        self.errors.strict(|| {
            for (_, argument) in &self.positional {
                let message = match quoted_flag(argument) {
                    Some(flag) => {
                        Message::new(format!("`{flag}` is written without quotes in #[authenticated(...)]"))
                            .help(format!("write #[authenticated({flag})]"))
                    }
                    None => Message::new("#[authenticated] lets in any signed-in user and takes no roles")
                        .help("write #[require_role(\"admin\")] for users with a role"),
                };
                self.errors.push(argument, message);
            }
            let flags = flags?;
            if flags.is_empty() {
                return Ok(Access::Authenticated);
            }
            Ok(Access::Require(Rule::all(flags.into_iter().map(Rule::Atom))))
        })
    }

    fn public(self) -> Result<Access, Reported> {
        self.errors.strict(|| {
            for (_, argument) in &self.positional {
                let message = Message::new("#[public] takes its reason by name");
                self.errors.push(argument, message.help(format!("write #[public(reason = {argument})]")));
            }
            Ok(())
        })?;
        let Some(entry) = self.entries.get(REASON.name) else {
            let message = Message::new("#[public] does not say why anyone may call this handler");
            return Err(self.missing(message.help("write #[public(reason = \"health probe\")]")));
        };
        let reason = entry.text(self.errors)?;
        if reason.value().trim().is_empty() {
            let message = Message::new("the reason in #[public(...)] is empty");
            let help = "say why anyone may call this handler, as in reason = \"health probe\"";
            return Err(self.errors.push(&reason, message.help(help)));
        }
        Ok(Access::Public(reason))
    }
}

/// `"live"` for `live`, where a string cannot be a role.
fn quoted_flag(argument: &TokenStream) -> Option<&'static str> {
    let text = syn::parse2::<LitStr>(argument.clone()).ok()?.value();
    FLAGS.into_iter().find(|flag| *flag == text)
}
