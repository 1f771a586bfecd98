//! `#[derive(Role)]`

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
    let roles = model::RoleEnum::new(parsed, &errors);
    match errors.finish(roles) {
        Ok(roles) => expand::expand(&roles),
        Err(mistakes) => {
            let stub = expand::stub(&input.ident, &input.generics, &krate);
            quote!(#mistakes #stub)
        }
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;
    use crate::testing::{assert_hygienic, pretty};

    #[test]
    #[cfg(feature = "openapi")]
    fn the_expansion_is_as_committed() {
        let expansion = derive(&parse_quote!(
            enum Role {
                Member,
                #[role(implies(Member))]
                Admin,
                #[role(rename = "ops:on-call", implies(Admin), private)]
                OnCall,
            }
        ));
        expect_test::expect_file!["../../tests/expand/role.rs"].assert_eq(&pretty(expansion));
    }

    /// rustc shows these types where a role does not exist.
    #[test]
    fn each_role_has_a_type_of_its_own_that_is_called_as_it_is() {
        let expansion = pretty(derive(&parse_quote!(
            enum member {
                member,
                #[role(rename = "a:b")]
                Colon,
                #[role(rename = "a-b")]
                Dash,
                #[role(rename = "type")]
                Keyword,
                #[role(rename = "2nd")]
                Second,
                #[role(rename = "*")]
                Star,
            }
        )));
        assert!(
            expansion.contains("type Names = (member_, a_colon_b, a_dash_b, type_, _2nd, _star_);"),
            "{expansion}"
        );
    }

    #[test]
    fn roles_without_implications_and_secrets_say_nothing_of_them() {
        let expansion = derive(&parse_quote!(
            enum Role {
                Member,
            }
        ));
        let text = expansion.to_string();
        assert!(!text.contains("IMPLIES") && !text.contains("PRIVATE"), "{text}");
    }

    #[test]
    fn the_openapi_schema_follows_the_feature() {
        let expansion = derive(&parse_quote!(
            enum Role {
                Member,
            }
        ));
        assert_eq!(expansion.to_string().contains("utoipa"), cfg!(feature = "openapi"));
    }

    #[test]
    fn a_mistake_leaves_impls_that_stop_follow_up_errors() {
        let expansion = pretty(derive(&parse_quote!(
            enum Role {
                #[role(rename = "")]
                Member,
            }
        )));
        assert_eq!(expansion.matches("compile_error").count(), 1);
        assert!(expansion.contains("impl __countersign::RoleSet for Role"), "{expansion}");
    }

    #[test]
    fn the_expansion_names_nothing_but_the_users_path() {
        assert_hygienic(derive(&parse_quote!(
            #[role(crate = other)]
            enum Role {
                Member,
            }
        )));
    }
}
