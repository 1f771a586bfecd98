//! A matrix with one row of each kind, in every format.

use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::*;

const ROLES: RoleTable = RoleTable {
    names: Some(&["member", "editor", "admin", "on | call"]),
    implies: &[("editor", &["member"]), ("admin", &["member", "editor"]), ("on | call", &["member"])],
    private: &[],
    ..RoleTable::NONE
};

fn row(method: &str, path: &str, access: Access, declared: DeclaredWhere) -> AccessRow {
    let methods = Methods::read(method).unwrap();
    let place = RoutePlace::read(path, methods == Methods::Every);
    let declaration = Declaration::new(access, declared, ROLES);
    let row = AccessRow::new(methods, place, declaration, std::panic::Location::caller());
    if declared == DeclaredWhere::Nowhere { row } else { row.documented() }
}

const PUBLISH: Rule = Rule::All(&[
    Rule::Any(&[Rule::Role("admin"), Rule::All(&[Rule::Role("editor"), Rule::Scope("posts:write")])]),
    Rule::Fresh(Duration::from_secs(600)),
    Rule::NotImpersonated,
    Rule::Check { name: "owns_post", not_found: true },
]);

/// A reason that would break every format without escapes.
const HOSTILE: &str =
    "a|b\n| GET | `c` \\| <script>alert('d')</script> &amp; \"e\" *f* [g](h) ~~i~~ \u{202e}j";

fn matrix() -> AccessMatrix {
    AccessMatrix::new(vec![
        row("POST", "/posts", Access::Require(PUBLISH), DeclaredWhere::Attribute),
        row("GET", "/posts", Access::Optional, DeclaredWhere::Argument),
        row("GET", "/me", Access::Authenticated, DeclaredWhere::Argument),
        row("GET", "/health", Access::Public { reason: "health probe" }, DeclaredWhere::Attribute),
        row("*", "/files/{*rest}", Access::Public { reason: HOSTILE }, DeclaredWhere::Nowhere),
        row("PUT", "/proofs", Access::Authenticated, DeclaredWhere::Application),
        row("DELETE", "/a|`b`<i>", Access::Require(Rule::Not(&Rule::Role("x`|<i>"))), DeclaredWhere::Router),
        row(
            "GET",
            "/auth/sessions",
            Access::Require(Rule::All(&[Rule::Live, Rule::Role("member")])),
            DeclaredWhere::Endpoint,
        ),
    ])
}

#[test]
fn rows_are_in_the_order_of_path_and_method() {
    let matrix = matrix();
    let order: Vec<_> = matrix.rows().iter().map(|row| format!("{} {}", row.path(), row.method())).collect();
    let mut sorted = order.clone();
    sorted.sort();
    assert_eq!(order, sorted);
    assert_eq!(order.len(), 8);
}

/// Row 50.
#[test]
fn roles_that_imply_a_role_of_the_rule_suffice() {
    let of = |rule| row("GET", "/", Access::Require(rule), DeclaredWhere::Attribute).roles_sufficing();
    assert_eq!(of(Rule::Role("member")), [("member", vec!["member", "editor", "admin", "on | call"])]);
    assert_eq!(
        of(Rule::Any(&[Rule::Role("editor"), Rule::Role("admin"), Rule::Role("editor")])),
        [("editor", vec!["editor", "admin"]), ("admin", vec!["admin"])]
    );
    assert_eq!(of(Rule::Not(&Rule::Role("other"))), [("other", vec!["other"])]);
    assert_eq!(of(Rule::Scope("member")), []);
    assert!(row("GET", "/", Access::Authenticated, DeclaredWhere::Argument).roles_sufficing().is_empty());
}

#[test]
fn markdown_has_one_line_for_each_route() {
    let text = matrix().to_markdown();
    is_committed("access.md", &text);
    assert_eq!(matrix().to_string(), text);
}

#[test]
fn an_empty_matrix_is_its_heading() {
    let empty = AccessMatrix::default();
    assert_eq!(empty.to_markdown(), head(false));
    assert_eq!(empty.to_json(), "[]\n");
    assert!(empty.to_html().contains("No routes"));
}

/// A cell ends at its own pipe only.
#[test]
fn nothing_in_a_row_ends_its_cell_or_line() {
    for line in matrix().to_markdown().lines().filter(|line| line.starts_with('|')) {
        let inside = line.replace("\\|", "");
        assert_eq!(inside.matches('|').count(), 7, "{line}");
        assert!(inside.ends_with('|') && !line.contains("\\u{202e}j\u{202e}"), "{line}");
    }
}

#[test]
fn json_has_an_object_for_each_route() {
    let text = matrix().to_json();
    assert!(text.starts_with("[\n  {\n    \"method\": ") && text.ends_with("\n]\n"), "{text}");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value, serde_json::to_value(matrix()).unwrap());
    assert_eq!(value.as_array().unwrap().len(), 8);
    assert_eq!(
        value[6],
        json!({
            "method": "POST",
            "path": "/posts",
            "access": "rule",
            "rule": "(role `admin` or (role `editor` and scope `posts:write`)) and a sign-in at most 10m old \
                and no impersonation and check `owns_post` else 404",
            "reason": null,
            "roles_sufficing": { "admin": ["admin"], "editor": ["editor", "admin"] },
            "declared": "attribute",
            "own": "(role `admin` or (role `editor` and scope `posts:write`)) and a sign-in at most 10m old \
                and no impersonation and check `owns_post` else 404",
            "guards": [],
            "documented": true,
        })
    );
    assert_eq!(
        value[2],
        json!({
            "method": "*",
            "path": "/files/{*rest}",
            "access": "public",
            "rule": null,
            "reason": HOSTILE,
            "roles_sufficing": {},
            "declared": "unguarded",
            "own": "public: a|b\n| GET | `c` \\| <script>alert('d')</script> &amp; \"e\" *f* [g](h) ~~i~~ \u{202e}j",
            "guards": [],
            "documented": false,
        })
    );
    let kinds: Vec<_> = value.as_array().unwrap().iter().map(|row| row["access"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["rule", "rule", "public", "public", "authenticated", "optional", "rule", "authenticated"]
    );
}

#[test]
fn the_page_is_the_committed_one() {
    is_committed("access.html", &matrix().to_html());
}

/// `UPDATE_EXPECT=1` accepts a new one.
#[track_caller]
fn is_committed(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/matrix/tests").join(file);
    if env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1") {
        fs::write(path, text).unwrap();
    } else {
        assert_eq!(
            text,
            fs::read_to_string(path).unwrap().replace('\r', ""),
            "accept it with UPDATE_EXPECT=1"
        );
    }
}

#[test]
fn the_page_counts_what_a_reviewer_looks_for() {
    let page = matrix().to_html();
    for (kind, count) in [("unguarded", 1), ("public", 1), ("optional", 1), ("authenticated", 2), ("rule", 3)]
    {
        assert!(page.contains(&format!("<dt>{kind}</dt><dd>{count}</dd>")), "{kind}");
        assert_eq!(page.matches(&format!("<tr class=\"{kind}\">")).count(), count, "{kind}");
    }
    assert!(page.contains("8 routes, by path and method"));
    let none = AccessMatrix::default().to_html();
    assert!(none.contains(r#"<div class="unguarded none"><dt>unguarded</dt><dd>0</dd></div>"#));
}

/// Only the tags of the template, whatever a row holds.
#[test]
fn nothing_in_a_row_is_markup() {
    let page = matrix().to_html();
    let (_, body) = page.split_once("<tbody>").unwrap();
    let mut rest = body;
    while let Some((_, tag)) = rest.split_once('<') {
        let name: String = tag.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
        let ours = ["tr", "td", "th", "span", "code", "div", "strong"];
        let ends = ["/tr", "/td", "/th", "/span", "/code", "/div", "/strong", "/tbody", "/table", "/main"];
        assert!(
            ours.contains(&&*name) || ends.contains(&&*name) || ["/body", "/html"].contains(&&*name),
            "{name}"
        );
        rest = tag;
    }
    assert!(body.contains("&lt;script&gt;alert(&#39;d&#39;)&lt;/script&gt; &amp;amp;"));
    assert!(!body.contains('\u{202e}') && body.contains("\\u{202e}j"));
}

#[test]
fn the_page_sends_no_request() {
    let page = matrix().to_html();
    let (head, _) = page.split_once("</head>").unwrap();
    for asking in
        ["<script", "<link", "<img", "src=", "href", "url(", "@import", "http:", "https:", " style="]
    {
        assert!(!head.contains(asking), "{asking}");
    }
    let policy = head.split_once("Content-Security-Policy\" content=\"").unwrap().1;
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    // The hash is that of the style in the page.
    let (_, style) = head.split_once("<style>").unwrap();
    let (style, _) = style.split_once("</style>").unwrap();
    assert!(!style.contains('<') && !style.contains('\r'));
    let hash = STANDARD.encode(Sha256::digest(style));
    assert!(policy.contains(&format!("'sha256-{hash}'")), "{policy}");
}

#[test]
fn a_row_says_by_what_it_is_declared() {
    let page = matrix().to_html();
    let text = matrix().to_markdown();
    for (by, rows) in [
        ("its attribute", 2),
        ("its first argument", 2),
        ("a hand-written extractor", 1),
        ("Countersign", 1),
        ("its router", 1),
        ("none (unguarded)", 1),
    ] {
        assert_eq!(page.matches(&format!("<td>{by}</td>")).count(), rows, "{by}");
        assert_eq!(text.matches(&format!("| {by} ")).count(), rows, "{by}");
    }
}
