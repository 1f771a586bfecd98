//! The Scalar page: the OpenAPI document in the browser, served from this binary.

#[cfg(test)]
mod tests;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;
use utoipa::openapi::{OpenApi, Server};

use crate::TARGET;
use crate::asset::{Asset, Caching};

const PAGE: &str = include_str!("page.html");
const INIT: &str = include_str!("init.js");

const HTML: &str = "text/html; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";

/// Read, hashed and compressed at the first visit, once for the process.
static SCRIPT: LazyLock<Option<Asset>> = LazyLock::new(|| {
    let script = scalar_api_reference::get_asset("scalar.js");
    if script.is_none() {
        tracing::error!(target: TARGET, "the crate scalar_api_reference holds no scalar.js");
    }
    script.map(|body| Asset::new(JAVASCRIPT, body))
});

/// A router that shows `api` with [Scalar] at `path`, to be merged into the application's router or nested in it.
///
/// It answers GET and HEAD on four addresses and nothing else:
///
/// | address | what | caching |
/// |---|---|---|
/// | `{path}` and `{path}/` | the page | asked every time, mostly 304 |
/// | `{path}/scalar.js` | Scalar, from the crate `scalar_api_reference` | for good, by version |
/// | `{path}/init.js` | the page's settings | asked every time, mostly 304 |
/// | `{path}/openapi.json` | the document | asked every time, mostly 304 |
///
/// The browser asks no other host: no CDN, no fonts, no proxy, no telemetry. A content security policy holds it to that,
/// which also means that the page can only try requests on the origin it came from. The page holds no inline script and
/// nothing of the document but its title, so no doc comment can break out of it.
///
/// The four routes are **public**: whoever reaches them reads the whole document. Leave the router out, or put your own
/// layer on it, where the document must not be public.
///
/// A document that names no servers is served with `servers: [{"url": "/"}]`, which OpenAPI gives the same meaning
/// ([OpenAPI 3.1.0, section 4.8.1]).
///
/// A missing slash at the start of `path` is added. Like [`Router::merge`], it panics at start when the application
/// already has a route at one of these addresses.
///
/// ```
/// # fn api() -> utoipa::openapi::OpenApi { Default::default() }
/// use axum::Router;
/// use countersign::scalar;
///
/// let router: Router = Router::new().merge(scalar("/scalar", api()));
/// ```
///
/// [Scalar]: https://scalar.com
/// [OpenAPI 3.1.0, section 4.8.1]: https://spec.openapis.org/oas/v3.1.0#openapi-object
pub fn scalar<S>(path: &str, api: OpenApi) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let path = path.trim_matches('/');
    let folder = if path.is_empty() { "/".to_owned() } else { format!("/{path}/") };
    let mut router = Router::new()
        .route(&folder, get(page))
        .route(&format!("{folder}scalar.js"), get(script))
        .route(&format!("{folder}init.js"), get(init))
        .route(&format!("{folder}openapi.json"), get(document));
    if !path.is_empty() {
        router = router.route(&format!("/{path}"), get(page));
    }
    router.with_state(Arc::new(Reference::new(api)))
}

/// What the four routes share.
struct Reference {
    title: String,
    init: Asset,
    document: Option<Asset>,
}

impl Reference {
    fn new(mut api: OpenApi) -> Self {
        // What a document without servers means; only where it is written does Scalar put the host into its curl lines.
        api.servers.get_or_insert_with(|| vec![Server::new("/")]);
        let document = api.to_json();
        if let Err(error) = &document {
            tracing::error!(target: TARGET, %error, "the OpenAPI document cannot be written as JSON");
        }
        Self {
            title: escape(&api.info.title),
            init: Asset::new(JAVASCRIPT, INIT),
            document: document.ok().map(|json| Asset::new(JSON, json)),
        }
    }
}

async fn page(
    State(reference): State<Arc<Reference>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let Some(script) = &*SCRIPT else { return unavailable() };
    let html = render(&reference.title, &base(&uri), script.version());
    Asset::new(HTML, html).respond(&headers, Caching::Revalidate)
}

async fn script(uri: Uri, headers: HeaderMap) -> Response {
    let Some(script) = &*SCRIPT else { return unavailable() };
    // Another version's address must not keep this version's content, as it would while a new release rolls out.
    let is_own_address = uri.query().and_then(|query| query.strip_prefix("v=")) == Some(script.version());
    let caching = if is_own_address { Caching::Immutable } else { Caching::Revalidate };
    script.respond(&headers, caching)
}

async fn init(State(reference): State<Arc<Reference>>, headers: HeaderMap) -> Response {
    reference.init.respond(&headers, Caching::Revalidate)
}

async fn document(State(reference): State<Arc<Reference>>, headers: HeaderMap) -> Response {
    match &reference.document {
        Some(document) => document.respond(&headers, Caching::Revalidate),
        None => unavailable(),
    }
}

fn unavailable() -> Response {
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// `title` and `base` have to be escaped.
///
/// utoipa-scalar pastes what it is given as the document unescaped, so it is given none.
fn render(title: &str, base: &str, version: &str) -> String {
    let template = PAGE.replace("{version}", version).replace("{base}", base);
    utoipa_scalar::Scalar::new(Value::Null).custom_html(template).title(title.to_owned()).to_html()
}

/// What leads from the page's address to the files below it, relative, so that it holds behind every prefix.
fn base(page: &Uri) -> String {
    match page.path().rsplit('/').next() {
        None | Some("") => "./".to_owned(),
        Some(last) => format!("./{}/", escape(last)),
    }
}

/// For HTML text and attribute values; `$` too, which utoipa-scalar replaces.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '$' => escaped.push_str("&#36;"),
            _ => escaped.push(c),
        }
    }
    escaped
}
