//! The `#[serde(...)]` attributes, as far as they can hold for a token.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::Parser as _;
use syn::{Attribute, ExprPath, LitStr, Meta};

use super::case::Case;
use crate::errors::{Errors, Message, Reported, listed};
use crate::keys::{Entry, Value, arguments};
use crate::suggest::nearest;

/// The attributes of the struct.
#[derive(Default)]
pub(super) struct ContainerSerde {
    pub(super) rename_all: Option<Case>,
    pub(super) default: Option<DefaultValue>,
    pub(super) deny_unknown_fields: bool,
}

/// The attributes of a field.
#[derive(Default)]
pub(super) struct FieldSerde {
    pub(super) rename: Option<LitStr>,
    pub(super) aliases: Vec<LitStr>,
    pub(super) default: Option<DefaultValue>,
    pub(super) skip: bool,
    /// Keys that name a function or module, copied as they are.
    pub(super) functions: Vec<Function>,
    /// Every key but `rename` and `alias`, for the fields that may not have them.
    pub(super) keys: Vec<Ident>,
}

/// Where a missing claim comes from.
pub(super) enum DefaultValue {
    /// `default`
    Trait,
    /// `default = "path"`
    Path(ExprPath, LitStr),
}

/// `with = "path"` and its kind.
pub(super) struct Function {
    key: Ident,
    path: LitStr,
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { key, path } = self;
        tokens.extend(quote!(#key = #path));
    }
}

impl ToTokens for DefaultValue {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::Trait => quote!(default),
            Self::Path(_, path) => quote!(default = #path),
        });
    }
}

impl ContainerSerde {
    pub(super) fn parse(attrs: &[Attribute], errors: &Errors) -> Self {
        let mut serde = Self::default();
        for entry in entries(attrs, errors) {
            match entry.name().as_str() {
                "rename_all" => {
                    let name = text(&entry, errors);
                    serde.rename_all = name.and_then(|name| case(&name, errors)).ok();
                }
                "default" => serde.default = default(&entry, errors).ok(),
                "deny_unknown_fields" => serde.deny_unknown_fields = true,
                // These change nothing in a token.
                "rename" | "expecting" | "crate" => {}
                key => {
                    errors.push(&entry.ident, refusal(key));
                }
            }
        }
        serde
    }
}

impl FieldSerde {
    pub(super) fn parse(attrs: &[Attribute], errors: &Errors) -> Self {
        let mut serde = Self::default();
        for entry in entries(attrs, errors) {
            let key = entry.name();
            if !matches!(key.as_str(), "rename" | "alias") {
                serde.keys.push(entry.ident.clone());
            }
            match key.as_str() {
                "rename" => serde.rename = text(&entry, errors).ok(),
                "alias" => serde.aliases.extend(text(&entry, errors)),
                "default" => serde.default = default(&entry, errors).ok(),
                "skip" => serde.skip = true,
                "skip_serializing_if" | "with" | "serialize_with" | "deserialize_with" => {
                    let function = |path| Function { key: entry.ident.clone(), path };
                    serde.functions.extend(text(&entry, errors).map(function));
                }
                key => {
                    errors.push(&entry.ident, refusal(key));
                }
            }
        }
        serde
    }
}

/// Refuses a key that a token cannot follow, and says what to do instead.
fn refusal(key: &str) -> Message {
    Message::new(format!("#[serde({key})] does not work in claims")).help(match key {
        "flatten" => "write the fields into the struct, or keep them together in one claim",
        "skip_serializing" | "skip_deserializing" => {
            "use `skip`; a claim that is not written cannot be read back"
        }
        "borrow" => "use an owned type",
        "tag" | "content" | "untagged" | "transparent" => "remove it; claims are always one object",
        "from" | "into" | "try_from" | "remote" => {
            "derive SessionClaims on the type that is written, and convert in the application"
        }
        "bound" => "remove it; claims have no type parameters",
        _ => "remove it; answers to clients can be of another type",
    })
}

fn entries(attrs: &[Attribute], errors: &Errors) -> Vec<Entry> {
    let arguments = attrs.iter().filter(|attr| attr.path().is_ident("serde")).flat_map(|attr| {
        if let Meta::List(list) = &attr.meta {
            return arguments(list.tokens.clone());
        }
        errors.push(attr, Message::new("#[serde] takes its keys in parentheses"));
        Vec::new()
    });
    arguments.filter_map(|argument| errors.take(Entry::parse.parse2(argument)).ok()).collect()
}

fn text(entry: &Entry, errors: &Errors) -> Result<LitStr, Reported> {
    if !matches!(entry.value, Value::List(_)) {
        return entry.text(errors);
    }
    let key = &entry.ident;
    let message = Message::new(format!("#[serde({key}(...))] does not work in claims"));
    let help = format!("write `{key} = \"...\"`; a token is read as it is written");
    Err(errors.push(key, message.help(help)))
}

fn default(entry: &Entry, errors: &Errors) -> Result<DefaultValue, Reported> {
    if matches!(entry.value, Value::Flag) {
        return Ok(DefaultValue::Trait);
    }
    let path = text(entry, errors)?;
    match path.parse() {
        Ok(parsed) => Ok(DefaultValue::Path(parsed, path)),
        Err(_) => {
            let message = Message::new("`default` takes the path of a function");
            Err(errors.push(path, message.help("write `default = \"path\"`")))
        }
    }
}

fn case(name: &LitStr, errors: &Errors) -> Result<Case, Reported> {
    let text = name.value();
    Case::from_name(&text).ok_or_else(|| {
        let mut message = Message::new(format!("unknown case {text:?} in #[serde(rename_all)]"));
        if let Some(near) = nearest(&text, Case::names()) {
            message = message.help(format!("did you mean `{near}`?"));
        }
        errors.push(name, message.note(format!("the cases are {}", listed(Case::names()))))
    })
}
