//! The expansion of a check, and the mistakes in it.

use std::str::FromStr as _;

use expect_test::expect_file;
use proc_macro2::TokenStream;
use quote::quote;

use super::attribute;
use crate::testing::{assert_hygienic, compile_errors, pretty};

#[track_caller]
fn refused(arguments: &str, item: &str, expected: &[&str]) {
    let expanded = attribute(TokenStream::from_str(arguments).unwrap(), TokenStream::from_str(item).unwrap());
    assert_eq!(compile_errors(expanded), expected, "{item}");
}

#[test]
fn a_check_expands() {
    let expanded = attribute(
        quote!(not_found),
        quote! {
            /// Posts belong to those who wrote them.
            #[cfg(feature = "posts")]
            #[tracing::instrument]
            pub(crate) async fn owns_post(
                user: User,
                Path(id): Path<Uuid>,
                State(db): State<Db>,
            ) -> Result<bool, DbError> {
                Ok(db.owner(id).await? == user.id)
            }
        },
    );
    expect_file!["../../tests/expand/check.rs"].assert_eq(&pretty(expanded));
}

#[test]
fn a_check_without_arguments_and_with_a_raw_name_expands() {
    let expanded = attribute(
        TokenStream::new(),
        quote!(
            async fn r#type() -> bool {
                true
            }
        ),
    );
    let text = expanded.to_string();
    assert!(text.contains("\"type\") , not_found : false"), "{text}");
    assert!(text.contains("enum r#type { }") || text.contains("enum r#type {}"), "{text}");
}

#[test]
fn a_check_is_a_free_concrete_async_function() {
    let above = "#[check] goes above an async function";
    refused("", "fn owns() -> bool { true }", &[&format!("{above}\nhelp: write `async fn owns`")]);
    for item in ["struct S;", "impl S {}", "mod m {}", "static X: u8 = 1;"] {
        refused(
            "",
            item,
            &[&format!("{above}\nhelp: put it above each function that a rule asks with check(...)")],
        );
    }
    refused(
        "",
        "async fn owns(&self) -> bool { true }",
        &[
            "#[check] goes above a free function, and `owns` is in an `impl`\nhelp: move `owns` out of the `impl`",
        ],
    );
    let generic = "a function under #[check] cannot be generic\nhelp: write the types out\n\
                   note: a rule asks one function, with the types that it has";
    for item in ["async fn owns<T>(_: T) -> bool {}", "async fn owns(_: impl Send) -> bool {}"] {
        refused("", item, &[generic]);
    }
    refused(
        "",
        "async unsafe fn owns() -> bool { true }",
        &["a function under #[check] cannot be `unsafe`\nhelp: write `async fn owns`"],
    );
}

#[test]
fn a_check_takes_its_arguments_by_value() {
    let refusal = "a function under #[check] takes its arguments by value\n\
                   help: write an extractor without the `&`, as in `user: User` or `Path(id): Path<u64>`\n\
                   note: its arguments are taken from the request, like those of a handler";
    refused("", "async fn owns(user: &User, parts: &mut Parts) -> bool { true }", &[refusal, refusal]);
    refused(
        "",
        "async fn owns(#[cfg(unix)] user: User) -> bool { true }",
        &["an argument of a function under #[check] cannot depend on `cfg`\n\
           help: put the `cfg` above a function of its own"],
    );
}

#[test]
fn a_check_takes_no_body() {
    for (ty, name) in
        [("axum::Json<Post>", "Json"), ("Bytes", "Bytes"), ("String", "String"), ("Form<Post>", "Form")]
    {
        refused(
            "",
            &format!("async fn owns(body: {ty}) -> bool {{ true }}"),
            &[&format!(
                "a function under #[check] cannot take the body, as `{name}` does\n\
                 help: take the claims, `Path<...>`, `Query<...>`, `State<...>` or headers\n\
                 note: a check decides before the body is read"
            )],
        );
    }
    refused("", "async fn owns(id: Path<String>, filter: Option<Query<Form>>) -> bool { true }", &[]);
}

#[test]
fn a_check_has_an_answer() {
    let help = "help: write `async fn owns(...) -> bool`, or `-> Result<bool, ...>` if it can fail";
    refused(
        "",
        "async fn owns() {}",
        &[&format!("a function under #[check] has to return whether the request may pass\n{help}")],
    );
    refused(
        "",
        "async fn owns() -> Result<bool, impl Error> { Ok(true) }",
        &[&format!("a function under #[check] has to name the type that it returns\n{help}")],
    );
}

#[test]
fn a_check_is_nothing_else() {
    let both = |name| {
        format!(
            "#[check] and #[{name}] cannot be on the same function\n\
             help: write two functions: one that a rule asks, and one that handles requests\n\
             note: name the first one in the rule above the second, as in #[require(check(owns_post))]"
        )
    };
    for name in ["authenticated", "require", "require_scope", "utoipa::path"] {
        refused("", &format!("#[{name}(x)] async fn owns() -> bool {{ true }}"), &[&both(name)]);
    }
    refused(
        "",
        "#[check] async fn owns() -> bool { true }",
        &["#[check] is written twice above one function\nhelp: keep one of the two"],
    );
}

#[test]
fn the_keys_of_a_check_are_checked() {
    let item = "async fn owns() -> bool { true }";
    refused("not_found, crate = kit", item, &[]);
    refused(
        "notfound",
        item,
        &["unknown key `notfound` in #[check(...)]\nhelp: did you mean `not_found`?\n\
           note: the keys are `not_found`, `crate`"],
    );
    refused("not_found = true", item, &["`not_found` takes no value\nhelp: write `not_found`"]);
    refused(
        "\"not_found\"",
        item,
        &["#[check(...)] takes keys, but this value has no key\nnote: the keys are `not_found`, `crate`"],
    );
}

#[test]
fn a_mistaken_function_survives_as_it_was() {
    let item = quote!(
        fn owns() {}
    );
    assert!(attribute(TokenStream::new(), item.clone()).to_string().ends_with(&item.to_string()));
}

#[test]
fn the_expansion_names_nothing_but_the_runtime() {
    assert_hygienic(attribute(
        quote!(crate = other),
        quote!(
            async fn owns(user: User) -> bool {
                true
            }
        ),
    ));
}
