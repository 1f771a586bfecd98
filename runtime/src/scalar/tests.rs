use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;
use utoipa::openapi::path::{HttpMethod, OperationBuilder};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, AuthorizationCode, ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2,
    OpenIdConnect, Scopes, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, Server};

/// As a build for development has it.
fn scalar<S: Clone + Send + Sync + 'static>(path: &str, api: OpenApi) -> Router<S> {
    super::served(true, path, api)
}

const BREAKOUT: &str = "</script><script>alert(1)</script>";

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

fn api(title: &str, description: &str) -> OpenApi {
    let info = InfoBuilder::new().title(title).version("1").description(Some(description)).build();
    OpenApiBuilder::new().info(info).build()
}

fn router() -> Router {
    scalar("/scalar", api("Orders", "All about orders"))
}

async fn send(router: Router, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn get(router: Router, path: &str) -> Answer {
    send(router, Method::GET, path, &[]).await
}

/// The values of `src` and `href` in the page.
fn links(page: &str) -> Vec<&str> {
    let after = |attribute| page.split(attribute).skip(1);
    after("src=\"").chain(after("href=\"")).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// Where the browser goes from `page` by a link of the form `./a/b`.
fn resolve(page: &str, link: &str) -> String {
    let folder = &page[..=page.rfind('/').unwrap()];
    format!("{folder}{}", link.strip_prefix("./").unwrap())
}

#[tokio::test]
async fn page_holds_no_inline_script_and_no_document() {
    let page = get(router(), "/scalar").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text().contains("<title>Orders</title>"));
    for script in page.text().split("<script").skip(1) {
        assert!(script.starts_with(" src=\""), "{script}");
        assert!(script.split_once('>').unwrap().1.starts_with("</script>"), "{script}");
    }
    assert!(!page.text().contains("All about orders"));
    assert!(!page.text().contains("\"openapi\""));
    assert!(!page.text().contains(" on") && !page.text().contains("javascript:"));
    for placeholder in ['$', '{', '}'] {
        assert!(!page.text().contains(placeholder), "{placeholder}");
    }
}

/// Row 144: the page has no access.
#[tokio::test]
async fn page_without_an_access_is_not_served_in_a_release_build() {
    let router: Router = super::served(false, "/scalar", api("Orders", "All about orders"));
    for path in super::addresses("/scalar") {
        assert_eq!(get(router.clone(), &path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn markup_in_a_description_stays_in_the_document() {
    let router = scalar::<()>("/scalar", api("Orders", BREAKOUT));
    let page = get(router.clone(), "/scalar").await;
    assert!(!page.text().contains("alert"));

    let document = get(router, "/scalar/openapi.json").await;
    assert_eq!(document.status, StatusCode::OK);
    assert_eq!(document.header("content-type"), "application/json");
    assert_eq!(document.header("x-content-type-options"), "nosniff");
    let json: Value = serde_json::from_slice(&document.body).unwrap();
    assert_eq!(json["info"]["description"], BREAKOUT);
}

#[tokio::test]
async fn markup_in_the_title_is_escaped() {
    let page = get(scalar("/scalar", api(BREAKOUT, "")), "/scalar").await;
    assert!(!page.text().contains("<script>"));
    assert!(page.text().contains("<title>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;</title>"));
    let page = get(scalar("/scalar", api("Q&amp;A's \"best\"", "")), "/scalar").await;
    assert!(page.text().contains("<title>Q&amp;amp;A&#39;s &quot;best&quot;</title>"));
}

#[tokio::test]
async fn placeholder_in_the_title_does_not_paste_the_document() {
    let page = get(scalar("/scalar", api("Costs $spec", BREAKOUT)), "/scalar").await;
    assert!(page.text().contains("<title>Costs &#36;spec</title>"));
    assert!(!page.text().contains("alert"));
}

#[tokio::test]
async fn markup_in_the_address_is_escaped() {
    let page =
        get(Router::new().nest("/{tenant}", scalar("/", api("", ""))), "/javascript:\"$spec{version}").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("src=\"./javascript:&quot;&#36;spec{version}/init.js\""));
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let paths = ["/scalar", "/scalar/", "/scalar/scalar.js", "/scalar/init.js", "/scalar/openapi.json"];
    let unchanged = paths.map(|path| (path, ("if-none-match", "*"), StatusCode::NOT_MODIFIED));
    let plain = paths.map(|path| (path, ("accept-encoding", "identity"), StatusCode::OK));
    for (path, header, status) in unchanged.into_iter().chain(plain) {
        let answer = send(router(), Method::GET, path, &[header]).await;
        assert_eq!(answer.status, status, "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
        assert!(policy.ends_with("base-uri 'none'; form-action 'none'; frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("http") && !policy.contains('*') && !policy.contains("eval"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn a_page_with_a_sign_in_may_ask_its_provider_and_no_other_host() {
    let code = |token| AuthorizationCode::new("https://login.example/authorize", token, Scopes::new());
    let flows = [
        Flow::AuthorizationCode(code("https://login.example:8443/token")),
        Flow::ClientCredentials(ClientCredentials::new("https://evil.example;script-src", Scopes::new())),
    ];
    let own = [Flow::AuthorizationCode(code("/token"))];
    let mut api = api("Orders", "");
    let components = ComponentsBuilder::new()
        .security_scheme("login", SecurityScheme::OAuth2(OAuth2::new(flows)))
        .security_scheme(
            "discovered",
            SecurityScheme::OpenIdConnect(OpenIdConnect::new("https://id.example/x")),
        )
        .security_scheme("own", SecurityScheme::OAuth2(OAuth2::new(own)));
    api.components = Some(components.build());
    let router: Router = scalar("/scalar", api);

    let connect = |answer: &Answer| {
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
        assert!(!policy.contains("evil"), "{policy}");
        policy.split("; ").filter(|directive| directive.starts_with("connect-src")).collect::<String>()
    };
    let page = get(router.clone(), "/scalar").await;
    assert_eq!(connect(&page), "connect-src 'self' https://id.example https://login.example:8443");
    let document = get(router.clone(), "/scalar/openapi.json").await;
    assert_eq!(connect(&document), "connect-src 'self'");
    assert_eq!(settings(&router, "/scalar/init.js", "").await["scheme"], "discovered");
}

#[tokio::test]
async fn every_link_of_the_page_leads_to_a_file_wherever_the_router_is() {
    let api = || api("Orders", "");
    let cases: [(Router, &str); 8] = [
        (scalar("/scalar", api()), "/scalar"),
        (scalar("scalar/", api()), "/scalar/"),
        (scalar("/docs/ui", api()), "/docs/ui"),
        (scalar("/", api()), "/"),
        (Router::new().nest("/v1", scalar("/scalar", api())), "/v1/scalar"),
        (Router::new().nest("/v1", scalar("/scalar", api())), "/v1/scalar/"),
        (Router::new().nest("/v1", scalar("/", api())), "/v1"),
        (Router::new().nest("/a", Router::new().nest("/b", scalar("/", api()))), "/a/b"),
    ];
    for (router, path) in cases {
        let page = get(router.clone(), path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let links: Vec<&str> = links(page.text()).into_iter().filter(|link| *link != "data:,").collect();
        assert_eq!(links.len(), 3, "{links:?}");
        for link in links {
            let answer = get(router.clone(), &resolve(path, link)).await;
            assert_eq!(answer.status, StatusCode::OK, "{path} to {link}");
        }
    }
}

#[tokio::test]
async fn settings_name_no_other_host_and_find_the_document_beside_them() {
    let init = get(router(), "/scalar/init.js").await;
    assert_eq!(init.header("content-type"), "text/javascript; charset=utf-8");
    assert!(!init.text().contains("http") && !init.text().contains("'//"));
    for setting in [
        "new URL('openapi.json', document.currentScript.src)",
        "preferredSecurityScheme: scheme",
        "proxyUrl: ''",
        "agent: { disabled: true }",
        "mcp: { disabled: true }",
        "telemetry: false",
        "persistAuth: false",
        "withDefaultFonts: false",
    ] {
        assert!(init.text().contains(setting), "{setting}");
    }
}

/// What `init.js` sets for a reader who sends these cookies.
async fn settings(router: &Router, init: &str, cookies: &str) -> Value {
    let headers = if cookies.is_empty() { vec![] } else { vec![("cookie", cookies)] };
    let init = send(router.clone(), Method::GET, init, &headers).await;
    assert_eq!(init.header("vary"), "cookie");
    let settings = init.text().split_once("const { scheme, root, open } = ").unwrap().1;
    serde_json::from_str(settings.split_once('\n').unwrap().0).unwrap()
}

/// A document with these schemes, each the only one of an operation, and a refresh cookie beside the first.
fn with_schemes(schemes: &[(&str, SecurityScheme)]) -> OpenApi {
    let mut api = api("Orders", "");
    let mut components = ComponentsBuilder::new();
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("__Host-refresh")));
    for (name, scheme) in schemes.iter().chain([&("aRefreshCookie", cookie)]) {
        components = components.security_scheme(*name, scheme.clone());
        let alone = SecurityRequirement::new(*name, [] as [&str; 0]);
        let security =
            if *name == "aRefreshCookie" { alone.add(schemes[0].0, [] as [&str; 0]) } else { alone };
        let operation = OperationBuilder::new().security(security).build();
        api.paths.paths.insert(format!("/{name}"), PathItem::new(HttpMethod::Get, operation));
    }
    api.components = Some(components.build());
    api
}

/// Tags would fold the operations away, of which a small document has few.
#[tokio::test]
async fn the_list_of_a_small_document_shows_every_operation() {
    for (operations, open) in [(0, true), (100, true), (101, false)] {
        let mut api = api("Orders", "");
        for number in 0..operations {
            let item = PathItem::new(HttpMethod::Get, OperationBuilder::new().build());
            api.paths.paths.insert(format!("/{number}"), item);
        }
        let settings = settings(&scalar("/scalar", api), "/scalar/init.js", "").await;
        assert_eq!(settings["open"], open, "{operations}");
    }
}

/// The page selects the scheme with which its own reader has come.
#[tokio::test]
async fn the_scheme_of_the_readers_cookie_is_selected() {
    let cookie = |name: &str| SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(name)));
    let http = |scheme| SecurityScheme::Http(HttpBuilder::new().scheme(scheme).build());
    let bearer = || http(HttpAuthScheme::Bearer);
    let with_cookie =
        scalar("/scalar", with_schemes(&[("accessCookie", cookie("__Host-access")), ("bearer", bearer())]));
    let of_two =
        [("shop", cookie("__Host-shop")), ("staff", cookie("__Host-staff")), ("staffBearer", bearer())];
    let of_two = scalar("/scalar", with_schemes(&of_two));
    let without_tokens = scalar("/scalar", with_schemes(&[("basic", http(HttpAuthScheme::Basic))]));
    for (router, cookies, expected) in [
        (&with_cookie, "", Some("bearer")),
        (&with_cookie, "__Host-access=a.b.c", Some("accessCookie")),
        (&with_cookie, "theme=dark; __Host-access=a.b.c; x", Some("accessCookie")),
        (&with_cookie, "__Host-access=", Some("bearer")),
        (&with_cookie, "__Host-refresh=a.b.c", Some("bearer")),
        (&with_cookie, "__host-access=a.b.c", Some("bearer")),
        (&of_two, "", Some("staffBearer")),
        (&of_two, "__Host-staff=a.b.c", Some("staff")),
        (&of_two, "__Host-staff=a.b.c; __Host-shop=a.b.c", Some("shop")),
        (&without_tokens, "__Host-access=a.b.c", None),
    ] {
        let settings = settings(router, "/scalar/init.js", cookies).await;
        assert_eq!(settings["scheme"].as_str(), expected, "{cookies}");
    }
}

#[tokio::test]
async fn a_reader_who_signs_in_gets_other_settings() {
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("__Host-access")));
    let router = scalar("/scalar", with_schemes(&[("accessCookie", cookie)]));
    let before = get(router.clone(), "/scalar/init.js").await;
    let headers = [("if-none-match", before.header("etag")), ("cookie", "__Host-access=a")];
    let after = send(router, Method::GET, "/scalar/init.js", &headers).await;
    assert_eq!(after.status, StatusCode::OK);
}

/// Markup in the name of a scheme stays a string.
#[tokio::test]
async fn the_name_of_a_scheme_cannot_leave_its_string() {
    let name = "'\"`} </script>\n";
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    let router = scalar("/scalar", with_schemes(&[(name, bearer)]));
    assert_eq!(settings(&router, "/scalar/init.js", "").await["scheme"], name);
}

#[test]
fn the_way_to_the_root_follows_from_the_place_of_the_page() {
    for (page, way) in [
        ("/", "./"),
        ("/scalar", "../"),
        ("scalar/", "../"),
        ("/docs/ui", "../../"),
        ("/v1/{tenant}/docs", "../../../"),
    ] {
        assert_eq!(super::root(page), way, "{page}");
    }
}

#[tokio::test]
async fn the_script_is_sent_as_it_is() {
    let headers = [("accept-encoding", "gzip")];
    let script = send(router(), Method::GET, "/scalar/scalar.js", &headers).await;
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(script.header("content-encoding"), "");
    assert!(script.body.len() > 1_000_000);
}

#[tokio::test]
async fn script_is_kept_for_good_only_under_its_own_version() {
    let page = get(router(), "/scalar").await;
    let link = links(page.text()).into_iter().find(|link| link.contains("scalar.js?v=")).unwrap();
    let script = get(router(), &resolve("/scalar", link)).await;
    assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");

    for other in ["/scalar/scalar.js", "/scalar/scalar.js?v=", "/scalar/scalar.js?v=older"] {
        let script = get(router(), other).await;
        assert_eq!(script.status, StatusCode::OK);
        assert_eq!(script.header("cache-control"), "no-cache", "{other}");
    }
}

#[tokio::test]
async fn what_the_client_holds_is_not_sent_again() {
    for path in ["/scalar", "/scalar/scalar.js", "/scalar/init.js", "/scalar/openapi.json"] {
        let first = get(router(), path).await;
        assert_eq!(first.header("cache-control"), "no-cache");
        let tag = first.header("etag");
        assert!(tag.starts_with("W/\""), "a compressed form may keep the tag: {tag}");
        for held in [tag, tag.trim_start_matches("W/"), &format!("\"other\", {tag}"), "*"] {
            let headers = [("if-none-match", held)];
            let again = send(router(), Method::GET, path, &headers).await;
            assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{path} {held}");
            assert!(again.body.is_empty());
            assert_eq!(again.header("etag"), tag);
            assert_eq!(again.header("cache-control"), "no-cache");
        }
        for other in ["W/\"other\"", &format!("{}\"", &tag[..tag.len() - 2]), "\"\"", ""] {
            let other = send(router(), Method::GET, path, &[("if-none-match", other)]).await;
            assert_eq!(other.status, StatusCode::OK, "{path}");
        }
    }
}

#[tokio::test]
async fn servers_are_written_down_only_where_the_document_has_none() {
    let document = get(router(), "/scalar/openapi.json").await;
    let json: Value = serde_json::from_slice(&document.body).unwrap();
    assert_eq!(json["servers"], json!([{ "url": "/" }]));

    let mut own = api("Orders", "");
    own.servers = Some(vec![Server::new("/v2")]);
    let document = get(scalar("/scalar", own), "/scalar/openapi.json").await;
    let json: Value = serde_json::from_slice(&document.body).unwrap();
    assert_eq!(json["servers"], json!([{ "url": "/v2" }]));
}

#[tokio::test]
async fn another_document_has_another_tag() {
    let one = get(scalar("/", api("Orders", "one")), "/openapi.json").await;
    let two = get(scalar("/", api("Orders", "two")), "/openapi.json").await;
    assert_ne!(one.header("etag"), two.header("etag"));
}

#[tokio::test]
async fn other_methods_are_refused() {
    for path in ["/scalar", "/scalar/scalar.js", "/scalar/init.js", "/scalar/openapi.json"] {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
            let answer = send(router(), method, path, &[]).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
            assert_eq!(answer.header("allow"), "GET,HEAD");
        }
        let head = send(router(), Method::HEAD, path, &[]).await;
        assert_eq!(head.status, StatusCode::OK);
        assert!(head.body.is_empty());
    }
}
