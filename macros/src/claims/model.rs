//! Claims with exactly one subject and one meaning for each name.

use syn::ext::IdentExt as _;
use syn::{Ident, LitStr, Type};

use super::case::Case;
use super::parse::{self, Input, Mark};
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
        let Input { ident, krate, serde, fields } = input;
        let mut fields = Sorted::new(fields?, &serde, errors);
        if fields.subject.is_none() {
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
                Some((mark, ref at)) => {
                    let at = at.clone();
                    sorted.mark(mark, &at, field, errors);
                }
                None => sorted.add(field, serde.rename_all, errors),
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
            report(
                Message::new(format!("field `{field}` collides with the registered claim `{name}`")).help(
                    "rename the field, or give it another name in the token with #[serde(rename = \"...\")]",
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
            .help("remove it, or serialize another type where it is needed")
            .note(note),
        );
    }
}

#[cfg(test)]
mod tests {
    use syn::{DeriveInput, parse_quote};

    use super::*;

    fn build(input: &DeriveInput) -> Result<Claims, Vec<String>> {
        let errors = Errors::new();
        let claims = Claims::new(Input::parse(input, &errors), &errors);
        errors.finish(claims).map_err(|error| error.into_iter().map(|error| error.to_string()).collect())
    }

    fn mistakes(input: &DeriveInput) -> Vec<String> {
        build(input).err().unwrap_or_default()
    }

    /// The first line of each mistake.
    fn sentences(input: &DeriveInput) -> Vec<String> {
        mistakes(input).iter().filter_map(|text| text.lines().next()).map(str::to_owned).collect()
    }

    #[test]
    fn claims_have_a_subject() {
        assert_eq!(
            mistakes(&parse_quote!(
                struct User {
                    id: u64,
                }
            )),
            [
                "`User` does not say whose session it is\nhelp: mark the user's identifier with #[claims(subject)]"
            ]
        );
    }

    #[test]
    fn every_mark_stands_once() {
        assert_eq!(
            mistakes(&parse_quote!(
                struct User {
                    #[claims(subject)]
                    id: u64,
                    #[claims(subject)]
                    other: u64,
                    #[claims(roles, scopes)]
                    both: Vec<String>,
                    #[claims(roles)]
                    roles: Vec<String>,
                }
            )),
            [
                "one field cannot be both `roles` and `scopes`\nhelp: give each a field of its own",
                "two fields are marked #[claims(subject)]\nhelp: keep one; `id` has it already",
                "two fields are marked #[claims(roles)]\nhelp: keep one; `both` has it already",
            ]
        );
    }

    #[test]
    fn registered_claims_are_not_the_applications() {
        let help =
            "help: rename the field, or give it another name in the token with #[serde(rename = \"...\")]";
        assert_eq!(
            mistakes(&parse_quote!(
                struct User {
                    #[claims(subject)]
                    id: u64,
                    exp: u64,
                    #[serde(rename = "sub")]
                    parent: u64,
                    #[serde(alias = "iss")]
                    home: u64,
                }
            )),
            [
                format!("field `exp` collides with the registered claim `exp`\n{help}"),
                format!("field `parent` collides with the registered claim `sub`\n{help}"),
                format!("field `home` collides with the registered claim `iss`\n{help}"),
            ]
        );
        for reserved in RESERVED {
            let field = Ident::new(reserved, proc_macro2::Span::call_site());
            let input = parse_quote!(
                struct User {
                    #[claims(subject)]
                    id: u64,
                    #field: u64,
                }
            );
            assert_eq!(
                sentences(&input),
                [format!("field `{reserved}` collides with the registered claim `{reserved}`")]
            );
        }
    }

    #[test]
    fn the_name_in_the_token_counts() {
        assert!(
            mistakes(&parse_quote!(
                struct User {
                    #[claims(subject)]
                    sub: u64,
                    #[serde(rename = "expires")]
                    exp: u64,
                    #[serde(skip)]
                    iat: u64,
                }
            ))
            .is_empty()
        );
        assert_eq!(
            sentences(&parse_quote!(
                #[serde(rename_all = "lowercase")]
                struct User {
                    #[claims(subject)]
                    id: u64,
                    r#exp: u64,
                    name: String,
                    #[serde(rename = "name")]
                    other: String,
                }
            )),
            ["field `r#exp` collides with the registered claim `exp`", "two fields are the claim `name`"]
        );
    }

    #[test]
    fn rename_all_names_the_claims() {
        let claims = build(&parse_quote!(
            #[serde(rename_all = "camelCase")]
            struct User {
                #[claims(subject)]
                id: u64,
                home_town: String,
                #[serde(rename = "e-mail")]
                mail_address: String,
            }
        ));
        let names: Vec<_> = claims
            .unwrap()
            .plain
            .into_iter()
            .map(|field| match field.wire {
                Wire::Named { name, .. } => name,
                Wire::Skipped => String::new(),
            })
            .collect();
        assert_eq!(names, ["homeTown", "e-mail"]);
    }

    #[test]
    fn only_owned_structs_with_named_fields_are_claims() {
        let shape = "#[derive(SessionClaims)] wants a struct with named fields, not";
        assert_eq!(
            sentences(&parse_quote!(
                enum User {
                    A,
                }
            )),
            [format!("{shape} an enum")]
        );
        assert_eq!(sentences(&parse_quote!(union User { a: u8 })), [format!("{shape} a union")]);
        assert_eq!(
            sentences(&parse_quote!(
                struct User(u8);
            )),
            [format!("{shape} a tuple struct")]
        );
        assert_eq!(
            sentences(&parse_quote!(
                struct User;
            )),
            [format!("{shape} a unit struct")]
        );
        assert_eq!(
            sentences(&parse_quote!(
                struct User<'a, T> {
                    #[claims(subject)]
                    id: &'a T,
                }
            )),
            [
                "claims own what they hold; `User` may not borrow",
                "#[derive(SessionClaims)] cannot take a generic struct, and `User` is one",
            ]
        );
    }

    #[test]
    fn serde_attributes_that_change_the_shape_are_refused() {
        for key in
            ["tag", "content", "untagged", "transparent", "from", "try_from", "into", "remote", "bound"]
        {
            let key = Ident::new(key, proc_macro2::Span::call_site());
            let input = parse_quote!(
                #[serde(#key = "x")]
                struct User {
                    #[claims(subject)]
                    id: u64,
                }
            );
            assert_eq!(sentences(&input), [format!("#[serde({key})] cannot hold for a token")]);
        }
        for key in ["flatten", "skip_serializing", "skip_deserializing", "borrow", "bound", "getter"] {
            let key = Ident::new(key, proc_macro2::Span::call_site());
            let input = parse_quote!(
                struct User {
                    #[claims(subject)]
                    id: u64,
                    #[serde(#key)]
                    other: u64,
                }
            );
            assert_eq!(sentences(&input), [format!("#[serde({key})] cannot hold for a token")]);
        }
    }

    #[test]
    fn marked_fields_are_written_in_one_way() {
        assert_eq!(
            sentences(&parse_quote!(
                struct User {
                    #[claims(subject)]
                    #[serde(default, rename = "userId", alias = "uid")]
                    id: u64,
                    #[claims(roles)]
                    #[serde(default, with = "mine")]
                    roles: Vec<String>,
                    #[claims(scopes)]
                    #[serde(skip, skip_serializing_if = "x")]
                    scopes: Vec<String>,
                }
            )),
            [
                "#[serde(default)] cannot stand on the field marked #[claims(subject)]",
                "#[serde(with)] cannot stand on the field marked #[claims(roles)]",
                "#[serde(skip)] cannot stand on the field marked #[claims(scopes)]",
                "#[serde(skip_serializing_if)] cannot stand on the field marked #[claims(scopes)]",
            ]
        );
    }

    #[test]
    fn values_are_asked_for_in_our_words() {
        assert_eq!(
            mistakes(&parse_quote!(
                #[serde(rename_all = "camel")]
                struct User {
                    #[claims(subject = 1, crate = x)]
                    id: u64,
                    #[serde(rename = 5)]
                    one: u64,
                    #[serde(rename(serialize = "a", deserialize = "b"))]
                    two: u64,
                    #[serde(default = "not a path")]
                    three: u64,
                    #[serde(with)]
                    four: u64,
                }
            )),
            [
                "\"camel\" is not a way to write names\nnote: serde knows `lowercase`, `UPPERCASE`, `PascalCase`, \
                 `camelCase`, `snake_case`, `SCREAMING_SNAKE_CASE`, `kebab-case`, `SCREAMING-KEBAB-CASE`",
                "`crate` in #[claims(...)] belongs on the struct",
                "`subject` takes no value\nhelp: write `#[claims(subject)]`",
                "`rename` takes a string\nhelp: write `rename = \"...\"`",
                "#[serde(rename(...))] cannot hold for a token\n\
                 help: write `rename = \"...\"`; what is written has to be read back",
                "`default` takes the path of a function\nhelp: write `default = \"path\"`",
                "`with` needs a value: `with = \"...\"`",
            ]
        );
    }
}
