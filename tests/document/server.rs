//! A server in this process that counts how its guards answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use countersign::{AccessMatrix, TokenPair};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use utoipa::openapi::OpenApi;

use crate::handlers::{self, App};

/// It stops when the value is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    _runtime: Runtime,
}

impl Server {
    pub(crate) fn start(router: Router) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, _runtime: runtime }
    }
}

/// How often a route let the right token in, and refused another or none with 401.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Answers {
    pub(crate) let_in: usize,
    pub(crate) refused: usize,
}

/// A server with every kind of access.
pub(crate) struct Guarded {
    pub(crate) server: Server,
    pub(crate) tokens: TokenPair,
    pub(crate) document: OpenApi,
    pub(crate) matrix: AccessMatrix,
    answers: Arc<Mutex<BTreeMap<(String, String), Answers>>>,
}

impl Guarded {
    pub(crate) fn start() -> Self {
        let app = App::new();
        let runtime = Runtime::new().unwrap();
        let tokens = runtime.block_on(app.tokens());
        let router = handlers::router(&app.auth);
        let matrix = router.access_matrix();
        let (router, document) = router.with_state(app).split_for_parts();
        let answers = Arc::default();
        let counted = counted(router, format!("Bearer {}", tokens.access_token), &answers);
        Self { server: Server::start(counted), tokens, document, matrix, answers }
    }

    pub(crate) fn answers(&self, method: &str, path: &str) -> Answers {
        let answers = self.answers.lock().unwrap();
        answers.get(&(method.to_owned(), path.to_owned())).copied().unwrap_or_default()
    }
}

fn counted(
    router: Router,
    right: String,
    answers: &Arc<Mutex<BTreeMap<(String, String), Answers>>>,
) -> Router {
    let answers = Arc::clone(answers);
    router.layer(middleware::from_fn(move |path: Option<MatchedPath>, request: Request, next: Next| {
        let (answers, right) = (Arc::clone(&answers), right.clone());
        async move {
            let path = path.map_or_else(String::new, |path| path.as_str().to_owned());
            let place = (request.method().to_string(), path);
            let is_right = authorization(request.headers()) == Some(right.as_str());
            let response: Response = next.run(request).await;
            let (is_refused, is_let_in) = (response.status() == 401, response.status().is_success());
            let mut answers = answers.lock().unwrap();
            let answers = answers.entry(place).or_default();
            answers.let_in += usize::from(is_right && is_let_in);
            answers.refused += usize::from(!is_right && is_refused);
            response
        }
    }))
}

fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()
}
