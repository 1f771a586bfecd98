//! Tokens to the enum as the user wrote it.

use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Fields, Ident, LitStr};

use crate::errors::{Errors, Message};
use crate::keys::{CRATE, Form, Key, Table};
use crate::krate::Krate;

const RENAME: Key = Key { name: "rename", usage: "rename = \"...\"" };
const IMPLIES: Key = Key { name: "implies", usage: "implies(A, B)" };
const PRIVATE: Key = Key { name: "private", usage: "private" };

const ENUM: Table = Table {
    name: "role",
    form: Form::Attribute,
    keys: &[CRATE],
    misplaced: &[(RENAME.name, "a variant"), (IMPLIES.name, "a variant"), (PRIVATE.name, "a variant")],
};
const VARIANT: Table = Table {
    name: "role",
    form: Form::Attribute,
    keys: &[RENAME, IMPLIES, PRIVATE],
    misplaced: &[(CRATE.name, "the enum")],
};

pub(super) struct Input {
    pub(super) ident: Ident,
    pub(super) krate: Krate,
    pub(super) variants: Vec<Variant>,
}

pub(super) struct Variant {
    pub(super) ident: Ident,
    pub(super) rename: Option<LitStr>,
    pub(super) implies: Vec<Ident>,
    pub(super) private: bool,
}

impl Input {
    pub(super) fn parse(input: &DeriveInput, errors: &Errors) -> Self {
        if !input.generics.params.is_empty() {
            let message = Message::new("#[derive(Role)] does not support generic enums");
            errors.push(&input.generics, message.help("remove the parameters; a role is only a name"));
        }
        refuse_serde(&input.attrs, errors);
        let krate = ENUM.entries(&input.attrs, errors).krate(errors);
        Self { ident: input.ident.clone(), krate, variants: variants(input, errors) }
    }
}

fn variants(input: &DeriveInput, errors: &Errors) -> Vec<Variant> {
    let refuse = |tokens: &dyn ToTokens, sentence: &str| {
        let help = "write one variant for each role: `enum Role { Member, Admin }`";
        errors.push(tokens, Message::new(sentence).help(help));
        Vec::new()
    };
    match &input.data {
        Data::Enum(data) if data.variants.is_empty() => {
            refuse(&input.ident, &format!("#[derive(Role)] needs variants, but `{}` has none", input.ident))
        }
        Data::Enum(data) => data.variants.iter().map(|variant| parse_variant(variant, errors)).collect(),
        Data::Struct(data) => refuse(&data.struct_token, "#[derive(Role)] needs an enum, not a struct"),
        Data::Union(data) => refuse(&data.union_token, "#[derive(Role)] needs an enum, not a union"),
    }
}

/// Refuses serde's attributes, which a role does not follow.
fn refuse_serde(attrs: &[Attribute], errors: &Errors) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        let message = Message::new("#[serde(...)] does not name a role");
        errors.push(attr, message.help("write #[role(rename = \"...\")] on the variant, or remove it"));
    }
}

fn parse_variant(variant: &syn::Variant, errors: &Errors) -> Variant {
    let ident = &variant.ident;
    if !matches!(variant.fields, Fields::Unit) {
        let message =
            Message::new(format!("#[derive(Role)] needs variants without fields, but `{ident}` has some"));
        errors.push(
            &variant.fields,
            message.help("write its name alone, and keep what belongs to the user in the claims"),
        );
    }
    refuse_serde(&variant.attrs, errors);
    let entries = VARIANT.entries(&variant.attrs, errors);
    let mut parsed = Variant { ident: ident.clone(), rename: None, implies: Vec::new(), private: false };
    for entry in entries.found {
        if entry.is(&RENAME) {
            parsed.rename = entry.text(errors).ok();
        } else if entry.is(&PRIVATE) {
            parsed.private = entry.flag(errors).is_ok();
        } else {
            parsed.implies = entry.names(errors).unwrap_or_default();
        }
    }
    parsed
}
