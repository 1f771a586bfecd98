//! The example programs as processes, driven through the steps of the curl lines at their heads.

use axum::http::Method;
use serde_json::{Value, json};

use crate::process::{Process, text};

fn example(name: &str) -> Process {
    match name {
        "blog" => Process::start_for::<&str>(4, &["-p", "blog"], &[]),
        name => Process::start::<&str>(&["-p", "examples", "--bin", name], &[]),
    }
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_else(|| panic!("no code in {answer:?}")))
}

#[test]
fn every_curl_line_at_the_head_of_an_example_finds_its_route() {
    let examples = [
        ("basic", include_str!("../../examples/programs/src/bin/basic.rs")),
        ("sessions", include_str!("../../examples/programs/src/bin/sessions.rs")),
        ("middleware", include_str!("../../examples/programs/src/bin/middleware.rs")),
        ("both_tokens", include_str!("../../examples/programs/src/bin/both_tokens.rs")),
        ("keys", include_str!("../../examples/programs/src/bin/keys.rs")),
        ("openapi", include_str!("../../examples/programs/src/bin/openapi.rs")),
        ("blog", include_str!("../../examples/blog/src/main.rs")),
    ];
    for (name, source) in examples {
        let server = example(name);
        let lines: Vec<_> = source.lines().filter_map(|line| line.strip_prefix("//! curl ")).collect();
        assert!(lines.len() > 2, "{name}");
        for line in lines {
            let (url, options) = line.split_once(' ').unwrap_or((line, ""));
            let method = match options.split_once("-X ") {
                Some((_, rest)) => rest.split(' ').next().unwrap(),
                None if options.contains("--json") => "POST",
                None => "GET",
            };
            let path = url.strip_prefix("http://127.0.0.1:3000").unwrap();
            let status = server.send(method.parse().unwrap(), path, &[], None).status;
            assert!(!matches!(status, 404 | 405), "{name}: {status} for {line}");
        }
    }
}

#[test]
fn basic_greets_guards_refreshes_and_signs_out() {
    let server = example("basic");
    let greeting = |token| server.get("/hello", token);
    assert_eq!(server.post("/login", &json!({ "name": "max", "password": "guess" })).0, 401);
    let (access, refresh) = server.login("max");
    assert_eq!(greeting(None), (200, json!("hello, stranger")));
    assert_eq!(greeting(Some(&access)), (200, json!("hello, max")));
    assert_eq!(code(&greeting(Some("bad"))), (401, "invalid_token"));

    assert_eq!(code(&server.get("/me", None)), (401, "missing_credentials"));
    assert_eq!(
        server.get("/me", Some(&access)),
        (200, json!({ "id": 2, "roles": ["member"], "name": "max" }))
    );
    assert_eq!(code(&server.get("/users/2", Some(&access))), (403, "insufficient_scope"));
    let (ada, _) = server.login("ada");
    assert_eq!(server.get("/users/2", Some(&ada)).0, 200);
    assert_eq!(server.get("/users/3", Some(&ada)).0, 404);

    let (status, next) = server.post("/refresh", &json!({ "refresh_token": refresh }));
    assert_eq!(status, 200);
    let logout = || server.call(Method::POST, "/logout", &text(&next, "access_token")).0;
    assert_eq!((logout(), logout()), (204, 204), "signing out twice is signing out");
    let after = server.post("/refresh", &json!({ "refresh_token": text(&next, "refresh_token") }));
    assert_eq!(code(&after), (400, "invalid_grant"));
}

#[test]
fn user_lists_devices_and_signs_them_out() {
    let server = example("sessions");
    let tokens = [(); 3].map(|()| server.login("max").0);
    let list = || server.get("/auth/sessions", Some(&tokens[2])).1["sessions"].as_array().unwrap().clone();
    let sessions = list();
    let current: Vec<_> = sessions.iter().map(|session| session["current"].as_bool().unwrap()).collect();
    assert_eq!(current.iter().filter(|current| **current).count(), 1);
    for session in &sessions {
        assert_eq!(text(session, "device_label"), "curl");
        assert_eq!(text(session, "address"), "127.0.0.1");
    }

    let remove = |path: &str, token: &str| server.call(Method::DELETE, path, token);
    let id = own_session(&server, &tokens[0]);
    let (ada, _) = server.login("ada");
    let foreign = remove(&format!("/auth/sessions/{id}"), &ada);
    assert_eq!(foreign, remove("/auth/sessions/unknown", &ada));
    assert_eq!(code(&foreign), (404, "not_found"));
    assert_eq!(server.get("/account", Some(&tokens[0])).0, 200);

    assert_eq!(remove(&format!("/auth/sessions/{id}"), &tokens[2]).0, 204);
    assert_eq!(code(&server.get("/account", Some(&tokens[0]))), (401, "invalid_token"));
    assert_eq!(
        server.get("/me", Some(&tokens[0])).0,
        200,
        "a route that does not look takes the token to its end"
    );
    assert_eq!(remove("/auth/sessions", &tokens[2]).0, 204);
    assert_eq!(server.get("/account", Some(&tokens[1])).0, 401);
    assert_eq!((server.get("/account", Some(&tokens[2])).0, list().len()), (200, 1));
}

/// The identifier of the session of this token.
fn own_session(server: &Process, token: &str) -> String {
    let (_, list) = server.get("/auth/sessions", Some(token));
    let own = list["sessions"].as_array().unwrap().iter().find(|session| session["current"] == true);
    text(own.unwrap(), "id")
}

#[test]
fn fourth_sign_in_ends_one_of_three_sessions() {
    let server = example("sessions");
    let tokens = [(); 4].map(|()| server.login("max").0);
    let (_, list) = server.get("/auth/sessions", Some(&tokens[3]));
    assert_eq!(list["sessions"].as_array().unwrap().len(), 3);
    let alive = tokens.iter().filter(|token| server.get("/account", Some(token)).0 == 200).count();
    assert_eq!((alive, server.get("/account", Some(&tokens[3])).0), (3, 200));
}

#[test]
fn administrator_ends_access_tokens_and_sessions_of_a_user() {
    let server = example("sessions");
    let (max, refresh) = server.login("max");
    assert_eq!(code(&server.get("/users/2/sessions", Some(&max))), (403, "insufficient_scope"));
    let (ada, _) = server.login("ada");
    assert_eq!(server.get("/users/2/sessions", Some(&ada)), (200, json!(["curl"])));

    let remove = |path: &str| server.call(Method::DELETE, path, &ada);
    assert_eq!(server.get("/account", Some(&max)).0, 200);
    assert_eq!(remove("/users/2/access-tokens"), (200, json!(1)));
    assert_eq!(code(&server.get("/account", Some(&max))), (401, "invalid_token"));
    let (status, next) = server.post("/auth/refresh", &json!({ "refresh_token": refresh }));
    assert_eq!(status, 200, "the session goes on: {next}");

    assert_eq!(remove("/users/2/sessions"), (200, json!(1)));
    let after = server.post("/auth/refresh", &json!({ "refresh_token": text(&next, "refresh_token") }));
    assert_eq!(code(&after), (400, "invalid_grant"));
    assert_eq!(server.get("/account", Some(&ada)).0, 200, "the administrator stays signed in");
}

#[test]
fn layers_send_visitors_to_the_login_and_members_home() {
    let server = example("middleware");
    let get = |path: &str, headers: &[(&str, &str)]| server.send(Method::GET, path, headers, None);
    let page = get("/", &[("accept", "text/html")]);
    assert_eq!((page.status, &page.headers["location"]), (303, &"/login?next=%2F".parse().unwrap()));
    assert_eq!(get("/", &[("accept", "*/*")]).status, 401);
    let page = get("/", &[("hx-request", "true")]);
    assert_eq!((page.status, &page.headers["hx-redirect"]), (401, &"/login".parse().unwrap()));
    assert!(!page.headers.contains_key("location"));
    assert_eq!(get("/login", &[]).status, 200);

    let origin = ("origin", server.url.as_str());
    let sign_in = |name: &str, headers: &[(&str, &str)]| {
        server.send(Method::POST, "/login", headers, Some(&server.credentials(name)))
    };
    let foreign = sign_in("max", &[("origin", "https://evil.example")]);
    assert_eq!((foreign.status, text(&foreign.body, "code").as_str()), (403, "cross_site_request"));
    let max = sign_in("max", &[origin]);
    assert_eq!(max.status, 200);
    assert_eq!(max.body["refresh_token"], Value::Null);
    let set: Vec<_> = max.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(set.len(), 2);
    for cookie in &set {
        let required = ["__Host-", "; HttpOnly", "; Secure", "; SameSite=Strict", "; Path=/"];
        assert!(required.iter().all(|part| cookie.contains(part)), "{cookie}");
    }
    let cookies = set.iter().map(|cookie| cookie.split(';').next().unwrap()).collect::<Vec<_>>().join("; ");
    let cookies = ("cookie", cookies.as_str());

    assert_eq!(get("/", &[cookies]).body, json!("<h1>Hello, max</h1>"));
    let page = get("/login", &[cookies]);
    assert_eq!((page.status, &page.headers["location"]), (303, &"/".parse().unwrap()));
    assert_eq!(get("/about", &[]).body, json!("<h1>About us, for everybody</h1>"));
    assert_eq!(get("/about", &[cookies]).body, json!("<h1>About us, for max</h1>"));
    assert_eq!(get("/about", &[("authorization", "Bearer bad")]).status, 401);
    assert_eq!(get("/admin", &[cookies]).status, 403);
    assert_eq!(get("/admin", &[("accept", "text/html")]).status, 303);

    let logout = |headers: &[(&str, &str)]| server.send(Method::POST, "/auth/logout", headers, None);
    assert_eq!(logout(&[cookies]).status, 403, "the sender is not known");
    assert_eq!(logout(&[cookies, origin]).status, 204);
    let refresh = server.send(Method::POST, "/auth/refresh", &[cookies, origin], None);
    assert_eq!((refresh.status, text(&refresh.body, "code").as_str()), (400, "invalid_grant"));
}

#[test]
fn both_tokens_have_to_be_of_one_session_that_lives() {
    let server = example("both_tokens");
    let (first, first_refresh) = server.login("max");
    let (second, second_refresh) = server.login("max");
    let send = |method: Method, path: &str, access: &str, refresh: Option<&str>| {
        let authorization = format!("Bearer {access}");
        let mut headers = vec![("authorization", authorization.as_str())];
        headers.extend(refresh.map(|refresh| ("x-refresh-token", refresh)));
        let reply = server.send(method, path, &headers, None);
        (reply.status, reply.body)
    };
    let guarded = [(Method::POST, "/password"), (Method::GET, "/export"), (Method::DELETE, "/account")];
    assert_eq!(server.get("/me", Some(&first)).0, 200);
    for (method, path) in guarded {
        let refused = |refresh| send(method.clone(), path, &first, refresh);
        assert_eq!(code(&refused(None)), (401, "missing_refresh_token"), "{path}");
        assert_eq!(code(&refused(Some(&second_refresh))), (401, "invalid_token"), "{path}");
        let alone = send(method.clone(), path, &first_refresh, Some(&first_refresh));
        assert_eq!(code(&alone), (401, "invalid_token"), "{path}: a refresh token is no access token");
    }

    let export = send(Method::GET, "/export", &first, Some(&first_refresh));
    assert_eq!(export, (200, json!("everything about max")));
    assert_eq!(send(Method::POST, "/password", &first, Some(&first_refresh)).0, 204);
    let other = send(Method::GET, "/export", &second, Some(&second_refresh));
    assert_eq!(code(&other), (401, "invalid_token"), "the other device was signed out");
    assert_eq!(send(Method::DELETE, "/account", &first, Some(&first_refresh)).0, 204);
    let again = send(Method::DELETE, "/account", &first, Some(&first_refresh));
    assert_eq!(code(&again), (401, "invalid_token"));
}

#[test]
fn document_agrees_with_the_server() {
    let server = example("openapi");
    let (status, document) = server.get("/openapi.json", None);
    assert_eq!((status, text(&document["info"], "title").as_str()), (200, "Reports"));
    assert_eq!(document["paths"], server.get("/scalar/openapi.json", None).1["paths"]);
    let (status, page) = server.get("/scalar", None);
    assert!(status == 200 && page.as_str().unwrap().contains("<html"));

    let reports = &document["paths"]["/reports"]["get"];
    assert_eq!(reports["security"], json!([{ "bearer": ["admin"] }, { "accessHeader": ["admin"] }]));
    for status in ["200", "401", "403"] {
        assert!(reports["responses"][status].is_object(), "{status}");
    }
    assert_eq!(document["paths"]["/login"]["post"]["security"], json!([]));
    let endpoints = [
        ("post", "/auth/refresh"),
        ("post", "/auth/logout"),
        ("post", "/auth/logout-all"),
        ("get", "/auth/sessions"),
        ("delete", "/auth/sessions"),
        ("delete", "/auth/sessions/{id}"),
    ];
    for (method, path) in endpoints {
        assert_eq!(document["paths"][path][method]["tags"], json!(["sessions"]), "{method} {path}");
    }
    let components = &document["components"];
    assert_eq!(components["securitySchemes"]["bearer"]["scheme"], "bearer");
    assert_eq!(components["securitySchemes"]["accessHeader"]["name"], "x-access-token");
    for schema in ["RefreshRequest", "TokenPair", "SessionList", "SessionInfo", "TokenType", "ProblemDetails"]
    {
        assert!(components["schemas"][schema].is_object(), "{schema}");
    }

    let (ada, _) = server.login("ada");
    let reports = |headers: &[(&str, &str)]| server.send(Method::GET, "/reports", headers, None).status;
    assert_eq!(reports(&[("x-access-token", &ada)]), 200);
    let authorization = format!("Bearer {ada}");
    assert_eq!(
        reports(&[("x-access-token", &ada), ("authorization", &authorization)]),
        400,
        "one place only"
    );
    assert_eq!(reports(&[("x-access-token", &server.login("max").0)]), 403);
}

/// Rows 56, 60 and 61.
#[test]
fn blog_tells_owners_editors_and_administrators_apart() {
    let server = example("blog");
    let [ada, eve, alan, rob] = ["ada", "eve", "alan", "rob"].map(|name| server.login(name).0);
    let post = |path: &str, token: &str, body: &Value| {
        let reply =
            server.send(Method::POST, path, &[("authorization", &format!("Bearer {token}"))], Some(body));
        (reply.status, reply.body)
    };
    let draft = json!({ "title": "On numbers", "text": "Computable ones." });
    assert_eq!(code(&post("/posts", &rob, &draft)), (403, "insufficient_scope"));
    assert_eq!(post("/posts", &alan, &draft).0, 201);
    assert_eq!(server.get("/posts", None).1, json!([]));
    assert_eq!(code(&server.get("/posts/1", Some(&rob))), (404, "not_found"));
    assert_eq!(server.get("/posts/1", Some(&rob)), server.get("/posts/2", Some(&rob)));
    assert_eq!((server.get("/posts/1", Some(&alan)).0, server.get("/posts/1", Some(&eve)).0), (200, 200));
    assert_eq!(code(&post("/posts/1/publish", &alan, &Value::Null)), (403, "insufficient_scope"));
    assert_eq!(post("/posts/1/publish", &eve, &Value::Null).0, 200);
    assert_eq!(server.get("/posts", None).1[0]["title"], "On numbers");

    assert_eq!(code(&post("/users/1/impersonate", &ada, &Value::Null)), (403, "forbidden"));
    let (status, grant) = post("/users/2/impersonate", &ada, &Value::Null);
    assert_eq!(status, 200);
    let as_eve = text(&grant, "access_token");
    assert_eq!(server.get("/me", Some(&as_eve)).1["name"], "eve");
    assert_eq!(code(&post("/posts/1/publish", &as_eve, &Value::Null)), (403, "forbidden"));
    assert_eq!(code(&server.call(Method::DELETE, "/users/3", &eve)), (403, "insufficient_scope"));
    assert_eq!(server.call(Method::DELETE, "/users/3", &ada).0, 204);
    assert_eq!(server.get("/posts", None).1, json!([]));

    let again = |password: &Value| post("/reauthenticate", &ada, &json!({ "password": password }));
    assert_eq!(code(&again(&json!("guess"))), (401, "invalid_credentials"));
    let (status, pair) = again(&server.credentials("ada")["password"]);
    assert_eq!(status, 200);
    assert_eq!(server.call(Method::DELETE, "/users/3", &text(&pair, "access_token")).0, 204);
}

#[test]
fn keys_are_published_rotated_and_revoked_and_invitations_sealed() {
    let server = example("keys");
    let kids = || {
        let (status, set) = server.get("/.well-known/jwks.json", None);
        assert_eq!(status, 200);
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
    };
    let (access, _) = server.login("ada");
    let first = kids();
    assert_eq!(first.len(), 1);
    assert_eq!(server.send(Method::POST, "/keys/rotate", &[], None).status, 401);
    let authorization = format!("Bearer {access}");
    let post = |path| server.send(Method::POST, path, &[("authorization", &authorization)], None);
    assert_eq!(post("/keys/rotate").status, 200);
    let both = kids();
    assert_eq!((both.len(), &both[0]), (2, &first[0]));

    let invitation = post("/invitations").body.as_str().unwrap().to_owned();
    assert_eq!(server.get(&format!("/invitations/{invitation}"), None), (200, json!({ "invited_by": 1 })));
    assert_eq!(server.get(&format!("/invitations/{access}"), None).0, 400);

    assert_eq!(post("/keys/revoke").status, 204);
    assert_eq!(kids(), both[1..]);
    assert_eq!(post("/keys/rotate").status, 401);
    let (access, _) = server.login("ada");
    let authorization = format!("Bearer {access}");
    let rotated = server.send(Method::POST, "/keys/rotate", &[("authorization", &authorization)], None);
    assert_eq!(rotated.status, 200);
    // What was sealed does not depend on those keys.
    assert_eq!(server.get(&format!("/invitations/{invitation}"), None).0, 200);
}
