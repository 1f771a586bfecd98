//! `#[derive(AuthState)]`

mod expand;
mod model;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let errors = Errors::new();
    let parsed = parse::Input::parse(input, &errors);
    let krate = parsed.krate.clone();
    let state = model::State::new(parsed, &errors);
    let mistakes = errors.into_tokens();
    // A state with one usable field stays that state, so that its mistake is the only error.
    let expanded = state
        .as_ref()
        .map_or_else(|_| expand::stub(&input.ident, &input.generics, &krate, &mistakes), expand::expand);
    quote!(#mistakes #expanded)
}

#[cfg(test)]
mod tests {
    use expect_test::expect_file;
    use syn::parse_quote;

    use super::*;
    use crate::testing::{assert_hygienic, pretty};

    #[test]
    fn the_expansion_is_as_committed() {
        let expansion = derive(&parse_quote!(
            struct AppState {
                db: Db,
                #[auth]
                auth: Auth<User>,
            }
        ));
        expect_file!["../../tests/expand/state.rs"].assert_eq(&pretty(expansion));
    }

    #[test]
    fn the_expansion_names_nothing_but_the_users_path() {
        assert_hygienic(derive(&parse_quote!(
            #[auth(crate = other)]
            struct AppState<T: Clone>(T, #[auth] Auth<User>);
        )));
    }
}
