//! Tokens to the struct as the user wrote it.

use syn::{Attribute, Data, DeriveInput, Fields, GenericParam, Ident, Type};

use super::serde::{ContainerSerde, FieldSerde};
use crate::errors::{Errors, Message};
use crate::keys::{CRATE, Key, Table};
use crate::krate::Krate;

const SUBJECT: Key = Key { name: "subject", usage: "#[claims(subject)]" };
const ROLES: Key = Key { name: "roles", usage: "#[claims(roles)]" };
const SCOPES: Key = Key { name: "scopes", usage: "#[claims(scopes)]" };

const STRUCT: Table = Table {
    attribute: "claims",
    keys: &[CRATE],
    misplaced: &[(SUBJECT.name, "a field"), (ROLES.name, "a field"), (SCOPES.name, "a field")],
};
const FIELD: Table =
    Table { attribute: "claims", keys: &[SUBJECT, ROLES, SCOPES], misplaced: &[(CRATE.name, "the struct")] };

pub(super) struct Input {
    pub(super) ident: Ident,
    pub(super) krate: Krate,
    pub(super) serde: ContainerSerde,
    /// `None` after the shape was refused.
    pub(super) fields: Option<Vec<Field>>,
}

pub(super) struct Field {
    pub(super) ident: Ident,
    pub(super) ty: Type,
    pub(super) mark: Option<(Mark, Ident)>,
    pub(super) serde: FieldSerde,
}

/// What `#[claims(...)]` makes of a field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Subject,
    Roles,
    Scopes,
}

impl Mark {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Subject => SUBJECT.name,
            Self::Roles => ROLES.name,
            Self::Scopes => SCOPES.name,
        }
    }
}

impl Input {
    pub(super) fn parse(input: &DeriveInput, errors: &Errors) -> Self {
        generics(input, errors);
        let path = STRUCT.entries(&input.attrs, errors).into_iter().find_map(|entry| entry.path(errors));
        Self {
            ident: input.ident.clone(),
            krate: Krate::new(path),
            serde: ContainerSerde::parse(&input.attrs, errors),
            fields: fields(input, errors),
        }
    }
}

fn generics(input: &DeriveInput, errors: &Errors) {
    let ident = &input.ident;
    for param in &input.generics.params {
        let message = match param {
            GenericParam::Lifetime(_) => {
                Message::new(format!("claims own what they hold; `{ident}` may not borrow"))
                    .help("use `String` for `&str`, `Vec<T>` for `&[T]`")
            }
            GenericParam::Type(_) | GenericParam::Const(_) => Message::new(format!(
                "#[derive(SessionClaims)] cannot take a generic struct, and `{ident}` is one"
            ))
            .help("write the concrete types into the fields"),
        };
        errors.push(param, message);
    }
}

fn fields(input: &DeriveInput, errors: &Errors) -> Option<Vec<Field>> {
    let refuse = |what: &str| {
        Message::new(format!("#[derive(SessionClaims)] wants a struct with named fields, not {what}"))
            .help("write `struct User { #[claims(subject)] id: String }`")
    };
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => {
                return Some(fields.named.iter().filter_map(|field| parse_field(field, errors)).collect());
            }
            Fields::Unnamed(fields) => errors.push(fields, refuse("a tuple struct")),
            Fields::Unit => errors.push(&input.ident, refuse("a unit struct")),
        },
        Data::Enum(data) => errors.push(data.enum_token, refuse("an enum")),
        Data::Union(data) => errors.push(data.union_token, refuse("a union")),
    }
    None
}

fn parse_field(field: &syn::Field, errors: &Errors) -> Option<Field> {
    Some(Field {
        ident: field.ident.clone()?,
        ty: field.ty.clone(),
        mark: mark(&field.attrs, errors),
        serde: FieldSerde::parse(&field.attrs, errors),
    })
}

fn mark(attrs: &[Attribute], errors: &Errors) -> Option<(Mark, Ident)> {
    let mut found: Option<(Mark, Ident)> = None;
    for entry in FIELD.entries(attrs, errors) {
        // A value too many does not unmark the field.
        entry.flag(errors);
        let mark = match entry.key.name {
            name if name == SUBJECT.name => Mark::Subject,
            name if name == ROLES.name => Mark::Roles,
            _ => Mark::Scopes,
        };
        match &found {
            Some((first, _)) => errors.push(
                &entry.ident,
                Message::new(format!("one field cannot be both `{}` and `{}`", first.name(), mark.name()))
                    .help("give each a field of its own"),
            ),
            None => found = Some((mark, entry.ident)),
        }
    }
    found
}
