//! The order of a probe's requests, and the hook that puts test data back.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use countersign::testing::{AccessProbe, TestAuth};
use countersign::{AuthRouter, Unguarded, authenticated, fallback, public, require_role, routes};

use super::{State, probe};
use crate::support::User;

/// A table with one row, which `DELETE` takes away.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<u64>>>);

impl Notes {
    fn refill(&self) {
        *self.0.lock().unwrap() = vec![1];
    }

    fn has_row(&self) -> bool {
        !self.0.lock().unwrap().is_empty()
    }
}

#[require_role("member")]
#[utoipa::path(delete, path = "/notes/{id}")]
async fn delete() {}

#[require_role("member")]
#[utoipa::path(get, path = "/notes/{id}")]
async fn read() {}

#[require_role("admin")]
#[utoipa::path(method(options, head), path = "/notes")]
async fn about() {}

#[require_role("admin")]
#[utoipa::path(patch, path = "/notes/{id}")]
async fn change() {}

#[authenticated]
#[utoipa::path(post, path = "/notes")]
async fn write() {}

#[authenticated]
#[utoipa::path(put, path = "/a")]
async fn put() {}

#[authenticated]
#[utoipa::path(delete, path = "/a")]
async fn delete_early() {}

#[public(reason = "for everybody")]
#[utoipa::path(get, path = "/z")]
async fn last_in_the_matrix() {}

#[authenticated]
async fn other() {}

/// The requests that a probe sends, with the answers' statuses.
type Log = Arc<Mutex<Vec<(Method, String, StatusCode)>>>;

fn logged(auth: &State, log: &Log, notes: &Notes) -> AccessProbe<User> {
    let (log, notes) = (Arc::clone(log), notes.clone());
    // As a handler over a table would answer.
    let table = from_fn(move |request: Request, next: Next| {
        let (log, notes) = (Arc::clone(&log), notes.clone());
        async move {
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            let mut answer: Response = next.run(request).await;
            if answer.status().is_success() && path == "/notes/1" {
                if !notes.has_row() {
                    *answer.status_mut() = StatusCode::NOT_FOUND;
                    *answer.body_mut() = Body::empty();
                }
                if method == Method::DELETE {
                    notes.0.lock().unwrap().clear();
                }
            }
            log.lock().unwrap().push((method, path, answer.status()));
            answer
        }
    });
    let service = axum::routing::any(async || "served");
    let router = AuthRouter::new()
        .routes(routes!(delete, read, about, change, write, put, delete_early, last_in_the_matrix))
        .method_not_allowed_fallback(fallback!(other))
        .nest_service("/files", auth.layer(), service)
        .route_service("/open", Unguarded("for everybody"), axum::routing::any(async || "open"))
        .layer(table);
    probe(auth, router)
}

fn turn(method: &Method) -> u8 {
    match *method {
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE => 0,
        Method::DELETE => 2,
        _ => 1,
    }
}

/// Whoever is let in comes last at a route: what is deleted for one is missing for the next.
#[tokio::test]
async fn safe_methods_come_first_deletions_last_and_refusals_before_grants() {
    let (auth, log, notes) = (TestAuth::new(), Log::default(), Notes::default());
    notes.refill();
    let report = logged(&auth, &log, &notes).run().await;
    report.assert_no_gaps();
    let sent = log.lock().unwrap().clone();
    let methods: Vec<_> = sent.iter().map(|(method, ..)| method.as_str()).collect();
    for method in ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "other"] {
        assert!(methods.contains(&method), "{method}");
    }
    assert!(sent.is_sorted_by_key(|(method, ..)| turn(method)), "{methods:?}");

    for (method, path) in [("GET", "/notes/1"), ("DELETE", "/notes/1"), ("POST", "/notes"), ("PUT", "/a")] {
        let of_route = sent.iter().filter(|(sent, at, _)| sent == method && at == path);
        let statuses: Vec<_> = of_route.map(|(.., status)| status.as_u16()).collect();
        assert!(
            statuses.is_sorted_by_key(|status| !matches!(status, 401 | 403)),
            "{method} {path}: {statuses:?}"
        );
        assert!(statuses.iter().any(|status| *status < 300), "{method} {path}: {statuses:?}");
    }
    // Every reader and every editor found the row.
    let before_deletion =
        sent.iter().filter(|(method, path, _)| path == "/notes/1" && method != Method::DELETE);
    assert!(before_deletion.clone().count() > 20);
    assert!(before_deletion.clone().all(|(.., status)| *status != StatusCode::NOT_FOUND), "{sent:?}");
}

/// Without the hook, the second caller who may delete finds nothing.
#[tokio::test]
async fn the_hook_puts_back_what_a_request_has_changed() {
    for (restores, missing) in [(false, true), (true, false)] {
        let (auth, log, notes) = (TestAuth::new(), Log::default(), Notes::default());
        notes.refill();
        let mut probe = logged(&auth, &log, &notes);
        let calls = Arc::new(Mutex::new(0));
        if restores {
            let (notes, calls) = (notes.clone(), Arc::clone(&calls));
            probe = probe.restore(move || {
                let (notes, calls) = (notes.clone(), Arc::clone(&calls));
                async move {
                    tokio::task::yield_now().await;
                    notes.refill();
                    *calls.lock().unwrap() += 1;
                }
            });
        }
        // As in a test that runs on several threads.
        tokio::spawn(probe.run()).await.unwrap().assert_no_gaps();
        let sent = log.lock().unwrap().clone();
        let found_nothing = sent.iter().any(|(.., status)| *status == StatusCode::NOT_FOUND);
        assert_eq!(found_nothing, missing, "{sent:?}");
        let unsafe_grants = sent.iter().filter(|(method, _, status)| turn(method) > 0 && status.is_success());
        assert_eq!(*calls.lock().unwrap(), if restores { unsafe_grants.count() } else { 0 });
    }
}

/// A handler that ran although it should not have has changed the data as well.
#[tokio::test]
async fn the_hook_also_runs_after_a_gap() {
    let auth = TestAuth::new();
    let [changes, calls] = [(); 2].map(|()| Arc::new(Mutex::new(0)));
    let counted = Arc::clone(&changes);
    let open = from_fn(move |request: Request, _: Next| {
        *counted.lock().unwrap() += usize::from(turn(request.method()) > 0);
        async { StatusCode::NO_CONTENT }
    });
    let restored = Arc::clone(&calls);
    let probe =
        probe(&auth, AuthRouter::new().routes(routes!(delete_early)).layer(open)).restore(move || {
            *restored.lock().unwrap() += 1;
            async {}
        });
    let report = probe.run().await;
    assert!(report.gaps().count() > 0, "{report}");
    let changes = *changes.lock().unwrap();
    assert!(changes > 10, "{report}");
    assert_eq!(*calls.lock().unwrap(), changes, "{report}");
}
