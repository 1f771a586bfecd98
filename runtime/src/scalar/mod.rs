//! The Scalar page: the OpenAPI document in the browser, served from this binary.

mod schemes;
#[cfg(test)]
mod tests;

use std::sync::{Arc, LazyLock, OnceLock};

use axum::Router;
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{COOKIE, VARY};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use serde_json::{Value, json};
use utoipa::openapi::{OpenApi, Server};

use self::schemes::Schemes;
use crate::html::escaped;
use crate::log::TARGET;
use crate::openapi;
use crate::openapi::asset::{Asset, Caching};

const PAGE: &str = include_str!("page.html");
const INIT: &str = include_str!("init.js");

const SCRIPT_FILE: &str = "scalar.js";
const INIT_FILE: &str = "init.js";
const DOCUMENT_FILE: &str = "openapi.json";

const HTML: &str = "text/html; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";

/// With more operations than this, the list on the left is folded at first.
const MOST_LISTED: usize = 100;

/// Read and hashed at the first visit, once for the process.
static SCRIPT: LazyLock<Option<Asset>> = LazyLock::new(|| {
    let script = scalar_api_reference::get_asset("scalar.js");
    if script.is_none() {
        tracing::error!(target: TARGET, "the crate scalar_api_reference holds no scalar.js");
    }
    script.map(|body| Asset::new(JAVASCRIPT, body))
});

/// A router that shows `api` with [Scalar] at `path`, to be merged into the application's router or nested in it.
///
/// It answers GET and HEAD on four addresses:
///
/// | address | what | caching |
/// |---|---|---|
/// | `{path}` and `{path}/` | the page | asked every time, mostly 304 |
/// | `{path}/scalar.js` | Scalar, from the crate `scalar_api_reference` | for good, by version |
/// | `{path}/init.js` | the page's settings | asked every time, mostly 304 |
/// | `{path}/openapi.json` | the document | asked every time, mostly 304 |
///
/// The browser asks no other host: no CDN, no fonts, no proxy, no telemetry. A content security policy holds it to that,
/// which also means that the page can only try requests on the origin it came from. The exceptions are the token endpoints and discovery
/// documents that the document's security schemes name: "Authorize" signs the reader in there. The page holds no inline script and
/// nothing of the document but its title, so no doc comment can break out of it.
///
/// A reader whose browser sends an access cookie of the document has the scheme of that cookie selected, and needs to type nothing.
/// Other readers have the scheme for bearer tokens selected, or the one that signs in at an identity provider if there is no other.
///
/// It has no access, so it is for development: in a build without debug assertions (`--release`) there are no routes, and the log has
/// one warning. `AuthRouter::scalar(path, access)` serves the same page in every build, to those who have the access.
///
/// A document that names no servers is served with `servers: [{"url": "/"}]`, which OpenAPI gives the same meaning
/// ([OpenAPI 3.1.0, section 4.8.1]). So where a proxy takes a prefix off the path, or this router is nested together with the API, the
/// document has to name its server. (The page of `AuthRouter::scalar` finds its API by itself.)
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
    served(cfg!(debug_assertions), path, api)
}

/// As [`scalar`](scalar()), in a build with debug assertions or without.
fn served<S>(debug: bool, path: &str, api: OpenApi) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let routes = routes(path, Arc::new(OnceLock::from(Reference::new(api, None))));
    if debug {
        return routes;
    }
    tracing::warn!(
        target: TARGET,
        path,
        "the Scalar page is not served in a release build; write `AuthRouter::scalar(path, access)`, which says who may read it"
    );
    Router::new()
}

/// The addresses of the page and its files.
pub(crate) fn addresses(path: &str) -> Vec<String> {
    let (pages, folder) = places(path);
    pages
        .into_iter()
        .chain([SCRIPT_FILE, INIT_FILE, DOCUMENT_FILE].map(|file| folder.clone() + file))
        .collect()
}

/// The routes at [`addresses`], for a document that may come later.
pub(crate) fn routes<S>(path: &str, reference: Arc<OnceLock<Reference>>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let (pages, folder) = places(path);
    let files = Router::new()
        .route(&(folder.clone() + SCRIPT_FILE), get(script))
        .route(&(folder.clone() + INIT_FILE), get(init))
        .route(&(folder + DOCUMENT_FILE), get(document));
    pages.iter().fold(files, |router, address| router.route(address, get(page))).with_state(reference)
}

/// Where the page is, and the folder of its files.
fn places(path: &str) -> (Vec<String>, String) {
    match path.trim_matches('/') {
        "" => (vec!["/".to_owned()], "/".to_owned()),
        path => (vec![format!("/{path}"), format!("/{path}/")], format!("/{path}/")),
    }
}

/// The content that the four routes share.
pub(crate) struct Reference {
    title: String,
    schemes: Schemes,
    /// The settings for a reader without an access cookie, then those for each cookie of `schemes`.
    init: Vec<Asset>,
    document: Option<Asset>,
}

impl Reference {
    /// Takes the document, and where its own page is among its paths, if that is known.
    pub(crate) fn new(mut api: OpenApi, page: Option<&str>) -> Self {
        let root = page.filter(|_| api.servers.is_none()).map(root);
        // OpenAPI gives a document without servers this meaning, but Scalar puts the host into its curl lines only where it is written.
        api.servers.get_or_insert_with(|| vec![Server::new("/")]);
        let document = api.to_json();
        if let Err(error) = &document {
            tracing::error!(target: TARGET, %error, "the OpenAPI document cannot be written as JSON");
        }
        let schemes = Schemes::of(&api);
        let operations: usize = api.paths.paths.values().map(|item| openapi::operations(item).count()).sum();
        let init = |scheme: Option<&str>| {
            let settings = json!({ "scheme": scheme, "root": root, "open": operations <= MOST_LISTED });
            Asset::new(JAVASCRIPT, INIT.replace("SETTINGS", &settings.to_string()))
        };
        let selected = std::iter::once(schemes.usual.as_deref());
        let selected = selected.chain(schemes.cookies.iter().map(|(scheme, _)| Some(scheme.as_str())));
        Self {
            title: escape(&api.info.title),
            init: selected.map(init).collect(),
            schemes,
            document: document.ok().map(|json| Asset::new(JSON, json)),
        }
    }

    /// The settings for the reader who sends these headers.
    fn init(&self, headers: &HeaderMap) -> Option<&Asset> {
        self.init.get(self.schemes.presented(headers).map_or(0, |number| number + 1))
    }
}

/// The relative way from the files of a page to the root of the router that has the page at this path.
fn root(page: &str) -> String {
    let (_, folder) = places(page);
    let depth = folder.matches('/').count() - 1;
    if depth == 0 { "./".to_owned() } else { "../".repeat(depth) }
}

type Pending = State<Arc<OnceLock<Reference>>>;

async fn page(State(reference): Pending, OriginalUri(uri): OriginalUri, headers: HeaderMap) -> Response {
    let (Some(reference), Some(script)) = (reference.get(), &*SCRIPT) else { return unavailable() };
    let html = render(&reference.title, &base(&uri), script.version());
    let page = Asset::new(HTML, html).connecting_to(&reference.schemes.providers);
    page.respond(&headers, Caching::Revalidate)
}

async fn script(uri: Uri, headers: HeaderMap) -> Response {
    let Some(script) = &*SCRIPT else { return unavailable() };
    // Another version's address must not keep this version's content, as it would while a new release rolls out.
    let is_own_address = uri.query().and_then(|query| query.strip_prefix("v=")) == Some(script.version());
    let caching = if is_own_address { Caching::Immutable } else { Caching::Revalidate };
    script.respond(&headers, caching)
}

async fn init(State(reference): Pending, headers: HeaderMap) -> Response {
    let Some(init) = reference.get().and_then(|reference| reference.init(&headers)) else {
        return unavailable();
    };
    let mut response = init.respond(&headers, Caching::Revalidate);
    response.headers_mut().append(VARY, HeaderValue::from(COOKIE));
    response
}

async fn document(State(reference): Pending, headers: HeaderMap) -> Response {
    match reference.get().and_then(|reference| reference.document.as_ref()) {
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

/// The relative way from the page's address to the files below it, which holds behind every prefix.
fn base(page: &Uri) -> String {
    match page.path().rsplit('/').next() {
        None | Some("") => "./".to_owned(),
        Some(last) => format!("./{}/", escape(last)),
    }
}

/// For HTML text and attribute values; `$` too, which utoipa-scalar replaces.
fn escape(text: &str) -> String {
    escaped(text).replace('$', "&#36;")
}
