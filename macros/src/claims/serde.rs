//! What `#[serde(...)]` says, as far as it can hold for a token.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;
use syn::parse::Parser as _;
use syn::{Attribute, Expr, ExprLit, ExprPath, Lit, LitStr, Meta};

use super::case::Case;
use crate::errors::{Errors, Message, listed};
use crate::keys::{RawEntry, Value, arguments, raw_entry};

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
            match entry.ident.unraw().to_string().as_str() {
                "rename_all" => serde.rename_all = text(&entry, errors).and_then(|text| case(&text, errors)),
                "default" => serde.default = default(&entry, errors),
                "deny_unknown_fields" => serde.deny_unknown_fields = true,
                // They change nothing that a token shows.
                "rename" | "expecting" | "crate" => {}
                key => errors.push(&entry.ident, refusal(key)),
            }
        }
        serde
    }
}

impl FieldSerde {
    pub(super) fn parse(attrs: &[Attribute], errors: &Errors) -> Self {
        let mut serde = Self::default();
        for entry in entries(attrs, errors) {
            let key = entry.ident.unraw().to_string();
            if !matches!(key.as_str(), "rename" | "alias") {
                serde.keys.push(entry.ident.clone());
            }
            match key.as_str() {
                "rename" => serde.rename = text(&entry, errors),
                "alias" => serde.aliases.extend(text(&entry, errors)),
                "default" => serde.default = default(&entry, errors),
                "skip" => serde.skip = true,
                "skip_serializing_if" | "with" | "serialize_with" | "deserialize_with" => {
                    let function = |path| Function { key: entry.ident.clone(), path };
                    serde.functions.extend(text(&entry, errors).map(function));
                }
                key => errors.push(&entry.ident, refusal(key)),
            }
        }
        serde
    }
}

/// Why a token cannot follow `key`, and what to do instead.
fn refusal(key: &str) -> Message {
    let message = Message::new(format!("#[serde({key})] does not work in claims"));
    match key {
        "flatten" => message.help("write the fields into the struct, or keep them together in one claim"),
        "skip_serializing" | "skip_deserializing" => {
            message.help("use `skip`; what is not written cannot be read back")
        }
        "borrow" => message.help("use an owned type"),
        "tag" | "content" | "untagged" | "transparent" => {
            message.help("remove it; claims are always one object")
        }
        "from" | "into" | "try_from" | "remote" => message
            .help("derive SessionClaims on the type that it stands for, and convert in the application"),
        "bound" => message.help("remove it; claims have no type parameters"),
        _ => message.help("remove it; answers to clients can be of another type"),
    }
}

fn entries(attrs: &[Attribute], errors: &Errors) -> Vec<RawEntry> {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident("serde"))
        .filter_map(|attr| match &attr.meta {
            Meta::List(list) => Some(list.tokens.clone()),
            _ => {
                errors.push(attr, "#[serde] takes its keys in parentheses");
                None
            }
        })
        .flat_map(arguments)
        .filter_map(|argument| errors.take(raw_entry.parse2(argument)))
        .collect()
}

fn text(entry: &RawEntry, errors: &Errors) -> Option<LitStr> {
    let key = &entry.ident;
    match &entry.value {
        Value::Assigned(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => return Some(text.clone()),
        Value::List(_) => errors.push(
            key,
            Message::new(format!("#[serde({key}(...))] does not work in claims"))
                .help(format!("write `{key} = \"...\"`; what is written has to be read back")),
        ),
        Value::Assigned(value) => {
            errors.push(
                value,
                Message::new(format!("`{key}` takes a string")).help(format!("write `{key} = \"...\"`")),
            );
        }
        Value::Word => errors.push(
            key,
            Message::new(format!("`{key}` needs a value")).help(format!("write `{key} = \"...\"`")),
        ),
    }
    None
}

fn default(entry: &RawEntry, errors: &Errors) -> Option<DefaultValue> {
    if matches!(entry.value, Value::Word) {
        return Some(DefaultValue::Trait);
    }
    let path = text(entry, errors)?;
    match path.parse() {
        Ok(parsed) => Some(DefaultValue::Path(parsed, path)),
        Err(_) => {
            errors.push(
                path,
                Message::new("`default` takes the path of a function").help("write `default = \"path\"`"),
            );
            None
        }
    }
}

fn case(text: &LitStr, errors: &Errors) -> Option<Case> {
    let case = Case::from_name(&text.value());
    if case.is_none() {
        errors.push(
            text,
            Message::new(format!("{:?} is not a way to write names", text.value()))
                .note(format!("serde knows {}", listed(Case::names()))),
        );
    }
    case
}
