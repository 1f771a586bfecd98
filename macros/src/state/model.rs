//! A state with one place for its `Auth<...>`.

use syn::{Generics, Ident, Member, Type};

use super::parse::Input;
use crate::errors::{Errors, Message};
use crate::krate::Krate;

pub(super) struct State {
    pub(super) ident: Ident,
    pub(super) krate: Krate,
    pub(super) generics: Generics,
    pub(super) member: Member,
    pub(super) ty: Type,
}

impl State {
    /// `None` after a mistake was reported that leaves no field to use.
    pub(super) fn new(input: Input, errors: &Errors) -> Option<Self> {
        let Input { ident, krate, generics, marked } = input;
        let mut marked = marked?.into_iter();
        let Some(field) = marked.next() else {
            errors.push(
                &ident,
                Message::new(format!("`{ident}` does not say where its `Auth<...>` is"))
                    .help("mark the field with #[auth]"),
            );
            return None;
        };
        for second in marked {
            errors.push(
                &second.attribute,
                Message::new("two fields are marked #[auth]")
                    .help("keep one; a handler's state answers for one kind of claims"),
            );
        }
        Some(Self { ident, krate, generics, member: field.member, ty: field.ty })
    }
}

#[cfg(test)]
mod tests {
    use syn::{DeriveInput, parse_quote};

    use super::*;

    fn mistakes(input: &DeriveInput) -> Vec<String> {
        let errors = Errors::new();
        let state = State::new(Input::parse(input, &errors), &errors);
        let error = errors.finish(state).err();
        error.into_iter().flatten().map(|error| error.to_string()).collect()
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
            ["`AppState` does not say where its `Auth<...>` is\nhelp: mark the field with #[auth]"]
        );
        assert_eq!(
            mistakes(&parse_quote!(
                struct AppState;
            )),
            ["`AppState` does not say where its `Auth<...>` is\nhelp: mark the field with #[auth]"]
        );
        assert_eq!(
            mistakes(&parse_quote!(
                struct AppState(#[auth] Auth<User>, #[auth] Auth<Admin>);
            )),
            [
                "two fields are marked #[auth]\nhelp: keep one; a handler's state answers for one kind of claims"
            ]
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
                "#[auth] marks a field, and stands on the struct\nhelp: move it to the field of type `Auth<...>`"
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
            ["#[derive(AuthState)] wants a struct, not an enum\n\
              help: write `struct AppState { #[auth] auth: Auth<User> }`"]
        );
        assert_eq!(
            mistakes(&parse_quote!(union AppState { #[auth] auth: A })),
            ["#[derive(AuthState)] wants a struct, not a union\n\
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
                "#[auth] stands twice on one field\nhelp: keep one of the two",
            ]
        );
    }
}
