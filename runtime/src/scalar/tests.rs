use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder, Server};

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
        "preferredSecurityScheme: 'bearer'",
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
