//! The report about a removed row agrees with what axum does.

use std::collections::BTreeSet;
use std::panic::catch_unwind;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::{MethodFilter, MethodRouter, any, on};
use tower::ServiceExt as _;

use super::super::difference::Changes;
use super::super::table;
use super::*;

/// The matrix does not distinguish a nested router of axum, here with a fallback, from a service.
const ROWS: [&str; 17] = [
    "GET /a",
    "POST /a",
    "HEAD /a",
    "other /a",
    "* /a",
    "GET /{x}",
    "POST /{x}",
    "GET /a/b",
    "GET /a/{x}",
    "GET /{x}/b",
    "GET /{x}/{y}",
    "GET /a/{*rest}",
    "GET /{x}/{*rest}",
    "* /a/{*path}",
    "* /a/{*path} of a router",
    "* /a/{*fallback}",
    "* /{*fallback}",
];
const PATHS: [&str; 10] = ["/", "/a", "/a/", "/b", "/a/b", "/a/c", "/b/b", "/b/c", "/a/b/c", "/b/b/c"];
const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "PUT"];

/// The row as the matrix has it.
fn listed(row: &str) -> (&str, &str) {
    row.strip_suffix(" of a router").unwrap_or(row).split_once(' ').unwrap()
}

fn added(router: Router, name: &'static str) -> Router {
    let answer = move || async move { [("x-row", name)] };
    let (method, path) = listed(name);
    match (method, path) {
        _ if name.ends_with("of a router") => router.nest("/a", Router::new().fallback(answer)),
        ("*", "/{*fallback}") => router.fallback(answer),
        ("*", "/a/{*fallback}") => router.nest("/a", Router::new().fallback(answer)),
        ("*", "/a/{*path}") => router.nest_service("/a", any(answer)),
        ("*", path) => router.route_service(path, any(answer)),
        ("other", path) => router.route(path, MethodRouter::new().fallback(answer)),
        (method, path) => {
            let filter = MethodFilter::try_from(axum::http::Method::try_from(method).unwrap()).unwrap();
            router.route(path, on(filter, answer))
        }
    }
}

/// The row that answers each request; `None` where axum cannot have these rows at once.
async fn answering(rows: &[&'static str]) -> Option<Vec<Option<String>>> {
    let rows = rows.to_vec();
    let router = catch_unwind(|| rows.into_iter().fold(Router::new(), added)).ok()?;
    let mut answers = Vec::new();
    for (method, path) in METHODS.iter().flat_map(|method| PATHS.map(|path| (*method, path))) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        answers.push(answer.headers().get("x-row").map(|row| row.to_str().unwrap().to_owned()));
    }
    Some(answers)
}

/// The row that goes was for administrators, those that stay are for everybody.
fn told(gone: &str, staying: &[&str]) -> String {
    let read = |rows: &mut dyn Iterator<Item = (&str, Access)>| {
        let rows = rows.map(|(name, access)| {
            let (method, path) = listed(name);
            of_route(&format!("{method} {path}"), access, &[])
        });
        table::read(&AccessMatrix::new(rows.collect()).to_markdown()).unwrap()
    };
    let staying = || staying.iter().map(|row| (*row, Access::Public { reason: "open" }));
    let before = read(&mut staying().chain([(gone, Access::Require(Rule::Role("admin")))]));
    Changes::between(before, read(&mut staying())).to_string()
}

#[tokio::test]
async fn a_removed_row_is_wider_where_axum_lets_another_one_answer() {
    let mut compared = 0;
    for (index, one) in ROWS.iter().enumerate() {
        for other in &ROWS[index..] {
            let staying: Vec<_> = BTreeSet::from([*one, *other]).into_iter().collect();
            let Some(served) = answering(&staying).await else { continue };
            for gone in ROWS {
                let before: Vec<_> = staying.iter().copied().chain([gone]).collect();
                let Some(before) = answering(&before).await else { continue };
                let mut both = before.iter().zip(&served);
                let is_exposed = both.any(|(before, now)| before.as_deref() == Some(gone) && now.is_some());
                let report = told(gone, &staying);
                let is_wider = report.contains("\nwider:");
                let is_told = is_wider || report.contains("\npossibly wider:");
                assert!(is_told || !is_exposed, "{gone} beside {staying:?}\n{served:?}\n{report}");
                // Of what several rows share, another row may have a part.
                let is_exact = !gone.contains('{') && !staying.iter().any(|row| row.contains("router"));
                assert!(
                    is_exposed || !is_wider || !is_exact,
                    "{gone} beside {staying:?}\n{served:?}\n{report}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 1000, "{compared}");
}
