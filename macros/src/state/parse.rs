//! Tokens to the struct as the user wrote it.

use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Generics, Ident, Index, Member, Meta, Type};

use crate::errors::{Errors, Message, Reported};
use crate::keys::{CRATE, Form, Table};
use crate::krate::Krate;

const STRUCT: Table = Table { name: "auth", form: Form::Attribute, keys: &[CRATE], misplaced: &[] };

pub(super) struct Input {
    pub(super) ident: Ident,
    pub(super) krate: Krate,
    pub(super) generics: Generics,
    pub(super) marked: Result<Vec<Field>, Reported>,
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
            |attr: &Attribute| attr.path().is_ident(STRUCT.name) && matches!(attr.meta, Meta::Path(_));
        let (misplaced, attrs): (Vec<_>, Vec<_>) = input.attrs.iter().cloned().partition(is_mark);
        let misplaced = misplaced.iter().map(|mark| {
            let message = Message::new("#[auth] marks a field, but it is on the struct");
            errors.push(mark, message.help("move it to the field of type `Auth<...>`"))
        });
        let misplaced = misplaced.reduce(|first, _| first);
        let krate = STRUCT.entries(&attrs, errors).krate(errors);
        let marked = marked(input, errors).and_then(|marked| match misplaced {
            // The misplaced mark is the one that the fields lack.
            Some(reported) if marked.is_empty() => Err(reported),
            _ => Ok(marked),
        });
        Self { ident: input.ident.clone(), krate, generics: input.generics.clone(), marked }
    }
}

fn marked(input: &DeriveInput, errors: &Errors) -> Result<Vec<Field>, Reported> {
    let refuse = |tokens: &dyn ToTokens, what: &str| {
        let message = Message::new(format!("#[derive(AuthState)] needs a struct, not {what}"));
        Err(errors.push(tokens, message.help("write `struct AppState { #[auth] auth: Auth<User> }`")))
    };
    match &input.data {
        Data::Struct(data) => {
            let fields = data.fields.iter().enumerate();
            Ok(fields.filter_map(|(index, field)| mark(index, field, errors)).collect())
        }
        Data::Enum(data) => refuse(&data.enum_token, "an enum"),
        Data::Union(data) => refuse(&data.union_token, "a union"),
    }
}

fn mark(index: usize, field: &syn::Field, errors: &Errors) -> Option<Field> {
    let mut attributes = field.attrs.iter().filter(|attr| attr.path().is_ident(STRUCT.name));
    let attribute = attributes.next()?;
    for attr in std::iter::once(attribute).chain(attributes.clone()) {
        if !matches!(attr.meta, Meta::Path(_)) {
            let message = Message::new("#[auth] on a field takes no keys");
            errors.push(&attr.meta, message.help("write `#[auth]`; `crate = path` belongs on the struct"));
        }
    }
    for again in attributes {
        errors.push(again, Message::new("#[auth] is written twice on one field").help("keep one of the two"));
    }
    let member = match &field.ident {
        Some(ident) => Member::Named(ident.clone()),
        None => Member::Unnamed(Index::from(index)),
    };
    Some(Field { member, ty: field.ty.clone(), attribute: attribute.clone() })
}
