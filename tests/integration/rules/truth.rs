//! Rules compared with the same expressions as rustc reads them.

use std::cell::RefCell;

use axum::http::StatusCode;
use countersign::{AuthRouter, require, routes};
use serde_json::json;

use crate::support::{App, AppState, forge, payload};

const ROLES: [&str; 2] = ["member", "support"];
const SCOPES: [&str; 2] = ["read", "write"];

thread_local! {
    /// The roles and scopes of the current user.
    static HELD: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

fn held(name: &str) -> bool {
    HELD.with_borrow(|held| held.contains(&name))
}

// The names that the expressions use, as functions.
use held as role;
use held as scope;

macro_rules! compared {
    ($($name:ident at $path:literal: { $($rule:tt)* })*) => {
        $(
            mod $name {
                #[allow(unused_imports)]
                use super::{require, role, scope};

                #[require($($rule)*)]
                #[utoipa::path(get, path = $path)]
                pub(super) async fn handler() {}

                #[allow(unused_parens, clippy::double_parens, clippy::nonminimal_bool)]
                pub(super) fn holds() -> bool {
                    $($rule)*
                }
            }
        )*

        const EXPECTED: &[(&str, fn() -> bool)] = &[$(($path, $name::holds)),*];

        fn routed(router: AuthRouter<AppState>) -> AuthRouter<AppState> {
            router$(.routes(routes!($name::handler)))*
        }
    };
}

compared! {
    one at "/1": { role("member") }
    not at "/2": { !role("member") }
    not_not at "/3": { !!role("member") }
    and at "/4": { role("member") && scope("read") }
    or at "/5": { role("member") || scope("read") }
    or_and at "/6": { role("member") || role("support") && scope("read") }
    and_or at "/7": { role("member") && role("support") || scope("read") }
    group_and at "/8": { (role("member") || role("support")) && scope("read") }
    and_group at "/9": { role("member") && (role("support") || scope("read")) }
    not_binds_first at "/10": { !role("member") && scope("read") }
    not_a_group at "/11": { !(role("member") && scope("read")) }
    not_an_or at "/12": { !(role("member") || scope("read")) }
    four at "/13": { role("member") && scope("read") || role("support") && scope("write") }
    four_or at "/14": { role("member") || role("support") && scope("read") || scope("write") }
    four_and at "/15": { role("member") && (role("support") || scope("read")) && scope("write") }
    deep at "/16": { !(role("member") && !(role("support") || !(scope("read") && scope("write")))) }
    chain at "/17": { role("member") && role("support") && scope("read") && scope("write") }
    any at "/18": { role("member") || role("support") || scope("read") || scope("write") }
    none at "/19": { !(role("member") || role("support") || scope("read") || scope("write")) }
    twisted at "/20": { (!role("member") || scope("read")) && (role("support") || !scope("write")) }
    absorbed at "/21": { role("member") && (role("member") || scope("read")) }
    parentheses at "/22": { ((role("member"))) || ((!(scope("read"))) && (role("support"))) }
}

/// All 16 users, against all rules.
#[tokio::test]
async fn a_rule_decides_as_the_same_expression_in_rust() {
    let app = App::routed(routed);
    for user in 0..16_u8 {
        let holds = |bit: usize| user >> bit & 1 == 1;
        let roles: Vec<_> = (0..2).filter(|bit| holds(*bit)).map(|bit| ROLES[bit]).collect();
        let scopes: Vec<_> = (0..2).filter(|bit| holds(*bit + 2)).map(|bit| SCOPES[bit]).collect();
        let mut payload = payload();
        payload["roles"] = json!(roles);
        payload["scope"] = json!(scopes.join(" "));
        let token = forge(&payload);
        HELD.set([roles.clone(), scopes.clone()].concat());
        for (path, holds) in EXPECTED {
            let expected = if holds() { StatusCode::OK } else { StatusCode::FORBIDDEN };
            let answer = app.get(path, Some(&token)).await;
            assert_eq!(answer.status, expected, "{path} for {roles:?} with {scopes:?}");
        }
    }
}

#[tokio::test]
async fn no_rule_lets_in_anonymous_callers() {
    let app = App::routed(routed);
    for (path, _) in EXPECTED {
        app.get(path, None).await.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
    }
}

macro_rules! captured {
    ($one:expr, $other:expr, $path:path) => {
        #[require($one && $other)]
        #[utoipa::path(get, path = "/captured")]
        async fn captured() {}

        #[require(!$one && role($path))]
        #[utoipa::path(get, path = "/captured-not")]
        async fn captured_not() {}
    };
}

captured!(role("member") || scope("read"), role("support") || scope("write"), crate::support::Role::Support);

/// Spelled out without the fragments, it would be `role("member") || scope("read") && role("support") || scope("write")`.
#[tokio::test]
async fn captured_fragments_stay_together() {
    let app = App::routed(|router: AuthRouter<AppState>| router.routes(routes!(captured, captured_not)));
    for (roles, scope, status, not) in [
        (json!(["member"]), "", StatusCode::FORBIDDEN, StatusCode::FORBIDDEN),
        (json!([]), "write", StatusCode::FORBIDDEN, StatusCode::FORBIDDEN),
        (json!(["member"]), "write", StatusCode::OK, StatusCode::FORBIDDEN),
        (json!(["support"]), "read", StatusCode::OK, StatusCode::FORBIDDEN),
        (json!(["support"]), "write", StatusCode::FORBIDDEN, StatusCode::OK),
    ] {
        let mut payload = payload();
        payload["roles"] = roles;
        payload["scope"] = scope.into();
        let token = forge(&payload);
        assert_eq!(app.get("/captured", Some(&token)).await.status, status, "{payload}");
        assert_eq!(app.get("/captured-not", Some(&token)).await.status, not, "{payload}");
    }
}
