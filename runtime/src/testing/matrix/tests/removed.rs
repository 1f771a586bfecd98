//! A row that is gone, and the row that answers now.

use super::super::difference::Changes;
use super::super::table;
use super::*;

const ADMIN: Access = Access::Require(Rule::Role("admin"));
const EDITOR: Access = Access::Require(Rule::Role("editor"));
const OPEN: Access = Access::Public { reason: "open" };
const USERS: Access = Access::Authenticated;
const UNLISTED: &str = "routes of a router that keeps them to itself";

/// Method and path, and who may.
type Row<'a> = (&'a str, Access);

fn read(rows: &[Row<'_>]) -> Vec<table::Route> {
    let rows = rows.iter().map(|(route, access)| of_route(route, *access, IMPLIES));
    table::read(&AccessMatrix::new(rows.collect()).to_markdown()).unwrap()
}

/// The report when the first row goes and the others stay.
fn told(gone: Row<'_>, staying: &[Row<'_>]) -> String {
    let before: Vec<_> = [gone].iter().chain(staying).copied().collect();
    let report = Changes::between(read(&before), read(staying)).to_string();
    let changes: Vec<_> = report.split("\n\n").skip(1).collect();
    let [change] = changes.as_slice() else { panic!("{report}") };
    change.lines().next().unwrap().to_owned()
}

#[track_caller]
fn tells(cases: &[(Row<'_>, &[Row<'_>], &str)]) {
    for (gone, staying, expected) in cases {
        assert_eq!(told(*gone, staying), *expected, "{gone:?} beside {staying:?}");
    }
}

#[test]
fn what_a_broader_row_answers_now_is_compared_with_it() {
    tells(&[
        (
            ("GET /reports/secret", ADMIN),
            &[("GET /reports/{id}", USERS)],
            "wider: GET /reports/secret (answered by GET /reports/{id})",
        ),
        (
            ("* /files/payroll.pdf", ADMIN),
            &[("* /files/{*path}", OPEN)],
            "wider: * /files/payroll.pdf (answered by * /files/{*path})",
        ),
        (("HEAD /x", ADMIN), &[("GET /x", OPEN)], "wider: HEAD /x (answered by GET /x)"),
        (("GET /a/b", ADMIN), &[("* /{*fallback}", OPEN)], "wider: GET /a/b (answered by * /{*fallback})"),
        (("GET /a", ADMIN), &[("GET /{a}", OPEN)], "wider: GET /a (answered by GET /{a})"),
        (("GET /a", ADMIN), &[("other /a", OPEN)], "wider: GET /a (answered by other /a)"),
        (
            ("GET /a", ADMIN),
            &[("GET /{a}", Access::Require(Rule::Scope("a")))],
            "different (some lose access, others gain it): GET /a (answered by GET /{a})",
        ),
        (
            ("GET /a", USERS),
            &[("GET /{a}", ADMIN)],
            "removed route (narrower): GET /a (answered by GET /{a})",
        ),
        (
            ("GET /a", EDITOR),
            &[("GET /{a}", EDITOR)],
            "removed route (same callers): GET /a (answered by GET /{a})",
        ),
        (
            ("* /api/{*fallback}", USERS),
            &[("GET /api/me", USERS), ("* /{*fallback}", OPEN)],
            "wider: * /api/{*fallback} (answered by * /{*fallback})",
        ),
    ]);
}

#[test]
fn what_no_row_can_answer_is_narrower() {
    let narrower = |gone, staying: &[Row<'_>]| {
        assert_eq!(told((gone, ADMIN), staying), format!("removed route (narrower): {gone}"), "{staying:?}");
    };
    narrower("GET /a", &[]);
    narrower("GET /a", &[("GET /b", OPEN), ("GET /a/b", OPEN), ("GET /a/{b}", OPEN), ("GET /", OPEN)]);
    narrower("GET /a/", &[("GET /a", OPEN), ("GET /a/{b}", OPEN)]);
    narrower("GET /a", &[("POST /a", OPEN), ("* /b/{*fallback}", OPEN)]);
    // The path that stays refuses the method, whatever axum would ask next.
    narrower("GET /a", &[("POST /a", OPEN), ("GET /{a}", OPEN), ("* /{*fallback}", OPEN)]);
    narrower("POST /a", &[("GET /{a}", OPEN), ("* /{*fallback}", OPEN)]);
    narrower("GET /a", &[("* /b/{*path}", OPEN), ("* routes, below /b", OPEN)]);
    narrower("other /a", &[("GET /a", OPEN), ("* /{*fallback}", OPEN)]);
    // These had their requests before.
    narrower("GET /{a}", &[("GET /a", OPEN)]);
    narrower("* /{*fallback}", &[("GET /a", OPEN), ("GET /{a}/{b}", OPEN), ("* /b/{*path}", OPEN)]);
}

/// A literal before a parameter before everything below before a fallback.
#[test]
fn the_most_specific_row_answers() {
    let routes = [
        "GET /a/{b}/c",
        "GET /a/{*rest}",
        "GET /{a}/b/c",
        "GET /{a}/{b}/{*rest}",
        "* /a/{*fallback}",
        "* /{*fallback}",
    ];
    for (index, first) in routes.iter().enumerate() {
        let staying = |access, others| -> Vec<Row<'_>> {
            let others = routes[index + 1..].iter().map(move |route| (*route, others));
            [(*first, access)].into_iter().chain(others).collect()
        };
        let told = |rows: Vec<Row<'_>>| told(("GET /a/b/c", ADMIN), &rows);
        let wider = format!("wider: GET /a/b/c (answered by {first})");
        assert_eq!(told(staying(USERS, ADMIN)), wider);
        let same = format!("removed route (same callers): GET /a/b/c (answered by {first})");
        assert_eq!(told(staying(ADMIN, OPEN)), same);
    }
}

#[test]
fn a_router_that_lists_no_routes_makes_a_removed_one_possibly_wider() {
    let below = format!("* {UNLISTED}, below /api");
    let anywhere = format!("* {UNLISTED}");
    let possibly = |gone, row: &str, staying: &[Row<'_>]| {
        let expected = format!("possibly wider: {gone} (may be answered by {row})");
        assert_eq!(told((gone, ADMIN), staying), expected, "{staying:?}");
    };
    possibly("GET /a", &anywhere, &[(&anywhere, OPEN)]);
    possibly("GET /api/a", &below, &[(&below, OPEN)]);
    possibly("* /api/{*fallback}", &below, &[(&below, OPEN)]);
    // It may have the very route that is gone.
    possibly("GET /a", &anywhere, &[(&anywhere, OPEN), ("GET /{a}", ADMIN), ("POST /a", ADMIN)]);
    possibly("GET /a/b", "* /a/{*path}", &[("* /a/{*path}", OPEN), ("GET /a/{b}", ADMIN)]);
    // It may pass on what it has no route for.
    possibly("GET /a/b", "* /{*fallback}", &[("* /a/{*path}", ADMIN), ("* /{*fallback}", OPEN)]);
    // It may have a fallback, which was not asked before.
    possibly("GET /{a}/{b}", "* /a/{*path}", &[("* /a/{*path}", OPEN)]);
    tells(&[
        (("GET /b", ADMIN), &[(&below, OPEN)], "removed route (narrower): GET /b"),
        (("GET /a", OPEN), &[(&anywhere, OPEN)], "removed route (narrower): GET /a"),
        // A certain change is reported as certain.
        (
            ("GET /a", ADMIN),
            &[(&anywhere, OPEN), ("GET /{a}", USERS)],
            "wider: GET /a (answered by GET /{a})",
        ),
    ]);
}

#[test]
fn every_method_of_a_removed_row_finds_its_answer() {
    tells(&[
        (
            ("GET /a", ADMIN),
            &[("GET /{a}", ADMIN), ("HEAD /{a}", OPEN)],
            "wider: GET /a (answered by HEAD /{a})",
        ),
        (("* /a", ADMIN), &[("GET /{a}", ADMIN), ("PUT /{a}", OPEN)], "wider: * /a (answered by PUT /{a})"),
        (("* /a", ADMIN), &[("GET /{a}", ADMIN)], "removed route (narrower): * /a (answered by GET /{a})"),
    ]);
    // Other methods than those of its path came to it.
    let before = [("GET /a", OPEN), ("other /a", ADMIN), ("GET /{a}", OPEN), ("PUT /{a}", USERS)];
    let report = Changes::between(read(&before), read(&before[2..])).to_string();
    assert!(report.contains("\nwider: other /a (answered by PUT /{a})\n"), "{report}");
    assert!(report.contains("\nremoved route (same callers): GET /a (answered by GET /{a})\n"), "{report}");
}

#[test]
fn placeholders_are_compared_as_axum_has_them() {
    tells(&[
        (("GET /v1-{a}", ADMIN), &[("GET /{a}", OPEN)], "wider: GET /v1-{a} (answered by GET /{a})"),
        (("GET /v1-2", ADMIN), &[("GET /v1-{a}", OPEN)], "wider: GET /v1-2 (answered by GET /v1-{a})"),
        (("GET /v2", ADMIN), &[("GET /v1-{a}", OPEN)], "removed route (narrower): GET /v2"),
        (("GET /{{a}}", ADMIN), &[("GET /{{b}}", OPEN)], "removed route (narrower): GET /{{a}}"),
        (("GET /{{a}}", ADMIN), &[("GET /{a}", OPEN)], "wider: GET /{{a}} (answered by GET /{a})"),
        // Some of its requests suffice.
        (("GET /a/{b}", ADMIN), &[("GET /{a}/b", OPEN)], "wider: GET /a/{b} (answered by GET /{a}/b)"),
        // The prefix belongs to a service, and not to a handler.
        (("GET /a", ADMIN), &[("* /a/{*path}", OPEN)], "wider: GET /a (answered by * /a/{*path})"),
        (("GET /", ADMIN), &[("* /{*fallback}", OPEN)], "wider: GET / (answered by * /{*fallback})"),
        (("GET /a", ADMIN), &[("GET /a/{*path}", OPEN)], "removed route (narrower): GET /a"),
    ]);
}

#[test]
fn a_report_says_which_row_answers_now_and_counts_it() {
    let before = [("GET /a/b", ADMIN), ("GET /c", EDITOR)];
    let staying = [("GET /a/{b}", EDITOR), ("* routes of a router that keeps them to itself", OPEN)];
    let before: Vec<_> = before.into_iter().chain(staying).collect();
    assert_eq!(
        Changes::between(read(&before), read(&staying)).to_string(),
        "\
changes: 2, of which let more people in: 1, and possibly: 1

wider: GET /a/b (answered by GET /a/{b})
  was: role `admin` (implied by no other role)
  now: role `editor` (`editor` by `admin`)

possibly wider: GET /c (may be answered by * routes of a router that keeps them to itself)
  was: role `editor` (`editor` by `admin`)
  now: public: open
"
    );
}
