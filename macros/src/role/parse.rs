//! Tokens to the enum as the user wrote it.

use syn::{Attribute, Data, DeriveInput, Fields, Ident, LitStr};

use crate::errors::{Errors, Message};
use crate::keys::{CRATE, Key, Table};
use crate::krate::Krate;

const RENAME: Key = Key { name: "rename", usage: "rename = \"...\"" };
const IMPLIES: Key = Key { name: "implies", usage: "implies(A, B)" };
const PRIVATE: Key = Key { name: "private", usage: "private" };

const ENUM: Table = Table {
    attribute: "role",
    keys: &[CRATE],
    misplaced: &[(RENAME.name, "a variant"), (IMPLIES.name, "a variant"), (PRIVATE.name, "a variant")],
};
const VARIANT: Table =
    Table { attribute: "role", keys: &[RENAME, IMPLIES, PRIVATE], misplaced: &[(CRATE.name, "the enum")] };

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
            errors.push(
                &input.generics,
                Message::new("#[derive(Role)] cannot take a generic enum")
                    .help("remove the parameters; a role is nothing but a name"),
            );
        }
        Self {
            ident: input.ident.clone(),
            krate: krate(&input.attrs, errors),
            variants: variants(input, errors),
        }
    }
}

fn krate(attrs: &[Attribute], errors: &Errors) -> Krate {
    let path = ENUM.entries(attrs, errors).into_iter().find_map(|entry| entry.path(errors));
    Krate::new(path)
}

fn variants(input: &DeriveInput, errors: &Errors) -> Vec<Variant> {
    let message = |what: &str| {
        Message::new(format!("#[derive(Role)] wants an enum, not a {what}"))
            .help("write one variant for each role: `enum Role { Member, Admin }`")
    };
    match &input.data {
        Data::Enum(data) if data.variants.is_empty() => {
            errors.push(
                &input.ident,
                Message::new(format!("`{}` has no variant, and so no role", input.ident))
                    .help("write one variant for each role: `enum Role { Member, Admin }`"),
            );
            Vec::new()
        }
        Data::Enum(data) => data.variants.iter().map(|variant| parse_variant(variant, errors)).collect(),
        Data::Struct(data) => {
            errors.push(data.struct_token, message("struct"));
            Vec::new()
        }
        Data::Union(data) => {
            errors.push(data.union_token, message("union"));
            Vec::new()
        }
    }
}

fn parse_variant(variant: &syn::Variant, errors: &Errors) -> Variant {
    if !matches!(variant.fields, Fields::Unit) {
        errors.push(
            &variant.fields,
            Message::new(format!("`{}` has fields; a role is nothing but a name", variant.ident))
                .help("keep what belongs to the user in the claims"),
        );
    }
    let mut parsed =
        Variant { ident: variant.ident.clone(), rename: None, implies: Vec::new(), private: false };
    for entry in VARIANT.entries(&variant.attrs, errors) {
        if entry.key.name == RENAME.name {
            parsed.rename = entry.text(errors);
        } else if entry.key.name == PRIVATE.name {
            parsed.private = entry.flag(errors);
        } else {
            parsed.implies = entry.names(errors).unwrap_or_default();
        }
    }
    parsed
}
