//! Tokens to the struct as the user wrote it.

use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Fields, GenericParam, Ident, Type};

use super::serde::{ContainerSerde, FieldSerde};
use crate::errors::{Errors, Message, Reported};
use crate::keys::{CRATE, Form, Key, Table};
use crate::krate::Krate;

const SUBJECT: Key = Key { name: "subject", usage: "#[claims(subject)]" };
const ROLES: Key = Key { name: "roles", usage: "#[claims(roles)]" };
const SCOPES: Key = Key { name: "scopes", usage: "#[claims(scopes)]" };

const STRUCT: Table = Table {
    name: "claims",
    form: Form::Attribute,
    keys: &[CRATE],
    misplaced: &[(SUBJECT.name, "a field"), (ROLES.name, "a field"), (SCOPES.name, "a field")],
};
const FIELD: Table = Table {
    name: "claims",
    form: Form::Attribute,
    keys: &[SUBJECT, ROLES, SCOPES],
    misplaced: &[(CRATE.name, "the struct")],
};

pub(super) struct Input {
    pub(super) ident: Ident,
    pub(super) krate: Krate,
    pub(super) serde: ContainerSerde,
    /// Whether a `#[claims(...)]` was refused. It may have been meant for the subject.
    pub(super) refused_mark: Option<Reported>,
    pub(super) fields: Result<Vec<Field>, Reported>,
}

pub(super) struct Field {
    pub(super) ident: Ident,
    pub(super) ty: Type,
    pub(super) mark: FieldMark,
    pub(super) serde: FieldSerde,
}

/// The `#[claims(...)]` on a field.
pub(super) enum FieldMark {
    None,
    Refused(Reported),
    /// The mark, and its word.
    Is(Mark, Ident),
}

/// A field that countersign reads.
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
        let entries = STRUCT.entries(&input.attrs, errors);
        let krate = entries.krate(errors);
        let serde = ContainerSerde::parse(&input.attrs, errors);
        let fields = fields(input, errors);
        let refused = fields.iter().flatten().find_map(|field| match field.mark {
            FieldMark::Refused(reported) => Some(reported),
            _ => None,
        });
        Self { ident: input.ident.clone(), krate, serde, refused_mark: entries.refused.or(refused), fields }
    }
}

fn generics(input: &DeriveInput, errors: &Errors) {
    let ident = &input.ident;
    for param in &input.generics.params {
        let message = match param {
            GenericParam::Lifetime(_) => Message::new(format!(
                "#[derive(SessionClaims)] takes owned values, but `{ident}` has a lifetime"
            ))
            .help("use `String` for `&str`, `Vec<T>` for `&[T]`"),
            GenericParam::Type(_) | GenericParam::Const(_) => Message::new(format!(
                "#[derive(SessionClaims)] does not support generic structs such as `{ident}`"
            ))
            .help("write the concrete types into the fields"),
        };
        errors.push(param, message);
    }
}

fn fields(input: &DeriveInput, errors: &Errors) -> Result<Vec<Field>, Reported> {
    let refuse = |tokens: &dyn ToTokens, what: &str| {
        let message = format!("#[derive(SessionClaims)] needs a struct with named fields, not {what}");
        let help = "write `struct User { #[claims(subject)] id: String }`";
        Err(errors.push(tokens, Message::new(message).help(help)))
    };
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => {
                Ok(fields.named.iter().filter_map(|field| parse_field(field, errors)).collect())
            }
            Fields::Unnamed(fields) => refuse(fields, "a tuple struct"),
            Fields::Unit => refuse(&input.ident, "a unit struct"),
        },
        Data::Enum(data) => refuse(&data.enum_token, "an enum"),
        Data::Union(data) => refuse(&data.union_token, "a union"),
    }
}

fn parse_field(field: &syn::Field, errors: &Errors) -> Option<Field> {
    // A lifetime of the struct is reported once, where it is declared.
    if let Type::Reference(reference) = &field.ty
        && reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident == "static")
    {
        let field = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        let message = Message::new(format!(
            "#[derive(SessionClaims)] takes owned values, but `{field}` is a reference"
        ));
        errors.push(reference.and_token, message.help("use `String` for `&str`, `Vec<T>` for `&[T]`"));
    }
    Some(Field {
        ident: field.ident.clone()?,
        ty: field.ty.clone(),
        mark: mark(&field.attrs, errors),
        serde: FieldSerde::parse(&field.attrs, errors),
    })
}

fn mark(attrs: &[Attribute], errors: &Errors) -> FieldMark {
    let mut found: Option<(Mark, Ident)> = None;
    let entries = FIELD.entries(attrs, errors);
    for entry in entries.found {
        // A mark with a value is a mistake, and still a mark.
        let _ = entry.flag(errors);
        let mark = if entry.is(&SUBJECT) {
            Mark::Subject
        } else if entry.is(&ROLES) {
            Mark::Roles
        } else {
            Mark::Scopes
        };
        if let Some((first, _)) = &found {
            let message =
                format!("#[claims({})] and #[claims({})] are on one field", first.name(), mark.name());
            errors.push(&entry.ident, Message::new(message).help("give each a field of its own"));
        } else {
            found = Some((mark, entry.ident));
        }
    }
    match (found, entries.refused) {
        (Some((mark, at)), _) => FieldMark::Is(mark, at),
        (None, Some(reported)) => FieldMark::Refused(reported),
        (None, None) => FieldMark::None,
    }
}
