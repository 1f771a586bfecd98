//! A state with one field for its `Auth<...>`.

use syn::{Generics, Ident, Member, Type};

use super::parse::Input;
use crate::errors::{Errors, Message, Reported};
use crate::krate::Krate;

pub(super) struct State {
    pub(super) ident: Ident,
    pub(super) krate: Krate,
    pub(super) generics: Generics,
    pub(super) member: Member,
    pub(super) ty: Type,
}

impl State {
    pub(super) fn new(input: Input, errors: &Errors) -> Result<Self, Reported> {
        let Input { ident, krate, generics, marked } = input;
        let mut marked = marked?.into_iter();
        let Some(field) = marked.next() else {
            let message = Message::new(format!("no field of `{ident}` is marked #[auth]"));
            return Err(
                errors.push(&ident, message.help("write #[auth] above the field of type `Auth<...>`"))
            );
        };
        for second in marked {
            let message = Message::new("two fields are marked #[auth]");
            let help = "keep one; a handler's state has one kind of claims";
            errors.push(&second.attribute, message.help(help));
        }
        Ok(Self { ident, krate, generics, member: field.member, ty: field.ty })
    }
}

#[cfg(test)]
mod tests {
    use syn::{DeriveInput, parse_quote};

    use super::*;
    use crate::testing::compile_errors;

    fn mistakes(input: &DeriveInput) -> Vec<String> {
        let errors = Errors::new();
        let state = State::new(Input::parse(input, &errors), &errors);
        errors.finish(state).err().map(compile_errors).unwrap_or_default()
    }

    #[test]
    fn one_field_is_marked() {
        assert!(
            mistakes(&parse_quote!(
                struct AppState {
                    db: Db,
                    #[auth]
                    auth: Auth<User>,
                }
            ))
            .is_empty()
        );
        assert!(
            mistakes(&parse_quote!(
                struct AppState(Db, #[auth] Auth<User>);
            ))
            .is_empty()
        );
        assert_eq!(
            mistakes(&parse_quote!(
                struct AppState {
                    auth: Auth<User>,
                }
            )),
            [
                "no field of `AppState` is marked #[auth]\nhelp: write #[auth] above the field of type `Auth<...>`"
            ]
        );
        assert_eq!(
            mistakes(&parse_quote!(
                struct AppState;
            )),
            [
                "no field of `AppState` is marked #[auth]\nhelp: write #[auth] above the field of type `Auth<...>`"
            ]
        );
        assert_eq!(
            mistakes(&parse_quote!(
                struct AppState(#[auth] Auth<User>, #[auth] Auth<Admin>);
            )),
            ["two fields are marked #[auth]\nhelp: keep one; a handler's state has one kind of claims"]
        );
    }

    #[test]
    fn a_mark_on_the_struct_is_sent_to_the_field() {
        assert_eq!(
            mistakes(&parse_quote!(
                #[auth]
                struct AppState {
                    auth: Auth<User>,
                }
            )),
            [
                "#[auth] marks a field, but it is on the struct\nhelp: move it to the field of type `Auth<...>`"
            ]
        );
    }

    #[test]
    fn only_structs_are_states() {
        assert_eq!(
            mistakes(&parse_quote!(
                enum AppState {
                    One(#[auth] Auth<User>),
                }
            )),
            ["#[derive(AuthState)] needs a struct, not an enum\n\
              help: write `struct AppState { #[auth] auth: Auth<User> }`"]
        );
        assert_eq!(
            mistakes(&parse_quote!(union AppState { #[auth] auth: A })),
            ["#[derive(AuthState)] needs a struct, not a union\n\
              help: write `struct AppState { #[auth] auth: Auth<User> }`"]
        );
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        assert_eq!(
            mistakes(&parse_quote!(
                #[auth(crat = path)]
                struct AppState {
                    #[auth(field)]
                    #[auth]
                    auth: Auth<User>,
                }
            )),
            [
                "unknown key `crat` in #[auth(...)]\nhelp: did you mean `crate`?\nnote: the only key is `crate`",
                "#[auth] on a field takes no keys\nhelp: write `#[auth]`; `crate = path` belongs on the struct",
                "#[auth] is written twice on one field\nhelp: keep one of the two",
            ]
        );
    }
}
