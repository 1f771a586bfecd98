//! The Scalar page as people meet it: a server in this process, with the page in one deployment and its reader signed in in one way.

use std::convert::Infallible;
use std::net::TcpListener;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::response::IntoResponse;
use countersign::testing::TestAuth;
use countersign::{
    AuthError, AuthRouter, CookieTokens, Cookies, SessionClaims, SignIn, Unguarded, authenticated, public,
    routes,
};
use tower::{ServiceExt as _, service_fn};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

/// The end of a sign-in
#[public(reason = "a test signs in without a password")]
#[utoipa::path(get, path = "/sign-in", responses((status = 200)))]
async fn sign_in(sign_in: SignIn<User>) -> Result<(CookieTokens, &'static str), AuthError> {
    Ok((sign_in.cookies(&User { id: 7 }).await?, "signed in"))
}

/// Who am I?
#[authenticated]
#[utoipa::path(get, path = "/me", responses((status = 200)))]
async fn me(user: User) -> impl IntoResponse {
    [("x-user", user.id.to_string())]
}

/// Write a note
#[authenticated]
#[utoipa::path(post, path = "/notes", responses((status = 201)))]
async fn notes() -> StatusCode {
    StatusCode::CREATED
}

/// For everybody
#[utoipa::path(get, path = "/hello", responses((status = 200)))]
async fn hello(user: Option<User>) -> impl IntoResponse {
    [("x-user", user.map_or_else(|| "a stranger".to_owned(), |user| user.id.to_string()))]
}

/// Who may open the page.
#[derive(Clone, Copy)]
pub(crate) enum Page {
    /// Those who are signed in, with the cookie.
    Guarded,
    Open,
    /// Everybody; and the document does not know of the cookie.
    Undescribed,
}

/// Where the application is, as a browser sees it.
#[derive(Clone, Copy)]
pub(crate) enum Deployment {
    Alone,
    /// The page and the API in a section of their router, at `/api`.
    Section,
    /// The whole router in a router of axum, at `/v1`.
    Nested,
    /// Behind a proxy that takes `/proxied` off the path.
    Proxied,
}

impl Deployment {
    /// What browsers put in front of the paths of the API.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Alone => "",
            Self::Section => "/api",
            Self::Nested => "/v1",
            Self::Proxied => "/proxied",
        }
    }
}

/// Serves until the process ends. Returns the address, and a token of the user.
pub(crate) fn serve(page: Page, deployment: Deployment) -> (String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let auth = TestAuth::with(|builder| {
        // The browser's clock is the real one.
        builder.cookies(Cookies::new().with_access_cookie()).clock(countersign::SystemClock::default())
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let token = runtime.block_on(auth.token(&User { id: 7 }));
    let app = app(page, deployment, &auth);
    std::thread::spawn(move || {
        runtime.block_on(async {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
    });
    (url, token)
}

fn app(page: Page, deployment: Deployment, auth: &TestAuth<User>) -> Router {
    let routes = AuthRouter::new().routes(routes!(me, notes, hello));
    let routes = match page {
        Page::Guarded => routes.describe(auth).scalar("/scalar", auth.layer().redirect("/signed-out")),
        Page::Open => routes.describe(auth).scalar("/scalar", Unguarded("the interface is no secret")),
        Page::Undescribed => routes.scalar("/scalar", Unguarded("the interface is no secret")),
    };
    let routes = match deployment {
        Deployment::Section => AuthRouter::new().nest("/api", routes),
        _ => routes,
    };
    let app = Router::from(routes.with_state(auth.clone()));
    let sign_in = Router::from(AuthRouter::new().routes(routes!(sign_in)).with_state(auth.clone()));
    let app = match deployment {
        Deployment::Alone | Deployment::Section => app,
        Deployment::Nested => Router::new().nest("/v1", app),
        Deployment::Proxied => Router::new().fallback_service(service_fn(move |mut request: Request| {
            let app = app.clone();
            async move {
                let target = request.uri().path_and_query().map_or("/", |path| path.as_str());
                let rest = target.strip_prefix("/proxied").unwrap_or("/not-proxied").to_owned();
                *request.uri_mut() = rest.parse::<Uri>().unwrap();
                // The application has its request from the network.
                request.extensions_mut().clear();
                Ok::<_, Infallible>(app.oneshot(request).await.unwrap())
            }
        })),
    };
    app.merge(sign_in)
}

/// A document with this number of operations, and the page that shows it.
pub(crate) fn serve_large(operations: usize) -> String {
    use utoipa::openapi::path::{HttpMethod, OperationBuilder};
    use utoipa::openapi::{InfoBuilder, OpenApiBuilder, PathItem, Paths, ResponseBuilder};

    let mut paths = Paths::new();
    for number in 0..operations {
        let operation = OperationBuilder::new()
            .summary(Some(format!("Operation number {number}")))
            .operation_id(Some(format!("operation_{number}")))
            .tag(format!("section {}", number / 20))
            .response("200", ResponseBuilder::new().description("fine"));
        paths.paths.insert(format!("/things/{number}"), PathItem::new(HttpMethod::Get, operation.build()));
    }
    let info = InfoBuilder::new().title("Many operations").version("1").build();
    let document = OpenApiBuilder::new().info(info).paths(paths).build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let app: Router = countersign::scalar("/scalar", document);
    std::thread::spawn(move || {
        runtime.block_on(async {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
    });
    url
}
