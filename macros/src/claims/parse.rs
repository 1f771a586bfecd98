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
    /// Whether a `#[claims(...)]` was refused, which may have been meant for the subject.
    pub(super) mistaken: bool,
    /// `None` after the shape was refused.
    pub(super) fields: Option<Vec<Field>>,
}

pub(super) struct Field {
    pub(super) ident: Ident,
    pub(super) ty: Type,
    pub(super) mark: FieldMark,
    pub(super) serde: FieldSerde,
}

/// Whether `#[claims(...)]` stands on a field.
pub(super) enum FieldMark {
    None,
    /// It does, and was refused.
    Mistaken,
    /// It does, and says this here.
    Is(Mark, Ident),
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
        let (entries, misplaced) = checked(errors, || STRUCT.entries(&input.attrs, errors));
        let path = entries.into_iter().find_map(|entry| entry.path(errors));
        let serde = ContainerSerde::parse(&input.attrs, errors);
        let fields = fields(input, errors);
        let mut marks = fields.iter().flatten().map(|field| &field.mark);
        Self {
            ident: input.ident.clone(),
            krate: Krate::new(path),
            serde,
            mistaken: misplaced || marks.any(|mark| matches!(mark, FieldMark::Mistaken)),
            fields,
        }
    }
}

/// The result, and whether a mistake was reported on the way to it.
fn checked<T>(errors: &Errors, parse: impl FnOnce() -> T) -> (T, bool) {
    let before = errors.count();
    let parsed = parse();
    (parsed, errors.count() > before)
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

fn mark(attrs: &[Attribute], errors: &Errors) -> FieldMark {
    let mut found: Option<(Mark, Ident)> = None;
    let (entries, mistaken) = checked(errors, || FIELD.entries(attrs, errors));
    for entry in entries {
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
    match found {
        Some((mark, at)) => FieldMark::Is(mark, at),
        None if mistaken => FieldMark::Mistaken,
        None => FieldMark::None,
    }
}
