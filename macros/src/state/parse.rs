//! Tokens to the struct as the user wrote it.

use syn::{Attribute, Data, DeriveInput, Generics, Ident, Index, Member, Meta, Type};

use crate::errors::{Errors, Message};
use crate::keys::{CRATE, Table};
use crate::krate::Krate;

const STRUCT: Table = Table { attribute: "auth", keys: &[CRATE], misplaced: &[] };

pub(super) struct Input {
    pub(super) ident: Ident,
    pub(super) krate: Krate,
    pub(super) generics: Generics,
    /// `None` after the shape was refused.
    pub(super) marked: Option<Vec<Field>>,
}

/// A field marked `#[auth]`.
pub(super) struct Field {
    pub(super) member: Member,
    pub(super) ty: Type,
    pub(super) attribute: Attribute,
}

impl Input {
    pub(super) fn parse(input: &DeriveInput, errors: &Errors) -> Self {
        let is_mark =
            |attr: &Attribute| attr.path().is_ident(STRUCT.attribute) && matches!(attr.meta, Meta::Path(_));
        let (misplaced, attrs): (Vec<_>, Vec<_>) = input.attrs.iter().cloned().partition(is_mark);
        for mark in &misplaced {
            errors.push(
                mark,
                Message::new("#[auth] marks a field, and stands on the struct")
                    .help("move it to the field of type `Auth<...>`"),
            );
        }
        let path = STRUCT.entries(&attrs, errors).into_iter().find_map(|entry| entry.path(errors));
        let marked = marked(input, errors);
        Self {
            ident: input.ident.clone(),
            krate: Krate::new(path),
            generics: input.generics.clone(),
            // Without a field to use, the misplaced mark was the one that is missing.
            marked: marked.filter(|marked| misplaced.is_empty() || !marked.is_empty()),
        }
    }
}

fn marked(input: &DeriveInput, errors: &Errors) -> Option<Vec<Field>> {
    let refuse = |what: &str| {
        Message::new(format!("#[derive(AuthState)] wants a struct, not {what}"))
            .help("write `struct AppState { #[auth] auth: Auth<User> }`")
    };
    match &input.data {
        Data::Struct(data) => {
            return Some(
                data.fields
                    .iter()
                    .enumerate()
                    .filter_map(|(index, field)| mark(index, field, errors))
                    .collect(),
            );
        }
        Data::Enum(data) => errors.push(data.enum_token, refuse("an enum")),
        Data::Union(data) => errors.push(data.union_token, refuse("a union")),
    }
    None
}

fn mark(index: usize, field: &syn::Field, errors: &Errors) -> Option<Field> {
    let mut attributes = field.attrs.iter().filter(|attr| attr.path().is_ident(STRUCT.attribute));
    let attribute = attributes.next()?;
    for attr in std::iter::once(attribute).chain(attributes.clone()) {
        if !matches!(attr.meta, Meta::Path(_)) {
            errors.push(
                &attr.meta,
                Message::new("#[auth] on a field takes no keys")
                    .help("write `#[auth]`; `crate = path` belongs on the struct"),
            );
        }
    }
    for again in attributes {
        errors.push(again, Message::new("#[auth] stands twice on one field").help("keep one of the two"));
    }
    let member = match &field.ident {
        Some(ident) => Member::Named(ident.clone()),
        None => Member::Unnamed(Index::from(index)),
    };
    Some(Field { member, ty: field.ty.clone(), attribute: attribute.clone() })
}
