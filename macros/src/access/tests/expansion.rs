//! The expansion of handlers without mistakes.

use expect_test::{ExpectFile, expect_file};
use proc_macro2::TokenStream;
use quote::quote;

use super::{HANDLER, tokens};
use crate::access::{Attribute, attribute};
use crate::testing::{assert_hygienic, captured, compile_errors, pretty};

#[track_caller]
fn expands(kind: Attribute, arguments: TokenStream, item: TokenStream, expected: ExpectFile) {
    expected.assert_eq(&pretty(attribute(kind, arguments, item)));
}

#[test]
fn a_documented_handler_expands() {
    expands(
        Attribute::RequireRole,
        quote!("admin", Role::Support),
        quote! {
            /// Every member
            #[utoipa::path(get, path = "/members", responses((status = 200, body = Vec<Member>)))]
            pub async fn members(State(db): State<Db>, user: User) -> Result<Json<Vec<Member>>, AppError> {
                Ok(Json(db.members(user.id).await?))
            }
        },
        expect_file!["../../../tests/expand/handler.rs"],
    );
}

#[test]
fn a_handler_with_a_rule_expands() {
    expands(
        Attribute::Require,
        quote! {
            (role("admin") || CanPublish && !scope("drafts")) && fresh("10m") && check(posts::owns_post),
            crate = kit::auth
        },
        quote! {
            #[utoipa::path(put, path = "/posts/{id}")]
            pub async fn publish(user: User, proof: Proof<CanPublish>) {}
        },
        expect_file!["../../../tests/expand/rule_handler.rs"],
    );
}

#[test]
fn a_handler_with_scopes_expands() {
    expands(
        Attribute::RequireScope,
        quote!("posts:write", "posts:admin", deny_impersonated),
        quote! {
            #[utoipa::path(put, path = "/posts/{id}")]
            async fn write() {}
        },
        expect_file!["../../../tests/expand/scope_handler.rs"],
    );
}

#[test]
fn a_handler_for_machines_and_one_issuer_expands() {
    expands(
        Attribute::Require,
        quote!(scope("orders:read") && issuer("acme") && (machine || !issuer("own") && role("clerk"))),
        quote! {
            #[utoipa::path(get, path = "/orders")]
            async fn orders() {}
        },
        expect_file!["../../../tests/expand/machine_handler.rs"],
    );
}

/// Row 53: TRACE sends credentials back.
#[test]
fn no_handler_answers_trace() {
    for (kind, arguments) in [
        (Attribute::Authenticated, TokenStream::new()),
        (Attribute::Public, quote!(reason = "probe")),
        (Attribute::Require, quote!(live)),
        (Attribute::RequireRole, quote!("a")),
        (Attribute::RequireScope, quote!("a")),
    ] {
        for (methods, refused) in
            [("trace", true), ("method(get, trace)", true), ("get", false), ("method(get, head)", false)]
        {
            let item = format!(
                "#[utoipa::path({methods}, path = \"/trace\", tag = \"trace\")] async fn trace() {{}}"
            );
            let found = compile_errors(attribute(kind, arguments.clone(), tokens(&item)));
            assert_eq!(found.len(), usize::from(refused), "{methods} {found:?}");
        }
    }
}

/// The router, which has the constant, adds the responses that the attribute cannot know.
#[test]
fn the_document_says_what_the_tokens_tell() {
    let statuses = |rule| {
        let item = tokens("#[utoipa::path(get, path = \"/\")] async fn me() {}");
        let expanded = attribute(Attribute::Require, rule, item).to_string().replace(' ', "");
        [401, 403, 404, 503]
            .into_iter()
            .filter(|status| expanded.contains(&format!("status={status}")))
            .collect::<Vec<_>>()
    };
    assert_eq!(statuses(quote!(live)), [401, 503]);
    assert_eq!(statuses(quote!(fresh("10m"))), [401]);
    assert_eq!(statuses(quote!(both_tokens)), [401, 503]);
    assert_eq!(statuses(quote!(deny_impersonated)), [401, 403]);
    assert_eq!(statuses(quote!(!role("a"))), [401, 403]);
    assert_eq!(statuses(quote!(check(owns))), [401, 503]);
    assert_eq!(statuses(quote!(Named)), [401]);
    assert_eq!(statuses(quote!(scope("a") && check(owns))), [401, 403, 503]);
}

#[test]
fn the_names_that_suffice_are_alternatives() {
    let security = |rule| {
        let item = tokens("#[utoipa::path(get, path = \"/\")] async fn me() {}");
        let expanded = attribute(Attribute::Require, rule, item).to_string().replace(' ', "");
        let (_, rest) = expanded.split_once("security(").unwrap();
        rest.split_once(")]asyncfn")
            .unwrap()
            .0
            .trim_end_matches(')')
            .replace("\"bearer\"=", "")
            .replace(['(', ')'], "")
    };
    assert_eq!(security(quote!(role("a") && scope("b"))), r#"["a","b"]"#);
    assert_eq!(security(quote!(role("a") && (scope("b") || scope("c")))), r#"["a","b"],["a","c"]"#);
    assert_eq!(security(quote!(role("a") || role("a") && live)), r#"["a"]"#);
    assert_eq!(security(quote!(role("a") && !role("b") && Named)), r#"["a"]"#);
    assert_eq!(security(quote!(role("a") || Named)), r#"["a"],[]"#);
    assert_eq!(
        security(quote!(both_tokens && role(S::A))),
        r#"[::countersign::__private::role_at&S::A,&S::A.as_str],"refreshToken"=[]"#
    );
    let many = (0..7).map(|index| format!("(role(\"a{index}\") || role(\"b{index}\"))")).collect::<Vec<_>>();
    assert_eq!(security(tokens(&many.join(" && "))), "[]", "128 alternatives");
}

#[test]
fn a_handler_that_looks_the_session_up_expands() {
    expands(
        Attribute::RequireRole,
        quote!("admin", Role::Support, live),
        quote! {
            #[utoipa::path(get, path = "/payouts", responses((status = 200), (status = 503, description = "Closed")))]
            async fn payouts() {}
        },
        expect_file!["../../../tests/expand/live_handler.rs"],
    );
}

#[test]
fn a_handler_that_takes_both_tokens_expands() {
    expands(
        Attribute::RequireRole,
        quote!(both_tokens, "admin"),
        quote! {
            #[utoipa::path(delete, path = "/account")]
            async fn close(session: RefreshSession<User>) {}
        },
        expect_file!["../../../tests/expand/both_tokens_handler.rs"],
    );
}

#[test]
fn flags_are_one_rule_with_the_roles() {
    let rule = |kind, arguments| {
        let expanded = attribute(kind, arguments, tokens(HANDLER)).to_string().replace(' ', "");
        let (_, rest) = expanded.split_once("__private::Access=::countersign::__private::Access::").unwrap();
        rest.split_once(';').unwrap().0.replace("::countersign::__private::", "")
    };
    let role = "Rule::Role(\"a\")";
    for (word, atom) in [(quote!(live), "Rule::Live"), (quote!(both_tokens), "Rule::BothTokens")] {
        assert_eq!(rule(Attribute::Authenticated, word.clone()), format!("Require({atom})"));
        assert_eq!(
            rule(Attribute::RequireRole, quote!("a", #word)),
            format!("Require(Rule::All(&[{role},{atom}]))")
        );
        assert_eq!(
            rule(Attribute::RequireRole, quote!("a", #word, "b")),
            format!("Require(Rule::All(&[Rule::Any(&[{role},Rule::Role(\"b\")]),{atom}]))")
        );
    }
}

/// The document would say that one token is enough.
#[test]
fn an_argument_that_takes_both_tokens_is_asked_whether_the_attribute_says_so() {
    let asked = |kind, arguments| {
        let item = quote!(
            async fn close(session: countersign::RefreshSession<User>, user: User) {}
        );
        attribute(kind, arguments, item).to_string().matches("check_covered").count()
    };
    for (kind, arguments) in [
        (Attribute::Authenticated, TokenStream::new()),
        (Attribute::Authenticated, quote!(live)),
        (Attribute::RequireRole, quote!("admin")),
        (Attribute::Require, quote!(role("admin"))),
    ] {
        assert_eq!(asked(kind, arguments), 1);
    }
}

#[test]
fn an_undocumented_handler_expands() {
    expands(
        Attribute::Authenticated,
        TokenStream::new(),
        quote! {
            #[tracing::instrument]
            async fn r#type(r#in: Query<Filter>) {}
        },
        expect_file!["../../../tests/expand/undocumented_handler.rs"],
    );
}

#[test]
fn a_public_handler_expands() {
    expands(
        Attribute::Public,
        quote!(reason = "health probe"),
        quote! {
            /// Health
            #[utoipa::path(get, path = "/health")]
            async fn health(
                (State(db), _): (State<Db>, HeaderMap),
                #[cfg(any())] user: User,
                session: Option<Session<User>>,
            ) {}
        },
        expect_file!["../../../tests/expand/public_handler.rs"],
    );
}

#[test]
fn arguments_from_fragments_of_a_macro_count() {
    let handler = || tokens(HANDLER);
    for (kind, from_fragments, plain) in [
        (
            Attribute::RequireRole,
            [captured(quote!("admin")), captured(quote!(Role::Member)), captured(quote!("a:b"))],
            [quote!("admin"), quote!(Role::Member), quote!("a:b")],
        ),
        (
            Attribute::Public,
            [captured(quote!("probe")), captured(quote!(a::b)), TokenStream::new()],
            [quote!("probe"), quote!(a::b), TokenStream::new()],
        ),
    ] {
        let arguments = |[one, two, three]: [TokenStream; 3]| match kind {
            Attribute::Public => quote!(reason = #one, crate = #two),
            _ => quote!(#one, #two, #three),
        };
        let expanded = attribute(kind, arguments(from_fragments), handler()).to_string();
        assert_eq!(expanded, attribute(kind, arguments(plain), handler()).to_string());
        assert!(!expanded.contains("compile_error"), "{expanded}");
    }
}

#[test]
fn a_fragment_that_is_no_role_is_refused() {
    let wrong = captured(quote!(role("admin")));
    let expanded = attribute(Attribute::RequireRole, wrong, tokens(HANDLER)).to_string();
    assert!(expanded.contains("is a string or a path"), "{expanded}");
}

#[test]
fn expansions_name_nothing_but_the_runtime() {
    for (kind, arguments) in [
        (Attribute::RequireRole, quote!("admin", Role::Admin, crate = other)),
        (Attribute::RequireRole, quote!("admin", both_tokens, crate = other)),
        (Attribute::Authenticated, quote!(crate = other)),
        (Attribute::Authenticated, quote!(live, crate = other)),
        (Attribute::Public, quote!(reason = "health probe", crate = other)),
    ] {
        let item = quote! {
            #[utoipa::path(get, path = "/")]
            async fn me(user: User) {}
        };
        assert_hygienic(attribute(kind, arguments.clone(), item));
        assert_hygienic(attribute(
            kind,
            arguments,
            quote!(
                async fn me(user: User) {}
            ),
        ));
    }
}

#[test]
fn a_marker_never_takes_a_name_that_a_path_needs() {
    let expanded = attribute(
        Attribute::RequireRole,
        quote!("Role", Role::Admin, "type", "self", "5", "a:b", "a-b", crate = other),
        quote!(
            async fn me() {}
        ),
    );
    let file = pretty(expanded);
    for marker in ["Role_", "Admin", "type_", "self_", "_5", "a_colon_b", "a_dash_b"] {
        assert!(file.contains(&format!("pub enum {marker} {{}}")), "{marker}\n{file}");
    }
}
