//! Refresh, revocation and introspection against the grammar of their RFCs, in both directions: what has to pass, and what has to be refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore};
use countersign::{AuthBuilder, AuthRouter, Cookies, Endpoint, rule};
use serde_json::{Map, Value, json};

use crate::browser::{CROSS_SITE, HOST, SAME_ORIGIN};
use crate::support::{Answer, App, Role, User, forge, payload, payload_of, payload_with};

rule! {
    /// May ask about tokens.
    pub(crate) MayIntrospect = role("support");
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

const REFRESH: &str = "/auth/refresh";
const REVOKE: &str = "/auth/logout";
const INTROSPECT: &str = "/auth/introspect";

/// With the endpoints that speak OAuth.
fn app(configure: impl FnOnce(AuthBuilder<User>) -> AuthBuilder<User>) -> App {
    let app = crate::browser::app(configure);
    let endpoints = app.auth.routes().only([Endpoint::Refresh, Endpoint::Logout]);
    let endpoints = endpoints.introspection::<MayIntrospect>().nest("/auth");
    let (router, api) = AuthRouter::new().routes(endpoints).split_for_parts();
    App { router: app.router.clone().merge(router), api, ..app }
}

type Parameters = Vec<(&'static str, String)>;

fn encoded(parameters: &Parameters) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parameters).finish()
}

fn object(parameters: &Parameters) -> String {
    let members = parameters.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
    Value::from(Map::from_iter(members)).to_string()
}

async fn post(app: &App, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
    let request = Request::builder().method(Method::POST).uri(path).header(header::HOST, HOST);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    app.send(request.body(Body::from(body)).unwrap()).await
}

/// The `Authorization` of a service that may ask about tokens.
async fn service(app: &App) -> String {
    format!("Bearer {}", app.login(&[Role::Support]).await.access_token)
}

/// Lists every choice of one part from each column.
fn every(columns: &[Vec<Parameters>]) -> Vec<Parameters> {
    columns.iter().fold(vec![Vec::new()], |rows, column| {
        let pairs = rows.iter().flat_map(|row| column.iter().map(move |part| (row, part)));
        pairs.map(|(row, part)| row.iter().chain(part).cloned().collect()).collect()
    })
}

/// What a parameter may be: left out, without a value, each of the values, and twice.
fn column(name: &'static str, values: &[&str]) -> Vec<Parameters> {
    let given =
        |values: &[&str]| -> Parameters { values.iter().map(|value| (name, (*value).to_owned())).collect() };
    let mut column = vec![given(&[]), given(&[""]), given(&[values[0], values[0]]), given(&["", values[0]])];
    column.extend(values.iter().map(|value| given(&[value])));
    column
}

/// Parameters that a server does not need, RFC 6749 section 3.2 and the RFCs that extend it.
fn unneeded() -> Vec<Parameters> {
    let one = |name: &'static str, value: &str| vec![(name, value.to_owned())];
    vec![
        Vec::new(),
        one("client_id", "web"),
        vec![("client_id", "web".to_owned()), ("client_secret", "s&=+% é".to_owned())],
        one("scope", "a b"),
        one("roles", "admin"),
        one("token_type", "Bearer"),
        one("unheard_of", ""),
        vec![("resource", "https://a.test".to_owned()), ("resource", "https://b.test".to_owned())],
        vec![("unheard_of", "a".to_owned()), ("unheard_of", "b".to_owned())],
    ]
}

/// The parameters with a value, as RFC 6749 section 3.2 counts them. `None` if one is there twice that may not.
fn counted(parameters: &Parameters) -> Option<BTreeMap<&'static str, &str>> {
    let mut counted = BTreeMap::new();
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        if counted.insert(*name, value.as_str()).is_some() && *name != "resource" {
            return None;
        }
    }
    Some(counted)
}

/// As the answer to a form: the status, and the `error` if it is a refusal.
fn outcome(answer: &Answer) -> (u16, Option<String>) {
    let is_refusal = answer.status.is_client_error() || answer.status.is_server_error();
    if is_refusal {
        assert_eq!(answer.header(header::CONTENT_TYPE), Some(JSON));
        assert_eq!(answer.header(header::WWW_AUTHENTICATE), None);
        assert_eq!(answer.json()["error_description"], answer.json()["detail"]);
        assert!(answer.text("code").len() > 1);
    }
    assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
    (answer.status.as_u16(), is_refusal.then(|| answer.text("error")))
}

fn refused(error: &str) -> (u16, Option<String>) {
    (400, Some(error.to_owned()))
}

/// RFC 6749 sections 3.2, 5.2 and 6.
#[tokio::test]
async fn every_refresh_is_answered_as_its_parameters_say() {
    let app = app(|builder| builder);
    let good = app.login(&[]).await.refresh_token;
    let grants = column("grant_type", &["refresh_token", "password", "Refresh_Token", "authorization_code"]);
    let tokens = column("refresh_token", &[&good, "nonsense", &forge(&payload())]);
    let rows = every(&[grants, tokens, unneeded()]);
    assert_eq!(rows.len(), 8 * 7 * 9);
    for row in rows {
        let expected = match counted(&row) {
            None => refused("invalid_request"),
            Some(row) => match (row.get("grant_type"), row.get("refresh_token")) {
                (Some(&grant), _) if grant != "refresh_token" => refused("unsupported_grant_type"),
                (_, None) => refused("invalid_request"),
                (_, Some(token)) if *token == good => (200, None),
                (_, Some(_)) => refused("invalid_grant"),
            },
        };
        let answer = post(&app, REFRESH, &[("content-type", FORM)], encoded(&row)).await;
        assert_eq!(outcome(&answer), expected, "{row:?}");
    }
}

/// RFC 6749 section 5.1: a client that asks for scopes is told which ones it got. Those of the user are read anew.
#[tokio::test]
async fn a_client_that_asks_for_scopes_is_told_which_it_has() {
    let reader = app(|builder| {
        let scopes = vec!["a".to_owned(), "b".to_owned()];
        builder.claims_source(move |id| {
            let user = User { id, scopes: scopes.clone(), ..User::with(&[]) };
            async move { Ok(Some(user)) }
        })
    });
    let refreshed = async |app: &App, scope: Option<&str>| {
        let mut row = vec![("refresh_token", app.login(&[]).await.refresh_token)];
        row.extend(scope.map(|scope| ("scope", scope.to_owned())));
        post(app, REFRESH, &[("content-type", FORM)], encoded(&row)).await.json()
    };
    for (asked, told) in
        [(None, None), (Some(""), None), (Some("a b"), Some("a b")), (Some("a admin"), Some("a b"))]
    {
        let answer = refreshed(&reader, asked).await;
        assert_eq!(answer.get("scope"), told.map(|scope| json!(scope)).as_ref(), "{asked:?}");
        assert_eq!(payload_of(answer["access_token"].as_str().unwrap())["scope"], "a b");
    }
    assert_eq!(refreshed(&app(|builder| builder), Some("admin")).await["scope"], "");
}

/// Row 93. RFC 7009 sections 2.1 and 2.2: 200 for every token, whatever the hint; without a token it is a sign-out, which has nothing to end here.
#[tokio::test]
async fn every_revocation_is_answered_as_its_parameters_say() {
    let app = app(|builder| builder);
    let (one, other) = (app.login(&[]).await, app.login(&[]).await);
    let foreign = forge(&payload_with("iss", json!("https://other.test")));
    let tokens = column("token", &[&one.refresh_token, &other.access_token, "nonsense", &foreign]);
    let hints = column("token_type_hint", &["access_token", "refresh_token", "saml2", "é"]);
    for row in every(&[tokens, hints, unneeded()]) {
        let expected = match counted(&row) {
            None => refused("invalid_request"),
            Some(row) if row.contains_key("token") => (200, None),
            Some(row) if row.contains_key("token_type_hint") => refused("invalid_request"),
            Some(_) => (204, None),
        };
        let answer = post(&app, REVOKE, &[("content-type", FORM)], encoded(&row)).await;
        assert_eq!(outcome(&answer), expected, "{row:?}");
        assert!(answer.body.is_empty() || answer.status == StatusCode::BAD_REQUEST);
    }
    assert!(app.auth.sessions(&7).await.unwrap().is_empty());
}

/// Row 100. RFC 7662 sections 2.1 and 2.2.
#[tokio::test]
async fn every_introspection_is_answered_as_its_parameters_say() {
    let app = app(|builder| builder);
    let caller = service(&app).await;
    let pair = app.login(&[]).await;
    let active = [pair.access_token.as_str(), pair.refresh_token.as_str()];
    let tokens = column("token", &[active[0], active[1], "nonsense"]);
    let hints = column("token_type_hint", &["access_token", "refresh_token", "saml2"]);
    for row in every(&[tokens, hints, unneeded()]) {
        let expected = match counted(&row).map(|row| row.get("token").map(|token| active.contains(token))) {
            None | Some(None) => (refused("invalid_request"), None),
            Some(Some(is_active)) => ((200, None), Some(is_active)),
        };
        let headers = [("content-type", FORM), ("authorization", &caller)];
        let answer = post(&app, INTROSPECT, &headers, encoded(&row)).await;
        let is_active = (answer.status == StatusCode::OK).then(|| answer.json()["active"] == true);
        assert_eq!((outcome(&answer), is_active), expected, "{row:?}");
        assert!(is_active != Some(false) || answer.body == r#"{"active":false}"#);
    }
}

/// A JSON body says the same as a form, and its client reads problems.
#[tokio::test]
async fn a_json_body_is_answered_like_a_form() {
    let app = app(|builder| builder);
    let caller = service(&app).await;
    let good = app.login(&[]).await.refresh_token;
    for (path, row) in [
        (REFRESH, vec![("refresh_token", good.clone()), ("client_id", "web".to_owned())]),
        (REFRESH, vec![("refresh_token", good.clone()), ("grant_type", "refresh_token".to_owned())]),
        (REFRESH, vec![("refresh_token", good.clone()), ("grant_type", "password".to_owned())]),
        (REFRESH, vec![("refresh_token", "nonsense".to_owned())]),
        (REFRESH, vec![("token", good.clone())]),
        (INTROSPECT, vec![("token", good.clone()), ("token_type_hint", "refresh_token".to_owned())]),
        (INTROSPECT, vec![("token_type_hint", "refresh_token".to_owned())]),
        (REVOKE, vec![("token_type_hint", "refresh_token".to_owned())]),
        (REVOKE, vec![("client_id", "web".to_owned())]),
        (REVOKE, vec![("token", "nonsense".to_owned())]),
        (REVOKE, vec![("refresh_token", "nonsense".to_owned()), ("access_token", "x".to_owned())]),
        (REVOKE, vec![("token", good.clone()), ("unheard_of", "x".to_owned())]),
        (INTROSPECT, vec![("token", good.clone())]),
    ] {
        let send = async |media_type, body| {
            let headers = [("content-type", media_type), ("authorization", caller.as_str())];
            let headers = if path == INTROSPECT { &headers[..] } else { &headers[..1] };
            post(&app, path, headers, body).await
        };
        let (form, json) = (send(FORM, encoded(&row)).await, send(JSON, object(&row)).await);
        assert_eq!((form.status, &form.body), (json.status, &json.body), "{path} {row:?}");
        if form.status.is_client_error() {
            form.refused_in_oauth(json.status, &json.text("code"));
            json.refused(form.status, &form.text("code"));
        }
    }
    assert_eq!(app.auth.sessions(&7).await.unwrap().len(), 1, "that of the service");
}

/// RFC 9110 section 8.3: a media type in any letter case, with any parameters. Nothing else is a form or JSON.
#[tokio::test]
async fn each_endpoint_takes_forms_and_json_by_their_media_types() {
    let app = app(|builder| builder);
    let caller = service(&app).await;
    let good = app.login(&[]).await.refresh_token;
    let form = |name: &str| format!("{name}={good}");
    for (path, name) in [(REFRESH, "refresh_token"), (INTROSPECT, "token"), (REVOKE, "token")] {
        let send = async |media_type: Option<&str>, body: String| {
            let mut headers = vec![];
            headers.extend(media_type.map(|media_type| ("content-type", media_type)));
            headers.extend((path == INTROSPECT).then_some(("authorization", caller.as_str())));
            post(&app, path, &headers, body).await
        };
        for media_type in [
            FORM,
            "application/x-www-form-urlencoded;charset=UTF-8",
            "application/x-www-form-urlencoded; charset=utf-8",
            "APPLICATION/X-WWW-FORM-URLENCODED",
            "Application/x-www-form-urlencoded; Charset=\"UTF-8\"",
        ] {
            assert_eq!(
                send(Some(media_type), form(name)).await.status,
                StatusCode::OK,
                "{path} {media_type}"
            );
        }
        for media_type in [JSON, "application/json;charset=utf-8", "Application/JSON; Charset=UTF-8"] {
            let body = json!({ name: good }).to_string();
            assert_eq!(send(Some(media_type), body).await.status, StatusCode::OK, "{path} {media_type}");
        }
        for media_type in [None, Some("text/plain"), Some("multipart/form-data; boundary=x"), Some("x")] {
            let answer = send(media_type, form(name)).await;
            answer.refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type");
            assert_eq!(answer.text("error"), "invalid_request");
        }
        for (media_type, body) in
            [(JSON, form(name)), (FORM, format!("{name}={good}&{}", "x".repeat(1 << 17)))]
        {
            let answer = send(Some(media_type), body).await;
            assert_eq!(
                (answer.status, answer.text("error").as_str()),
                (StatusCode::BAD_REQUEST, "invalid_request")
            );
        }
    }
}

/// RFC 7009 section 2.2.1: an outage is told with a time to ask again, and nothing has happened.
#[tokio::test]
async fn an_outage_says_when_to_ask_again() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let app = app(|builder| builder.store(Arc::clone(&store)));
    let caller = service(&app).await;
    let pair = app.login(&[]).await;
    let headers = [("content-type", FORM), ("authorization", caller.as_str())];
    for (path, name, fault, headers) in [
        (REFRESH, "refresh_token", Fault::Read, &headers[..1]),
        (REVOKE, "token", Fault::BeforeWrite, &headers[..1]),
        (INTROSPECT, "token", Fault::Read, &headers[..]),
    ] {
        store.inject(fault);
        let answer = post(&app, path, headers, encoded(&vec![(name, pair.refresh_token.clone())])).await;
        store.heal();
        answer.refused_in_oauth(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
        assert_eq!(answer.text("error"), "temporarily_unavailable");
        assert_eq!(answer.header(header::RETRY_AFTER), Some("5"), "{path}");
    }
    assert_eq!(app.auth.sessions(&7).await.unwrap().len(), 2);
}

/// RFC 7662 section 2.1: only those who are authorised may ask, and the body is not read before.
#[tokio::test]
async fn introspection_is_for_callers_of_its_rule() {
    let app = app(|builder| builder);
    let pair = app.login(&[Role::Member]).await;
    let member = format!("Bearer {}", pair.access_token);
    for (authorization, status, code, error) in [
        (None, 401, "missing_credentials", "invalid_client"),
        (Some("Basic d2ViOnNlY3JldA=="), 401, "missing_credentials", "invalid_client"),
        (Some("Bearer a.b.c"), 401, "invalid_token", "invalid_token"),
        (Some(member.as_str()), 403, "insufficient_scope", "insufficient_scope"),
    ] {
        let mut headers = vec![("content-type", FORM)];
        headers.extend(authorization.map(|value| ("authorization", value)));
        let answer = post(&app, INTROSPECT, &headers, format!("token={}", pair.access_token)).await;
        answer.refused(StatusCode::from_u16(status).unwrap(), code);
        assert_eq!(answer.text("error"), error);
        assert!(answer.header(header::WWW_AUTHENTICATE).unwrap().starts_with("Bearer"));
    }
}

/// Rows 107, 108 and 110: a form needs no leave of its page's browser, so it proves nothing about who sent it.
#[tokio::test]
async fn a_form_beside_a_cookie_is_checked_and_renews_nothing() {
    let app = app(|builder| builder.cookies(Cookies::new().with_access_cookie()));
    let cookies = app.sign_in().await.cookie_header();
    let send = async |path: &str, sender: (&str, &str), body: &str| {
        let headers = [("content-type", FORM), ("cookie", cookies.as_str()), sender];
        post(&app, path, &headers, body.to_owned()).await
    };
    for body in ["", "grant_type=refresh_token", "refresh_token=", "x=y"] {
        for sender in [CROSS_SITE, ("origin", "https://evil.test"), ("x-nothing", "")] {
            for path in [REFRESH, REVOKE] {
                let answer = send(path, sender, body).await;
                answer.refused_in_oauth(StatusCode::FORBIDDEN, "cross_site_request");
                assert!(answer.set_cookies().is_empty());
            }
        }
        let answer = send(REFRESH, SAME_ORIGIN, body).await;
        answer.refused_in_oauth(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type");
    }
    assert_eq!(app.session_count().await, 1);
    let session = app.auth.sessions(&7).await.unwrap().remove(0);
    assert_eq!(session.version, 0, "nothing was renewed");
    // A page of the site may sign its user out with a form, whatever the fields.
    let answer = send(REVOKE, SAME_ORIGIN, "next=%2F").await;
    assert_eq!((answer.status, answer.set_cookies().len()), (StatusCode::NO_CONTENT, 2));
    assert_eq!(app.session_count().await, 0);
}

/// A token in a body is no ambient credential. It decides alone, whatever the browser adds.
#[tokio::test]
async fn a_token_in_a_form_leaves_the_cookies_of_the_browser_alone() {
    let app = app(|builder| builder.cookies(Cookies::new().with_access_cookie()));
    let cookies = app.sign_in().await.cookie_header();
    let own = app.login(&[]).await;
    let twice = format!("{cookies}; {cookies}");
    for cookies in [cookies.as_str(), &twice, "__Host-refresh=; __Host-access=", "__Host-refresh=a.b.c"] {
        let headers = [("content-type", FORM), CROSS_SITE, ("cookie", cookies)];
        let answer = post(&app, REFRESH, &headers, format!("refresh_token={}", own.refresh_token)).await;
        assert_eq!((answer.status, answer.set_cookies()), (StatusCode::OK, vec![]));
        assert!(answer.json()["refresh_token"].is_string());
        let answer = post(&app, REVOKE, &headers, "token=nonsense".to_owned()).await;
        assert_eq!((answer.status, answer.set_cookies()), (StatusCode::OK, vec![]));
    }
    assert_eq!(app.session_count().await, 2);
    // Credentials of the client itself are for a server that has some to compare.
    for authorization in ["Basic d2ViOnNlY3JldA==", "Bearer a.b.c", "Bearer", "DPoP x"] {
        let headers = [("content-type", FORM), ("authorization", authorization)];
        let answer = post(&app, REVOKE, &headers, "token=nonsense".to_owned()).await;
        assert_eq!(answer.status, StatusCode::OK, "{authorization}");
        let answer = post(&app, REFRESH, &headers, format!("refresh_token={}", own.refresh_token)).await;
        assert_eq!(answer.status, StatusCode::OK, "{authorization}");
    }
}

/// Row 94. RFC 7009 section 2.1: the session ends by either of its tokens, and its access token where it is looked up.
#[tokio::test]
async fn a_revoked_token_ends_its_session() {
    let app = app(|builder| builder);
    for kind in ["access_token", "refresh_token"] {
        let pair = app.login(&[]).await;
        let tokens = [pair.access_token.as_str(), pair.refresh_token.as_str()];
        let token = tokens[usize::from(kind == "refresh_token")];
        for body in [format!("token={token}"), format!("token={token}&token_type_hint={kind}")] {
            let answer = post(&app, REVOKE, &[("content-type", FORM)], body).await;
            assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 0), "twice is as good as once");
        }
        app.refresh(&pair.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
        for token in tokens {
            assert!(!app.auth.introspect(token).await.unwrap().active);
        }
    }
}

/// Rows 140 and 147.
#[test]
fn the_document_has_both_media_types_of_every_body_and_refusal() {
    let document = serde_json::to_value(app(|builder| builder).api).unwrap();
    for (path, schema) in
        [(REFRESH, "RefreshRequest"), (REVOKE, "LogoutRequest"), (INTROSPECT, "IntrospectionRequest")]
    {
        let operation = &document["paths"][path]["post"];
        let content = operation["requestBody"]["content"].as_object().unwrap();
        assert_eq!(content.keys().collect::<Vec<_>>(), [JSON, FORM], "{path}");
        for body in content.values() {
            assert_eq!(body["schema"]["$ref"], format!("#/components/schemas/{schema}"));
        }
        assert!(content[FORM]["example"].as_object().unwrap().values().all(|value| value.is_string()));
        for status in ["400", "415", "503"] {
            let content = operation["responses"][status]["content"].as_object().unwrap();
            assert_eq!(
                content.keys().collect::<Vec<_>>(),
                [JSON, "application/problem+json"],
                "{path} {status}"
            );
            assert_eq!(content[JSON]["schema"]["$ref"], "#/components/schemas/OAuthError");
        }
        assert!(operation["responses"]["503"]["headers"]["Retry-After"].is_object());
    }
    let introspection = &document["paths"][INTROSPECT]["post"];
    assert_eq!(introspection["security"], json!([{ "bearer": ["support"] }]));
    for status in ["200", "401", "403"] {
        assert!(introspection["responses"][status].is_object(), "{status}");
    }
    assert!(document["components"]["schemas"]["Introspection"]["properties"]["client_id"].is_object());
}

/// The header of an answer that a request of another site could read is none of ours.
#[tokio::test]
async fn no_answer_sets_a_header_for_other_origins() {
    let app = app(|builder| builder);
    let good = app.login(&[]).await.refresh_token;
    let headers = [("content-type", FORM), ("origin", "https://evil.test"), CROSS_SITE];
    let answer = post(&app, REFRESH, &headers, format!("refresh_token={good}")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN), None::<&HeaderValue>);
}
