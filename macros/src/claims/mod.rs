//! `#[derive(SessionClaims)]`

mod case;
mod expand;
mod model;
mod parse;
mod serde;
mod wire;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let errors = Errors::new();
    let parsed = parse::Input::parse(input, &errors);
    let private = parsed.krate.private();
    let claims = model::Claims::new(parsed, &errors);
    match errors.finish(claims) {
        Ok(claims) => expand::expand(&claims),
        Err(error) => {
            let error = error.to_compile_error();
            let stub = expand::stub(&input.ident, &input.generics, &private);
            quote!(#error #stub)
        }
    }
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
            #[serde(rename_all = "camelCase", default)]
            struct User {
                #[claims(subject)]
                id: Uuid,
                #[claims(roles)]
                roles: Vec<Role>,
                #[claims(scopes)]
                granted: Vec<String>,
                #[serde(default, skip_serializing_if = "Option::is_none", alias = "name")]
                display_name: Option<String>,
                tenant: u64,
                #[serde(skip)]
                cached: bool,
            }
        ));
        expect_file!["../../tests/expand/claims.rs"].assert_eq(&pretty(expansion));
    }

    #[test]
    fn claims_without_a_roles_field_have_no_role_to_require() {
        let expansion = pretty(derive(&parse_quote!(
            struct User {
                #[claims(subject)]
                id: u64,
            }
        )));
        assert!(expansion.contains("type Role = ::countersign::__private::NoRole;"), "{expansion}");
        assert!(expansion.contains("Roles::of::<::countersign::__private::NoRole>()"), "{expansion}");
    }

    #[test]
    fn a_mistake_leaves_impls_that_stop_follow_up_errors() {
        let expansion = pretty(derive(&parse_quote!(
            struct User {
                id: u64,
            }
        )));
        assert_eq!(expansion.matches("compile_error").count(), 1);
        assert!(expansion.contains("impl ::countersign::__private::SessionClaims for User"), "{expansion}");
    }

    #[test]
    fn the_expansion_names_nothing_but_the_users_path() {
        assert_hygienic(derive(&parse_quote!(
            #[claims(crate = other)]
            struct User {
                #[claims(subject)]
                id: Uuid,
                #[claims(roles)]
                roles: Vec<Role>,
                #[claims(scopes)]
                scopes: Vec<String>,
                email: String,
            }
        )));
    }
}
