//! Operations that ask for more than an access token.

use serde_json::{Value, json};

use super::{
    __path_greeting, __path_health, __path_me, __path_members, Role, User, at, auth, auth_with, greeting,
    health, me, members,
};
use crate::openapi::refusals::MALFORMED;
use crate::{Auth, AuthRouter, Liveness, RefreshSession, authenticated, require_role, routes};

#[authenticated(live)]
#[utoipa::path(get, path = "/payouts", responses((status = 503, description = "in my own words")))]
async fn payouts() {}

#[require_role("admin", Role::Member, both_tokens)]
#[utoipa::path(delete, path = "/account")]
async fn close() {}

#[utoipa::path(get, path = "/export")]
async fn export(session: RefreshSession<User>) -> String {
    session.claims().id.clone()
}

fn document() -> Value {
    let router = AuthRouter::new().routes(routes!(payouts, close, export)).with_state::<()>(auth());
    serde_json::to_value(router.openapi()).unwrap()
}

/// The descriptions of an operation's refusals.
fn refusals(document: &Value, operation: &str) -> Vec<(String, String)> {
    let responses = at(document, format!("/paths/{operation}/responses"));
    let described = responses.as_object().unwrap().iter();
    described
        .map(|(status, response)| (status.clone(), response["description"].as_str().unwrap().to_owned()))
        .collect()
}

fn expected(refusals: &[(&str, &str)]) -> Vec<(String, String)> {
    refusals.iter().map(|(status, text)| ((*status).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn an_operation_that_looks_the_session_up_says_so_in_its_refusals() {
    let document = document();
    assert_eq!(at(&document, "/paths/~1payouts/get/security"), json!([{"bearer": []}]));
    assert_eq!(
        refusals(&document, "~1payouts/get"),
        expected(&[
            ("400", MALFORMED),
            ("401", "No valid access token, or its session has ended"),
            ("503", "in my own words\n\nThe session store does not answer"),
        ])
    );
}

#[test]
fn an_operation_that_takes_both_tokens_has_both_in_one_requirement() {
    let document = document();
    assert_eq!(
        at(&document, "/paths/~1account/delete/security"),
        json!([{"bearer": ["admin"], "refreshToken": []}, {"bearer": ["member"], "refreshToken": []}])
    );
    assert_eq!(at(&document, "/paths/~1export/get/security"), json!([{"bearer": [], "refreshToken": []}]));
    let both = "No valid access and refresh token of one session, or the session has ended";
    assert_eq!(
        refusals(&document, "~1account/delete"),
        expected(&[
            ("400", MALFORMED),
            ("401", both),
            (
                "403",
                "The signed-in user may not: requires (role `admin` or role `member`) and \
                 the access token and the refresh token of one session"
            ),
            ("503", "The session store does not answer"),
        ])
    );
    assert_eq!(
        refusals(&document, "~1export/get"),
        expected(&[("400", MALFORMED), ("401", both), ("503", "The session store does not answer")])
    );
    let scheme = at(&document, "/components/securitySchemes/refreshToken");
    assert_eq!(
        (&scheme["type"], &scheme["in"], &scheme["name"]),
        (&json!("apiKey"), &json!("header"), &json!("X-Refresh-Token"))
    );
}

#[test]
fn the_scheme_of_the_refresh_token_is_where_it_is_used() {
    let schemes = |router: &AuthRouter<Auth<User>>| {
        let document = serde_json::to_value(router.openapi()).unwrap();
        document["components"]["securitySchemes"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let without = AuthRouter::new().routes(routes!(super::me, payouts));
    assert_eq!(schemes(&without), ["bearer"]);
    let with = AuthRouter::new().routes(routes!(export));
    assert_eq!(schemes(&without.clone().merge(with.clone())), ["bearer", "refreshToken"]);
    assert_eq!(schemes(&without.nest("/v1", with)), ["bearer", "refreshToken"]);
}

#[test]
fn a_scheme_of_the_user_does_not_stand_for_the_refresh_token() {
    let own = serde_json::from_value(json!({
        "openapi": "3.1.0",
        "info": { "title": "", "version": "" },
        "paths": {},
        "components": { "securitySchemes": { "refreshToken": { "type": "http", "scheme": "basic" } } },
    }));
    let router = AuthRouter::<Auth<User>>::with_openapi(own.unwrap()).routes(routes!(export));
    let document = serde_json::to_value(router.openapi()).unwrap();
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["refreshToken"]["scheme"], "basic");
    assert_eq!(schemes["countersignRefreshToken"]["name"], "X-Refresh-Token");
    let security = &document["paths"]["/export"]["get"]["security"];
    assert_eq!(*security, json!([{ "bearer": [], "countersignRefreshToken": [] }]));
}

#[test]
fn where_every_session_is_looked_up_every_guarded_operation_says_so() {
    let always = auth_with(|builder| builder.liveness(Liveness::Always));
    let router = || AuthRouter::new().routes(routes!(me, members, greeting, health, payouts));
    for router in [
        router().describe(&always),
        AuthRouter::new().describe(&always).merge(router()),
        router().routes(always.routes()),
    ] {
        let document = serde_json::to_value(router.with_state::<()>(always.clone()).openapi()).unwrap();
        for operation in ["~1me/get", "~1members/get", "~1greeting/get"] {
            let refusals = refusals(&document, operation);
            assert!(refusals.contains(&("503".to_owned(), "The session store does not answer".to_owned())));
            let ended = "No valid access token, or its session has ended".to_owned();
            assert!(refusals.contains(&("401".to_owned(), ended)), "{refusals:?}");
        }
        assert!(refusals(&document, "~1payouts/get").contains(&(
            "503".to_owned(),
            "in my own words\n\nThe session store does not answer".to_owned()
        )));
        assert_eq!(refusals(&document, "~1health/get"), []);
    }
    let on_demand = router().describe(&auth()).with_state::<()>(auth());
    let document = serde_json::to_value(on_demand.openapi()).unwrap();
    assert!(refusals(&document, "~1me/get").iter().all(|(status, _)| status != "503"));
}
