//! Roles with valid, unique names and everything each of them grants.

use syn::Ident;
use syn::ext::IdentExt as _;

use super::parse::{Input, Variant};
use crate::errors::{Errors, Message, Reported, listed};
use crate::krate::Krate;
use crate::scope_token::refused_character;
use crate::suggest::nearest;

pub(super) struct RoleEnum {
    pub(super) ident: Ident,
    pub(super) krate: Krate,
    pub(super) roles: Vec<Role>,
}

pub(super) struct Role {
    pub(super) variant: Ident,
    pub(super) name: String,
    /// The names of this role and of all that it implies, its own first.
    pub(super) grants: Vec<String>,
    /// Whether the documents and refusals that strangers read leave its name out.
    pub(super) private: bool,
}

impl RoleEnum {
    pub(super) fn new(input: Input, errors: &Errors) -> Result<Self, Reported> {
        let names = names(&input.variants, errors);
        let implied = implied(&input.variants, errors)?;
        let roles = input.variants.into_iter().enumerate().map(|(index, variant)| Role {
            variant: variant.ident,
            name: names[index].clone(),
            grants: reachable(index, &implied).into_iter().map(|index| names[index].clone()).collect(),
            private: variant.private,
        });
        Ok(Self { ident: input.ident, krate: input.krate, roles: roles.collect() })
    }
}

fn names(variants: &[Variant], errors: &Errors) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for variant in variants {
        let name = match &variant.rename {
            Some(rename) => rename.value(),
            None => snake_case(&variant.ident.unraw().to_string()),
        };
        let mistake = if name.is_empty() {
            Some(
                Message::new("the name in #[role(rename = \"\")] is empty")
                    .help("write it, or remove `rename`"),
            )
        } else if refused_character(&name).is_some() {
            let message = Message::new(format!("{name:?} cannot be a role's name"))
                .help("give it another name with #[role(rename = \"...\")]")
                .note("a name is printable ASCII without spaces, `\"` and `\\` (RFC 6749 section 3.3)");
            Some(message)
        } else {
            names.contains(&name).then(|| {
                Message::new(format!("two roles are called `{name}`"))
                    .help("give one of them another name with #[role(rename = \"...\")]")
            })
        };
        if let Some(mistake) = mistake {
            match &variant.rename {
                Some(rename) => errors.push(rename, mistake),
                None => errors.push(&variant.ident, mistake),
            };
        }
        names.push(name);
    }
    names
}

/// serde's rule, so that a role has the name that `rename_all = "snake_case"` would give it.
fn snake_case(variant: &str) -> String {
    let mut snake = String::new();
    for (index, letter) in variant.char_indices() {
        if index > 0 && letter.is_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// For each variant the indices that it implies directly, without circles.
fn implied(variants: &[Variant], errors: &Errors) -> Result<Vec<Vec<usize>>, Reported> {
    let implied = errors.strict(|| {
        let targets = variants.iter().map(|variant| targets(variant, variants, errors));
        Ok(targets.collect::<Vec<_>>())
    })?;
    errors.strict(|| {
        let mut search = Search { variants, implied: &implied, errors, path: Vec::new(), done: Vec::new() };
        for index in 0..variants.len() {
            search.visit(index);
        }
        Ok(())
    })?;
    Ok(implied)
}

fn targets(variant: &Variant, variants: &[Variant], errors: &Errors) -> Vec<usize> {
    let mut targets = Vec::new();
    for target in &variant.implies {
        match variants.iter().position(|candidate| candidate.ident == *target) {
            Some(index) if targets.contains(&index) => {
                errors.push(
                    target,
                    Message::new(format!("`{target}` is given twice in #[role(implies(...))]"))
                        .help("keep one of the two"),
                );
            }
            Some(index) => targets.push(index),
            None => {
                errors.push(target, unknown(target, variants));
            }
        }
    }
    targets
}

fn unknown(target: &Ident, variants: &[Variant]) -> Message {
    let names: Vec<String> = variants.iter().map(|variant| variant.ident.to_string()).collect();
    let names = || names.iter().map(String::as_str);
    let message = Message::new(format!("unknown role `{target}` in #[role(implies(...))]"));
    match nearest(&target.to_string(), names()) {
        Some(near) => message.help(format!("did you mean `{near}`?")),
        None => message,
    }
    .note(format!("the roles are {}", listed(names())))
}

/// Reports every circle once, at the name that closes it.
struct Search<'a> {
    variants: &'a [Variant],
    implied: &'a [Vec<usize>],
    errors: &'a Errors,
    /// The variants from the start to the current one, each implied by the one before.
    path: Vec<usize>,
    done: Vec<usize>,
}

impl Search<'_> {
    fn visit(&mut self, index: usize) {
        if self.done.contains(&index) {
            return;
        }
        self.path.push(index);
        for (target, name) in self.implied[index].iter().zip(&self.variants[index].implies) {
            match self.path.iter().position(|visited| visited == target) {
                Some(start) => self.report(start, name),
                None => self.visit(*target),
            }
        }
        self.path.pop();
        self.done.push(index);
    }

    fn report(&self, start: usize, closing: &Ident) {
        let circle = self.path[start..].iter().map(|index| self.variants[*index].ident.to_string());
        let circle: Vec<_> = circle.chain([closing.to_string()]).collect();
        let message = format!("roles imply each other in a circle: {}", circle.join(" implies "));
        let help = format!("remove `{closing}` here, or keep one role for all of them");
        self.errors.push(closing, Message::new(message).help(help));
    }
}

/// The role itself and everything that it implies, the nearest first.
fn reachable(index: usize, implied: &[Vec<usize>]) -> Vec<usize> {
    let mut reached = vec![index];
    let mut next = 0;
    while let Some(&from) = reached.get(next) {
        for target in &implied[from] {
            if !reached.contains(target) {
                reached.push(*target);
            }
        }
        next += 1;
    }
    reached
}

#[cfg(test)]
mod tests {
    use syn::{DeriveInput, parse_quote};

    use super::*;
    use crate::testing::compile_errors;

    fn build(input: &DeriveInput) -> Result<RoleEnum, Vec<String>> {
        let errors = Errors::new();
        let roles = RoleEnum::new(Input::parse(input, &errors), &errors);
        errors.finish(roles).map_err(compile_errors)
    }

    fn mistakes(input: &DeriveInput) -> Vec<String> {
        build(input).err().unwrap_or_default()
    }

    #[test]
    fn names_are_snake_case_unless_renamed() {
        let roles = build(&parse_quote!(
            enum Role {
                TeamLead,
                #[role(rename = "ops:on-call")]
                Operator,
            }
        ));
        let names: Vec<_> = roles.unwrap().roles.into_iter().map(|role| role.name).collect();
        assert_eq!(names, ["team_lead", "ops:on-call"]);
    }

    #[test]
    fn implications_are_closed_transitively() {
        let roles = build(&parse_quote!(
            enum Role {
                Guest,
                #[role(implies(Guest))]
                Member,
                #[role(implies(Editor, Member))]
                Admin,
                #[role(implies(Member))]
                Editor,
            }
        ));
        let grants: Vec<_> = roles.unwrap().roles.into_iter().map(|role| role.grants).collect();
        assert_eq!(grants[0], ["guest"]);
        assert_eq!(grants[1], ["member", "guest"]);
        assert_eq!(grants[2], ["admin", "editor", "member", "guest"]);
        assert_eq!(grants[3], ["editor", "member", "guest"]);
    }

    /// Row 51.
    #[test]
    fn a_circle_is_shown() {
        assert_eq!(
            mistakes(&parse_quote!(
                enum Role {
                    #[role(implies(Editor))]
                    Admin,
                    #[role(implies(Admin))]
                    Editor,
                    #[role(implies(Editor))]
                    Chief,
                    #[role(implies(Lonely))]
                    Lonely,
                }
            )),
            [
                "roles imply each other in a circle: Admin implies Editor implies Admin\n\
                 help: remove `Admin` here, or keep one role for all of them",
                "roles imply each other in a circle: Lonely implies Lonely\n\
                 help: remove `Lonely` here, or keep one role for all of them",
            ]
        );
    }

    #[test]
    fn an_implication_names_a_role() {
        let role = parse_quote!(
            enum Role {
                Member,
                #[role(implies())]
                Admin,
            }
        );
        let found = mistakes(&role);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("`implies` lists no names\nhelp: "), "{found:?}");
    }

    #[test]
    fn roles_are_an_enum_and_no_union() {
        let found = mistakes(&parse_quote!(
            union Role {
                a: u8,
            }
        ));
        assert!(found.iter().any(|text| text.contains("union")), "{found:?}");
    }

    #[test]
    fn unknown_and_repeated_implications_are_named() {
        assert_eq!(
            mistakes(&parse_quote!(
                enum Role {
                    Member,
                    #[role(implies(Membr, Member, Member))]
                    Admin,
                }
            )),
            [
                "unknown role `Membr` in #[role(implies(...))]\nhelp: did you mean `Member`?\nnote: the roles are `Member`, `Admin`",
                "`Member` is given twice in #[role(implies(...))]\nhelp: keep one of the two",
            ]
        );
    }

    #[test]
    fn names_are_scope_tokens_and_unique() {
        let note = "help: give it another name with #[role(rename = \"...\")]\n\
                    note: a name is printable ASCII without spaces, `\"` and `\\` (RFC 6749 section 3.3)";
        assert_eq!(
            mistakes(&parse_quote!(
                enum Role {
                    Member,
                    #[role(rename = "member")]
                    Other,
                    #[role(rename = "")]
                    Empty,
                    #[role(rename = "two words")]
                    Spaced,
                    #[role(rename = "a\\b")]
                    Slashed,
                    Größe,
                }
            )),
            [
                "two roles are called `member`\nhelp: give one of them another name with #[role(rename = \"...\")]"
                    .to_owned(),
                "the name in #[role(rename = \"\")] is empty\nhelp: write it, or remove `rename`".to_owned(),
                format!("\"two words\" cannot be a role's name\n{note}"),
                format!("\"a\\\\b\" cannot be a role's name\n{note}"),
                format!("\"größe\" cannot be a role's name\n{note}"),
            ]
        );
    }

    #[test]
    fn only_fieldless_enums_hold_roles() {
        assert_eq!(
            mistakes(&parse_quote!(
                struct Role;
            )),
            ["#[derive(Role)] needs an enum, not a struct\n\
              help: write one variant for each role: `enum Role { Member, Admin }`"]
        );
        assert_eq!(
            mistakes(&parse_quote!(
                enum Role {}
            )),
            ["#[derive(Role)] needs variants, but `Role` has none\n\
              help: write one variant for each role: `enum Role { Member, Admin }`"]
        );
        assert_eq!(
            mistakes(&parse_quote!(
                enum Role<T> {
                    Member(T),
                    Guest,
                }
            )),
            [
                "#[derive(Role)] does not support generic enums\nhelp: remove the parameters; a role is only a name",
                "#[derive(Role)] needs variants without fields, but `Member` has some\nhelp: write its name alone, and keep what belongs to the user in the claims",
            ]
        );
    }

    #[test]
    fn private_roles_are_marked_one_by_one() {
        let roles = build(&parse_quote!(
            enum Role {
                Member,
                #[role(private, rename = "ops:on-call")]
                OnCall,
            }
        ));
        let private: Vec<_> = roles.unwrap().roles.into_iter().map(|role| role.private).collect();
        assert_eq!(private, [false, true]);
    }

    #[test]
    fn private_is_a_word_and_nothing_more() {
        assert_eq!(
            mistakes(&parse_quote!(
                #[role(private)]
                enum Role {
                    #[role(private = true)]
                    Member,
                    #[role(privat)]
                    Guest,
                    #[role(private, private)]
                    Admin,
                }
            )),
            [
                "`private` in #[role(...)] belongs on a variant\nhelp: move it there",
                "`private` takes no value\nhelp: write `private`",
                "unknown key `privat` in #[role(...)]\nhelp: did you mean `private`?\n\
                 note: the keys are `rename`, `implies`, `private`",
                "`private` is given twice in #[role(...)]\nhelp: keep one of the two",
            ]
        );
    }

    #[test]
    fn keys_are_checked_where_they_stand() {
        assert_eq!(
            mistakes(&parse_quote!(
                #[role(rename = "x", crate = "path")]
                enum Role {
                    #[role(renam = "x", implies = Guest, crate = x)]
                    Member,
                    #[role(rename = 5)]
                    #[role(implies(Role::Member))]
                    Guest,
                }
            )),
            [
                "`rename` in #[role(...)] belongs on a variant\nhelp: move it there",
                "`crate` takes a path, without quotes\nhelp: write `crate = path`",
                "unknown key `renam` in #[role(...)]\nhelp: did you mean `rename`?\n\
                 note: the keys are `rename`, `implies`, `private`",
                "`crate` in #[role(...)] belongs on the enum\nhelp: move it there",
                "`implies` takes names in parentheses\nhelp: write `implies(A, B)`",
                "`rename` takes a string\nhelp: write `rename = \"...\"`",
                "`implies` takes plain names\nhelp: write `implies(A, B)`",
            ]
        );
    }
}
