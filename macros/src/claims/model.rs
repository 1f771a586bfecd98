//! Claims with exactly one subject and one meaning for each name.

use syn::ext::IdentExt as _;
use syn::{Ident, LitStr, Type};

use super::case::Case;
use super::parse::{self, FieldMark, Input, Mark};
use super::serde::{ContainerSerde, DefaultValue, FieldSerde, Function};
use crate::errors::{Errors, Message};
use crate::krate::Krate;

/// The names in a token that the application may not give a meaning of its own.
const RESERVED: [&str; 15] = [
    "iss",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "sid",
    "auth_time",
    "client_id",
    "sub",
    "roles",
    "scope",
    "act",
    "cnf",
    "crit",
];

pub(super) struct Claims {
    pub(super) ident: Ident,
    pub(super) krate: Krate,
    pub(super) subject: Marked,
    pub(super) roles: Option<Marked>,
    pub(super) scopes: Option<Marked>,
    pub(super) plain: Vec<Plain>,
    /// Where the plain claims that are missing come from.
    pub(super) default: Option<DefaultValue>,
    pub(super) deny_unknown_fields: bool,
}

/// A field that countersign reads.
pub(super) struct Marked {
    pub(super) ident: Ident,
    pub(super) ty: Type,
    pub(super) default: Option<DefaultValue>,
}

/// A field that only the application reads.
pub(super) struct Plain {
    pub(super) ident: Ident,
    pub(super) ty: Type,
    pub(super) wire: Wire,
    pub(super) default: Option<DefaultValue>,
    pub(super) functions: Vec<Function>,
}

/// Where a plain field stands in the token.
pub(super) enum Wire {
    Skipped,
    Named { name: String, aliases: Vec<LitStr> },
}

impl Claims {
    /// `None` after a mistake was reported.
    pub(super) fn new(input: Input, errors: &Errors) -> Option<Self> {
        let Input { ident, krate, serde, mistaken, fields } = input;
        let mut fields = Sorted::new(fields?, &serde, errors);
        if fields.subject.is_none() && !mistaken {
            errors.push(
                &ident,
                Message::new(format!("`{ident}` does not say whose session it is"))
                    .help("mark the user's identifier with #[claims(subject)]"),
            );
        }
        Some(Self {
            subject: fields.subject.take()?,
            roles: fields.roles,
            scopes: fields.scopes,
            plain: fields.plain,
            ident,
            krate,
            default: serde.default,
            deny_unknown_fields: serde.deny_unknown_fields,
        })
    }
}

#[derive(Default)]
struct Sorted {
    subject: Option<Marked>,
    roles: Option<Marked>,
    scopes: Option<Marked>,
    plain: Vec<Plain>,
    /// The names of the plain claims so far.
    names: Vec<String>,
}

impl Sorted {
    fn new(fields: Vec<parse::Field>, serde: &ContainerSerde, errors: &Errors) -> Self {
        let mut sorted = Self::default();
        for field in fields {
            match field.mark {
                FieldMark::Is(mark, ref at) => {
                    let at = at.clone();
                    sorted.mark(mark, &at, field, errors);
                }
                FieldMark::None => sorted.add(field, serde.rename_all, errors),
                FieldMark::Mistaken => {}
            }
        }
        sorted
    }

    fn mark(&mut self, mark: Mark, at: &Ident, field: parse::Field, errors: &Errors) {
        check_marked(mark, &field.serde, errors);
        let slot = match mark {
            Mark::Subject => &mut self.subject,
            Mark::Roles => &mut self.roles,
            Mark::Scopes => &mut self.scopes,
        };
        match slot {
            Some(first) => errors.push(
                at,
                Message::new(format!("two fields are marked #[claims({})]", mark.name()))
                    .help(format!("keep one; `{}` has it already", first.ident)),
            ),
            None => *slot = Some(Marked { ident: field.ident, ty: field.ty, default: field.serde.default }),
        }
    }

    fn add(&mut self, field: parse::Field, case: Option<Case>, errors: &Errors) {
        let parse::Field { ident, ty, serde, .. } = field;
        let wire = if serde.skip { Wire::Skipped } else { self.name(&ident, &serde, case, errors) };
        let FieldSerde { default, functions, .. } = serde;
        self.plain.push(Plain { ident, ty, wire, default, functions });
    }

    fn name(&mut self, ident: &Ident, serde: &FieldSerde, case: Option<Case>, errors: &Errors) -> Wire {
        let name = match (&serde.rename, case) {
            (Some(rename), _) => rename.value(),
            (None, Some(case)) => case.apply(&ident.unraw().to_string()),
            (None, None) => ident.unraw().to_string(),
        };
        match &serde.rename {
            Some(rename) => self.claim(ident, &name, |message| errors.push(rename, message)),
            None => self.claim(ident, &name, |message| errors.push(ident, message)),
        }
        for alias in &serde.aliases {
            self.claim(ident, &alias.value(), |message| errors.push(alias, message));
        }
        Wire::Named { name, aliases: serde.aliases.clone() }
    }

    fn claim(&mut self, field: &Ident, name: &str, report: impl Fn(Message)) {
        if RESERVED.contains(&name) {
            let mark = match name {
                "sub" => "mark the user's identifier with #[claims(subject)]",
                "roles" => "mark the field with #[claims(roles)]",
                "scope" => "mark the field with #[claims(scopes)]",
                _ => "rename the field",
            };
            report(
                Message::new(format!("field `{field}` collides with the registered claim `{name}`")).help(
                    format!("{mark}, or give it another name in the token with #[serde(rename = \"...\")]"),
                ),
            );
        } else if self.names.iter().any(|taken| taken == name) {
            report(
                Message::new(format!("two fields are the claim `{name}`"))
                    .help("give one of them another name with #[serde(rename = \"...\")]"),
            );
        } else {
            self.names.push(name.to_owned());
        }
    }
}

/// A token writes marked fields in one way only; `rename` and `alias` are for the application's own `Serialize`.
fn check_marked(mark: Mark, serde: &FieldSerde, errors: &Errors) {
    for key in &serde.keys {
        if *key == "default" && mark != Mark::Subject {
            continue;
        }
        let note = match mark {
            Mark::Subject => "every token has a `sub`, and it is always a string",
            Mark::Roles => "tokens write `roles` as an array of names",
            Mark::Scopes => "tokens write `scope` as one string, with spaces between the names",
        };
        errors.push(
            key,
            Message::new(format!(
                "#[serde({key})] cannot stand on the field marked #[claims({})]",
                mark.name()
            ))
            .help("remove it; answers to clients can be of another type")
            .note(note),
        );
    }
}

#[cfg(test)]
mod tests;
