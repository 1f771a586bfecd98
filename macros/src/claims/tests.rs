//! The mistakes in claims, and the expansion of claims without one.

use expect_test::expect_file;
use syn::{DeriveInput, Ident, parse_quote};

use super::derive;
use super::model::{Claims, RESERVED, Wire};
use super::parse::Input;
use crate::errors::Errors;
use crate::testing::{assert_hygienic, compile_errors, pretty};

fn build(input: &DeriveInput) -> Result<Claims, Vec<String>> {
    let errors = Errors::new();
    let claims = Claims::new(Input::parse(input, &errors), &errors);
    errors.finish(claims).map_err(compile_errors)
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
            "no field of `User` is marked #[claims(subject)]\nhelp: write #[claims(subject)] above the field that identifies the user"
        ]
    );
}

#[test]
fn every_mark_is_on_one_field() {
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
            "#[claims(roles)] and #[claims(scopes)] are on one field\nhelp: give each a field of its own",
            "two fields are marked #[claims(subject)]\nhelp: keep one; `id` is marked already",
            "two fields are marked #[claims(roles)]\nhelp: keep one; `both` is marked already",
        ]
    );
}

#[test]
fn registered_claims_are_not_the_applications() {
    let help = "help: rename the field, or give it another name in the token with #[serde(rename = \"...\")]";
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
            "field `parent` collides with the registered claim `sub`\n\
             help: mark the user's identifier with #[claims(subject)], or give it another name in the token with \
             #[serde(rename = \"...\")]"
                .to_owned(),
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

/// Row 61: only the server says that a user is impersonated (RFC 8693 section 4.1).
#[test]
fn the_application_does_not_say_who_acts_for_the_user() {
    for field in ["act", "r#act", "#[serde(rename = \"act\")] actor", "#[serde(alias = \"act\")] actor"] {
        let input = syn::parse_str(&format!("struct User {{ #[claims(subject)] id: u64, {field}: String }}"));
        let found = sentences(&input.unwrap());
        assert_eq!(found.len(), 1, "{field}");
        assert!(found[0].ends_with("collides with the registered claim `act`"), "{found:?}");
    }
}

#[test]
fn a_mistaken_mark_is_the_only_mistake() {
    assert_eq!(
        sentences(&parse_quote!(
            struct User {
                #[claims(subject)]
                id: u64,
                #[claims(role)]
                roles: Vec<Role>,
            }
        )),
        ["unknown key `role` in #[claims(...)]"]
    );
    assert_eq!(
        sentences(&parse_quote!(
            struct User {
                #[claims]
                id: u64,
            }
        )),
        ["#[claims] takes its keys in parentheses"]
    );
    assert_eq!(
        sentences(&parse_quote!(
            #[claims(subject)]
            struct User {
                id: u64,
            }
        )),
        ["`subject` in #[claims(...)] belongs on a field"]
    );
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
        [
            "field `r#exp` collides with the registered claim `exp`",
            "two fields have the name `name` in the token"
        ]
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
    let shape = "#[derive(SessionClaims)] needs a struct with named fields, not";
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
            "#[derive(SessionClaims)] takes owned values, but `User` has a lifetime",
            "#[derive(SessionClaims)] does not support generic structs such as `User`",
        ]
    );
}

#[test]
fn serde_attributes_that_change_the_shape_are_refused() {
    for key in ["tag", "content", "untagged", "transparent", "from", "try_from", "into", "remote", "bound"] {
        let key = Ident::new(key, proc_macro2::Span::call_site());
        let input = parse_quote!(
            #[serde(#key = "x")]
            struct User {
                #[claims(subject)]
                id: u64,
            }
        );
        assert_eq!(sentences(&input), [format!("#[serde({key})] does not work in claims")]);
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
        assert_eq!(sentences(&input), [format!("#[serde({key})] does not work in claims")]);
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
            "#[serde(default)] cannot be used on the field marked #[claims(subject)]",
            "#[serde(with)] cannot be used on the field marked #[claims(roles)]",
            "#[serde(skip)] cannot be used on the field marked #[claims(scopes)]",
            "#[serde(skip_serializing_if)] cannot be used on the field marked #[claims(scopes)]",
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
            "unknown case \"camel\" in #[serde(rename_all)]\nnote: the cases are `lowercase`, `UPPERCASE`, `PascalCase`, \
             `camelCase`, `snake_case`, `SCREAMING_SNAKE_CASE`, `kebab-case`, `SCREAMING-KEBAB-CASE`",
            "`crate` in #[claims(...)] belongs on the struct\nhelp: move it there",
            "`subject` takes no value\nhelp: write `#[claims(subject)]`",
            "`rename` takes a string\nhelp: write `rename = \"...\"`",
            "#[serde(rename(...))] does not work in claims\n\
             help: write `rename = \"...\"`; a token is read as it is written",
            "`default` takes the path of a function\nhelp: write `default = \"path\"`",
            "`with` needs a value\nhelp: write `with = \"...\"`",
        ]
    );
}

#[test]
fn attributes_that_hold_no_keys_are_refused() {
    assert_eq!(
        sentences(&parse_quote!(
            struct User {
                #[claims(subject)]
                id: u64,
                #[serde]
                name: String,
            }
        )),
        ["#[serde] takes its keys in parentheses"]
    );
    let unreadable: [DeriveInput; 2] = [
        parse_quote!(
            struct User {
                #[claims(subject)]
                id: u64,
                #[serde(5)]
                name: String,
            }
        ),
        parse_quote!(
            struct User {
                #[claims(subject)]
                id: u64,
                #[claims(5)]
                name: String,
            }
        ),
    ];
    for input in unreadable {
        assert_eq!(mistakes(&input).len(), 1, "{:?}", mistakes(&input));
    }
}

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
    assert!(expansion.contains("type Role = __countersign::NoRole;"), "{expansion}");
    assert!(expansion.contains("RoleTable::of::<__countersign::NoRole>()"), "{expansion}");
}

#[test]
fn a_mistake_leaves_impls_that_stop_follow_up_errors() {
    let expansion = pretty(derive(&parse_quote!(
        struct User {
            id: u64,
        }
    )));
    // The mistake itself, and once in place of each type that is not known.
    assert_eq!(expansion.matches("compile_error").count(), 3);
    assert!(expansion.contains("impl __countersign::SessionClaims for User"), "{expansion}");
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
