//! Claims with exactly one subject and one meaning for each name.

use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::{Ident, LitStr, Type};

use super::case::Case;
use super::parse::{self, FieldMark, Input, Mark};
use super::serde::{DefaultValue, FieldSerde, Function};
use crate::errors::{Errors, Message, Reported};
use crate::krate::Krate;

/// The names in a token that the application may not use for claims of its own.
pub(super) const RESERVED: [&str; 15] = [
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
    /// Where missing plain claims come from.
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

/// How a plain field is written in the token.
pub(super) enum Wire {
    Skipped,
    Named { name: String, aliases: Vec<LitStr> },
}

impl Claims {
    pub(super) fn new(input: Input, errors: &Errors) -> Result<Self, Reported> {
        let Input { ident, krate, serde, refused_mark, fields } = input;
        let mut claims = Sorted { has_refused_mark: refused_mark.is_some(), ..Sorted::default() };
        for field in fields? {
            match field.mark {
                FieldMark::Is(mark, ref at) => {
                    let at = at.clone();
                    claims.mark(mark, &at, field, errors);
                }
                FieldMark::None => claims.add(field, serde.rename_all, errors),
                FieldMark::Refused(_) => {}
            }
        }
        let Some(subject) = claims.subject else {
            return Err(refused_mark.unwrap_or_else(|| {
                let message = Message::new(format!("no field of `{ident}` is marked #[claims(subject)]"));
                errors.push(
                    &ident,
                    message.help("write #[claims(subject)] above the field that identifies the user"),
                )
            }));
        };
        Ok(Self {
            subject,
            roles: claims.roles,
            scopes: claims.scopes,
            plain: claims.plain,
            ident,
            krate,
            default: serde.default,
            deny_unknown_fields: serde.deny_unknown_fields,
        })
    }
}

/// The fields so far.
#[derive(Default)]
struct Sorted {
    subject: Option<Marked>,
    roles: Option<Marked>,
    scopes: Option<Marked>,
    plain: Vec<Plain>,
    /// The names of the plain claims.
    names: Vec<String>,
    /// Whether a field without a mark may be one whose mark was refused.
    has_refused_mark: bool,
}

impl Sorted {
    fn mark(&mut self, mark: Mark, at: &Ident, field: parse::Field, errors: &Errors) {
        check_marked(mark, &field.serde, errors);
        let slot = match mark {
            Mark::Subject => &mut self.subject,
            Mark::Roles => &mut self.roles,
            Mark::Scopes => &mut self.scopes,
        };
        if let Some(first) = slot {
            let message = Message::new(format!("two fields are marked #[claims({})]", mark.name()));
            errors.push(at, message.help(format!("keep one; `{}` is marked already", first.ident)));
        } else {
            *slot = Some(Marked { ident: field.ident, ty: field.ty, default: field.serde.default });
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
        let mut claim = |name: &str, at: &dyn ToTokens| {
            if let Some(message) = self.collision(ident, name) {
                errors.push(at, message);
            } else {
                self.names.push(name.to_owned());
            }
        };
        match &serde.rename {
            Some(rename) => claim(&name, rename),
            None => claim(&name, ident),
        }
        for alias in &serde.aliases {
            claim(&alias.value(), alias);
        }
        Wire::Named { name, aliases: serde.aliases.clone() }
    }

    /// The mistake if a plain field has this name in the token.
    fn collision(&self, field: &Ident, name: &str) -> Option<Message> {
        if self.has_refused_mark && matches!(name, "sub" | "roles" | "scope") {
            return None;
        }
        if RESERVED.contains(&name) {
            let mark = match name {
                "sub" => "mark the user's identifier with #[claims(subject)]",
                "roles" => "mark the field with #[claims(roles)]",
                "scope" => "mark the field with #[claims(scopes)]",
                _ => "rename the field",
            };
            let help =
                format!("{mark}, or give it another name in the token with #[serde(rename = \"...\")]");
            let message = format!("field `{field}` collides with the registered claim `{name}`");
            return Some(Message::new(message).help(help));
        }
        self.names.iter().any(|taken| taken == name).then(|| {
            Message::new(format!("two fields have the name `{name}` in the token"))
                .help("give one of them another name with #[serde(rename = \"...\")]")
        })
    }
}

/// Refuses what serde would change in a marked field: a token has one form of it. `rename` and `alias` are allowed, for
/// the application's own `Serialize`.
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
        let message =
            format!("#[serde({key})] cannot be used on the field marked #[claims({})]", mark.name());
        let help = "remove it; answers to clients can be of another type";
        errors.push(key, Message::new(message).help(help).note(note));
    }
}
