#[cfg(feature = "openapi")]
mod expansion;

use std::str::FromStr as _;

use proc_macro2::TokenStream;
use quote::quote;

use super::{Attribute, attribute};
use crate::testing::compile_errors;

/// The texts of the `compile_error!`s in an expansion.
pub(crate) fn mistakes(kind: Attribute, arguments: &str, item: &str) -> Vec<String> {
    compile_errors(attribute(kind, tokens(arguments), tokens(item)))
}

pub(crate) fn tokens(text: &str) -> TokenStream {
    TokenStream::from_str(text).unwrap()
}

#[track_caller]
fn refused(kind: Attribute, arguments: &str, item: &str, expected: &[&str]) {
    assert_eq!(mistakes(kind, arguments, item), expected);
}

pub(crate) const HANDLER: &str = "async fn me() {}";

#[test]
fn a_role_list_is_not_empty() {
    let none = "#[require_role] names no role\n\
                help: write #[require_role(\"admin\")], or #[authenticated] for any signed-in user";
    refused(Attribute::RequireRole, "", HANDLER, &[none]);
}

#[test]
fn a_role_is_a_scope_token() {
    refused(
        Attribute::RequireRole,
        r#""", "admin, support", "a\"b", "é""#,
        HANDLER,
        &[
            "a role in #[require_role(...)] is empty\n\
             help: name the role, or write #[authenticated] for any signed-in user",
            "a role in #[require_role(...)] cannot contain ' '\n\
             help: list several roles with commas: #[require_role(\"admin\", \"support\")]\n\
             note: a role is made of visible ASCII characters without quotes and backslashes",
            "a role in #[require_role(...)] cannot contain '\"'\n\
             help: rename the role\n\
             note: a role is made of visible ASCII characters without quotes and backslashes",
            "a role in #[require_role(...)] cannot contain 'é'\n\
             help: rename the role\n\
             note: a role is made of visible ASCII characters without quotes and backslashes",
        ],
    );
}

#[test]
fn a_role_is_a_string_or_a_path() {
    let wrong = "a role in #[require_role(...)] is a string or a path\nhelp: write \"admin\" or Role::Admin";
    refused(Attribute::RequireRole, r#"5, role("admin"), b"admin""#, HANDLER, &[wrong; 3]);
    let bare = |word, written| {
        format!("the {word} `write` needs quotes in #[require_{word}(...)]\nhelp: write {written}")
    };
    refused(Attribute::RequireRole, "write", HANDLER, &[&bare("role", "\"write\"")]);
    refused(Attribute::RequireScope, "write", HANDLER, &[&bare("scope", "\"write\"")]);
    refused(
        Attribute::RequireRole,
        r#"["admin", Role::Support]"#,
        HANDLER,
        &[
            "roles are listed without brackets in #[require_role(...)]\nhelp: write #[require_role(\"admin\", Role::Support)]",
        ],
    );
}

#[test]
fn a_role_is_between_two_commas() {
    let missing = "a role is missing between two commas in #[require_role(...)]\nhelp: remove one of the two";
    refused(Attribute::RequireRole, r#""admin", , "support""#, HANDLER, &[missing]);
}

#[test]
fn a_role_is_listed_once() {
    let twice = |role| {
        format!("the role `{role}` is listed twice in #[require_role(...)]\nhelp: keep one of the two")
    };
    refused(Attribute::RequireRole, r#""admin", "admin""#, HANDLER, &[&twice("admin")]);
    refused(Attribute::RequireRole, "Role::Admin, Role::Admin", HANDLER, &[&twice("Admin")]);
}

#[test]
fn a_misspelt_key_is_corrected() {
    refused(
        Attribute::RequireRole,
        r#""admin", crat = x"#,
        HANDLER,
        &["unknown key `crat` in #[require_role(...)]\nhelp: did you mean `crate`?\n\
             note: the keys are `live`, `both_tokens`, `deny_impersonated`, `machine`, `crate`"],
    );
    refused(
        Attribute::RequireRole,
        r#"role = "admin""#,
        HANDLER,
        &["`role` is not a key of #[require_role(...)]\n\
           help: write the roles alone, as in #[require_role(\"admin\")]"],
    );
    refused(
        Attribute::Public,
        r#"reson = "probe""#,
        HANDLER,
        &["unknown key `reson` in #[public(...)]\nhelp: did you mean `reason`?\n\
           note: the keys are `reason`, `crate`"],
    );
    refused(
        Attribute::Authenticated,
        "life, both_token, fresh",
        HANDLER,
        &[
            "unknown key `life` in #[authenticated(...)]\nhelp: did you mean `live`?\n\
             note: the keys are `live`, `both_tokens`, `deny_impersonated`, `machine`, `crate`",
            "unknown key `both_token` in #[authenticated(...)]\nhelp: did you mean `both_tokens`?\n\
             note: the keys are `live`, `both_tokens`, `deny_impersonated`, `machine`, `crate`",
            "unknown key `fresh` in #[authenticated(...)]\nnote: the keys are `live`, `both_tokens`, `deny_impersonated`, `machine`, `crate`",
        ],
    );
    refused(
        Attribute::RequireRole,
        r#""admin", lives, BOTH_TOKENS"#,
        HANDLER,
        &["unknown key `lives` in #[require_role(...)]\nhelp: did you mean `live`?\n\
           note: the keys are `live`, `both_tokens`, `deny_impersonated`, `machine`, `crate`"],
    );
}

#[test]
fn a_flag_is_given_once_and_has_no_value() {
    for (kind, role, name) in [
        (Attribute::Authenticated, "", "authenticated"),
        (Attribute::RequireRole, r#""admin", "#, "require_role"),
    ] {
        for word in ["live", "both_tokens", "machine"] {
            refused(kind, &format!("{role}{word}"), HANDLER, &[]);
            refused(
                kind,
                &format!("{role}{word}, {word}"),
                HANDLER,
                &[&format!("`{word}` is given twice in #[{name}(...)]\nhelp: keep one of the two")],
            );
            let valueless = format!("`{word}` takes no value\nhelp: write `{word}`");
            refused(kind, &format!("{role}{word} = true"), HANDLER, &[&valueless]);
            refused(kind, &format!("{role}{word}(\"5m\")"), HANDLER, &[&valueless]);
        }
        refused(kind, &format!("{role}machine, deny_impersonated"), HANDLER, &[]);
        for word in ["live", "both_tokens"] {
            refused(
                kind,
                &format!("{role}machine, {word}"),
                HANDLER,
                &[&format!(
                    "no caller satisfies both `{word}` and `machine`\nhelp: remove one of the two\n\
                     note: a machine has no session of this server"
                )],
            );
        }
        refused(
            kind,
            &format!("{role}live, both_tokens"),
            HANDLER,
            &["`both_tokens` already asks for a live session\nhelp: remove `live`"],
        );
    }
    refused(Attribute::RequireRole, r#"live, "admin", "support""#, HANDLER, &[]);
    refused(Attribute::RequireRole, r#""alive", Role::Live, Live, LIVE"#, HANDLER, &[]);
}

#[test]
fn a_flag_is_not_a_role() {
    for word in ["live", "both_tokens", "machine"] {
        refused(
            Attribute::RequireRole,
            &format!("\"admin\", \"{word}\""),
            HANDLER,
            &[&format!("`{word}` is written without quotes in #[require_role(...)]\nhelp: write {word}")],
        );
    }
    for (word, help) in [
        ("live", "write #[require_role(\"admin\", live)], or #[authenticated(live)] for any signed-in user"),
        (
            "both_tokens",
            "write #[require_role(\"admin\", both_tokens)], or #[authenticated(both_tokens)] for any signed-in user",
        ),
        (
            "machine",
            "write #[require_role(\"admin\", machine)], or #[authenticated(machine)] for any machine",
        ),
    ] {
        refused(
            Attribute::RequireRole,
            word,
            HANDLER,
            &[&format!("#[require_role] names no role\nhelp: {help}")],
        );
        refused(
            Attribute::Authenticated,
            &format!("\"{word}\""),
            HANDLER,
            &[&format!(
                "`{word}` is written without quotes in #[authenticated(...)]\nhelp: write #[authenticated({word})]"
            )],
        );
        refused(
            Attribute::Public,
            &format!("reason = \"probe\", {word}"),
            HANDLER,
            &[&format!(
                "`{word}` cannot be used in #[public(...)]\nhelp: write #[authenticated({word})] if callers have to be \
                 signed in\nnote: a public handler does not look at credentials, so there is no session to ask about"
            )],
        );
    }
    assert_eq!(mistakes(Attribute::Public, "live", HANDLER).len(), 1, "one mistake is one error");
}

#[test]
fn authenticated_takes_no_roles() {
    refused(
        Attribute::Authenticated,
        r#""admin""#,
        HANDLER,
        &["#[authenticated] lets in any signed-in user and takes no roles\n\
           help: write #[require_role(\"admin\")] for users with a role"],
    );
}

#[test]
fn a_public_handler_has_a_reason() {
    let missing = "#[public] does not say why anyone may call this handler\n\
                   help: write #[public(reason = \"health probe\")]";
    let empty = "the reason in #[public(...)] is empty\n\
                 help: say why anyone may call this handler, as in reason = \"health probe\"";
    refused(Attribute::Public, "", HANDLER, &[missing]);
    refused(Attribute::Public, r#"reason = """#, HANDLER, &[empty]);
    refused(Attribute::Public, "reason = \" \\t\"", HANDLER, &[empty]);
    refused(
        Attribute::Public,
        r#""probe""#,
        HANDLER,
        &["#[public] takes its reason by name\nhelp: write #[public(reason = \"probe\")]"],
    );
    refused(
        Attribute::Public,
        "reason = 5",
        HANDLER,
        &["`reason` takes a string\nhelp: write `reason = \"...\"`"],
    );
}

#[test]
fn an_access_attribute_is_above_a_function() {
    let wrong =
        "#[authenticated] goes above an async function\nhelp: put it above each handler that it is for";
    for item in
        ["struct S;", "pub(crate) enum E {}", "impl S {}", "mod m {}", "const X: u8 = 1;", "trait T {}"]
    {
        refused(Attribute::Authenticated, "", item, &[wrong]);
    }
}

#[test]
fn a_handler_is_a_free_async_function_without_qualifiers() {
    let kind = Attribute::Authenticated;
    refused(
        kind,
        "",
        "fn me() {}",
        &["#[authenticated] goes above an async function\nhelp: write `async fn me`"],
    );
    refused(
        kind,
        "",
        "async fn me(&self) {}",
        &[
            "#[authenticated] goes above a free function, and `me` is in an `impl`\nhelp: move `me` out of the `impl`",
        ],
    );
    refused(
        kind,
        "",
        "async unsafe fn me() {}",
        &["a handler under #[authenticated] cannot be `unsafe`\nhelp: write `async fn me`"],
    );
    refused(
        kind,
        "",
        "async extern \"C\" fn me() {}",
        &["a handler under #[authenticated] cannot be `extern`\nhelp: write `async fn me`"],
    );
}

#[test]
fn a_handler_is_concrete() {
    let generic = "a handler under #[authenticated] cannot be generic\nhelp: write the types out\n\
                   note: a route runs one function, and its guard is made for that one";
    for item in [
        "async fn me<T>(_: T) {}",
        "async fn me<'a>(_: &'a str) {}",
        "async fn me<const N: usize>() {}",
        "async fn me<T>(_: T) where T: Send {}",
        "async fn me(_: impl Send) {}",
        "async fn me(_: Json<impl Send>) {}",
    ] {
        refused(Attribute::Authenticated, "", item, &[generic]);
    }
    refused(
        Attribute::Authenticated,
        "",
        "async fn me() where String: Send {}",
        &["a handler under #[authenticated] cannot have a `where` clause\nhelp: remove it"],
    );
}

#[test]
fn a_handler_is_not_variadic() {
    refused(
        Attribute::Authenticated,
        "",
        "async fn me(_: ...) {}",
        &["a handler under #[authenticated] cannot be variadic\nhelp: remove it"],
    );
}

#[test]
fn what_syn_cannot_read_is_a_mistake() {
    for unreadable in ["pub(in) async fn me() {}", "async fn {}", "#[] async fn me() {}"] {
        let expanded =
            attribute(Attribute::Authenticated, TokenStream::new(), tokens(unreadable)).to_string();
        assert!(expanded.contains("compile_error"), "{unreadable}: {expanded}");
        assert!(!expanded.contains("not named"), "{unreadable}: {expanded}");
    }
}

#[test]
fn a_handler_has_room_for_the_guard() {
    let arguments = |count| format!("async fn me({}) {{}}", vec!["_: User"; count].join(", "));
    refused(Attribute::Authenticated, "", &arguments(15), &[]);
    refused(
        Attribute::Authenticated,
        "",
        &arguments(16),
        &["a handler under #[authenticated] takes at most 15 arguments\n\
           help: put several extractors into one tuple argument\nnote: axum takes 16, and the guard is one of them"],
    );
}

#[test]
fn a_handler_has_one_access_attribute() {
    refused(
        Attribute::RequireRole,
        r#""admin""#,
        r#"#[require_role("support")] async fn me() {}"#,
        &["#[require_role] is written twice above one handler\n\
           help: write #[require(role(\"admin\") && role(\"support\"))] where both are needed; \
           #[require_role(\"admin\", \"support\")] lets in users with one of them"],
    );
    refused(
        Attribute::RequireRole,
        r#""admin""#,
        r#"#[countersign::public(reason = "x")] async fn me() {}"#,
        &["#[require_role] and #[public] contradict each other\nhelp: keep one of the two"],
    );
    refused(
        Attribute::RequireRole,
        r#""admin""#,
        "#[authenticated] async fn me() {}",
        &["#[require_role] and #[authenticated] cannot be on the same handler\n\
           help: remove #[authenticated]; a user with a role is signed in"],
    );
    refused(
        Attribute::Authenticated,
        "",
        "#[authenticated] async fn me() {}",
        &["#[authenticated] is written twice above one handler\nhelp: keep one of the two"],
    );
}

#[test]
fn every_mistake_is_reported_at_once() {
    let found = mistakes(Attribute::RequireRole, r#""", 5, crat = x"#, r#"#[public] unsafe fn me<T>() {}"#);
    assert_eq!(found.len(), 6, "{found:#?}");
}

#[test]
#[cfg(feature = "openapi")]
fn security_is_not_written_by_hand() {
    refused(
        Attribute::RequireRole,
        r#""admin""#,
        r#"#[utoipa::path(get, path = "/", security(("bearer" = [])))] async fn me() {}"#,
        &["#[require_role] writes `security(...)` into #[utoipa::path] itself\nhelp: remove it here\n\
           note: written by hand, it could contradict what the server enforces"],
    );
}

#[test]
fn an_item_that_is_no_function_survives_without_the_attributes_of_functions() {
    let expanded = attribute(
        Attribute::Authenticated,
        TokenStream::new(),
        tokens(
            "#[inline] #[utoipa::path(get)] #[axum::debug_handler] #[countersign::check] pub(crate) struct S;",
        ),
    );
    assert!(
        expanded.to_string().ends_with(&tokens("#[inline] pub(crate) struct S;").to_string()),
        "{expanded}"
    );
}

/// Everything that takes a handler takes what is written there.
#[test]
fn a_handler_with_a_mistaken_signature_is_replaced_by_one_that_answers_nothing() {
    let stand_in = |item| {
        let expanded = attribute(Attribute::Authenticated, TokenStream::new(), tokens(item)).to_string();
        let (_, rest) = expanded.rsplit_once("compile_error").unwrap();
        rest.split_once('}').unwrap().1.split_whitespace().collect::<String>()
    };
    let body = |original: &str| {
        format!(
            "asyncfnme(_:::countersign::__private::DenyAll)->::core::convert::Infallible\
             {{{original}::core::future::pending().await}}"
        )
    };
    for (item, original) in [
        ("fn me() -> Json<u8> { Json(5) }", "fnme()->Json<u8>{Json(5)}"),
        ("unsafe fn me() {}", "unsafefnme(){}"),
        ("async fn me<T>(_: T) {}", "asyncfnme<T>(_:T){}"),
        ("async fn me(_: &User) {}", "asyncfnme(_:&User){}"),
        ("const async fn me() {}", "asyncfnme(){}"),
        ("async fn me() -> u64 { 5 }", "asyncfnme()->u64{5}"),
        ("async fn me(_: _) {}", ""),
        ("async fn me(_: [u8]) {}", ""),
        ("async fn me(_: dyn Send) {}", ""),
    ] {
        assert_eq!(stand_in(item), body(original), "{item}");
    }
    assert_eq!(
        stand_in(
            "/// Me\n#[utoipa::path(get)] #[tracing::instrument(skip(a))] #[cfg(unix)] fn me(a: User) {}"
        ),
        format!("#[doc=\"Me\"]#[utoipa::path(get)]#[cfg(unix)]{}", body("fnme(a:User){}"))
    );
}

#[test]
fn an_argument_is_taken_by_value() {
    let kind = Attribute::Authenticated;
    let borrowed = |ty: &str| {
        format!("a handler under #[authenticated] takes its arguments by value, and `{ty}` is borrowed")
    };
    refused(
        kind,
        "",
        "async fn me(user: &User) {}",
        &[&format!("{}\nhelp: write `User`", borrowed("&User"))],
    );
    refused(
        kind,
        "",
        "async fn me(_: (User, &mut Db)) {}",
        &[&format!("{}\nhelp: write `Db`", borrowed("&mut Db"))],
    );
    refused(
        kind,
        "",
        "async fn me(name: &'static str) {}",
        &[&format!(
            "{}\nhelp: write an extractor, as in `Path(name): Path<String>`, or `String` for the body",
            borrowed("&'static str")
        )],
    );
}

#[test]
fn an_argument_is_an_extractor() {
    for ty in ["u64", "Vec<User>", "bool"] {
        let help =
            format!("write where it comes from, as in `Path(id): Path<{ty}>`, `Query(...)` or `Json(...)`");
        let refusal = format!("`{ty}` is not an extractor\nhelp: {help}");
        refused(Attribute::Authenticated, "", &format!("async fn me(_: {ty}) {{}}"), &[&refusal]);
    }
    refused(Attribute::Authenticated, "", "async fn me(#[cfg(unix)] _: u64) {}", &[]);
    refused(
        Attribute::Authenticated,
        "",
        "async fn me(_: Path<Self>) {}",
        &["#[authenticated] goes above a free function, which has no `Self`\nhelp: write the type out"],
    );
}

#[test]
fn the_body_is_read_last() {
    let early = |ty: &str| format!("`{ty}` reads the body and has to be the last argument");
    let moved = "help: move it behind the other arguments";
    for ty in
        ["Json<Credentials>", "String", "Bytes", "Option<Json<u8>>", "axum::extract::Request", "Form<u8>"]
    {
        let refusal = format!("{}\n{moved}", early(ty));
        refused(
            Attribute::Authenticated,
            "",
            &format!("async fn me(body: {ty}, user: User) {{}}"),
            &[&refusal],
        );
        refused(
            Attribute::Authenticated,
            "",
            &format!("async fn me((body, user): ({ty}, User)) {{}}"),
            &[&refusal],
        );
        refused(Attribute::Authenticated, "", &format!("async fn me(user: User, body: {ty}) {{}}"), &[]);
    }
    refused(
        Attribute::Authenticated,
        "",
        "async fn me(a: Json<A>, b: Json<B>) {}",
        &[&format!("{}\nhelp: remove it, or `Json<B>`: a body is read once", early("Json<A>"))],
    );
}

#[test]
fn an_answer_is_a_response() {
    for (ty, part, help) in [
        ("u64", "u64", "return `Json<u64>`"),
        ("Option<User>", "Option<User>", "return `Json<Option<User>>`"),
        ("Result<Vec<User>, AppError>", "Vec<User>", "return `Json<Vec<User>>`"),
        (
            "Result<Json<u8>, Box<dyn Error>>",
            "Box<dyn Error>",
            "return an error type of your own that implements `IntoResponse`",
        ),
    ] {
        let refusal = format!("`{part}` is not a response\nhelp: {help}");
        refused(Attribute::Authenticated, "", &format!("async fn me() -> {ty} {{}}"), &[&refusal]);
    }
}

#[test]
fn a_handler_with_mistaken_roles_admits_no_request_and_still_declares_an_access() {
    let expanded = attribute(
        Attribute::RequireRole,
        quote!(""),
        quote!(
            async fn me() {}
        ),
    )
    .to_string();
    assert!(expanded.contains("Rule :: Any (& [])"), "{expanded}");
    assert!(expanded.contains("async fn me (_ : :: countersign :: __private :: DenyAll ,)"), "{expanded}");
}

#[test]
fn a_body_is_never_parsed() {
    let expanded = attribute(Attribute::Authenticated, TokenStream::new(), quote!(async fn me() { let = ; }));
    assert!(expanded.to_string().contains("let = ;"));
}
