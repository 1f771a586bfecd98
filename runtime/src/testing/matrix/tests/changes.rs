//! Each kind of change.

use std::time::Duration;

use super::super::difference::{Changes, Kind};
use super::super::table;
use super::*;

fn changes(before: Vec<AccessRow>, now: Vec<AccessRow>) -> Changes {
    let read = |rows| table::read(&AccessMatrix::new(rows).to_markdown()).unwrap();
    Changes::between(read(before), read(now))
}

fn kinds(before: Vec<AccessRow>, now: Vec<AccessRow>) -> Vec<Kind> {
    changes(before, now).0.into_iter().map(|change| change.kind).collect()
}

fn role(name: &'static str) -> AccessRow {
    row(Access::Require(Rule::Role(name)))
}

fn at(path: &str, row: AccessRow) -> AccessRow {
    AccessRow { path: path.to_owned(), ..row }
}

#[test]
fn every_change_has_its_kind() {
    let public = |reason| row(Access::Public { reason });
    for (before, now, kind) in [
        (role("admin"), role("member"), Kind::Wider),
        (role("member"), role("admin"), Kind::Narrower),
        (role("editor"), role("support"), Kind::Different),
        (role("editor"), public("for everybody"), Kind::Wider),
        (public("probe"), role("editor"), Kind::Narrower),
        (public("probe"), public("health probe"), Kind::RenamedReason),
        (
            role("admin"),
            row(Access::Require(any_of([Rule::Role("admin"), Rule::Role("admin")]))),
            Kind::OtherWords,
        ),
        (
            role("admin"),
            AccessRow { declared: DeclaredWhere::Argument, ..role("admin") },
            Kind::DeclaredElsewhere,
        ),
        (role("admin"), AccessRow { documented: false, ..role("admin") }, Kind::Document),
        (role("editor"), AccessRow { roles: RoleTable::NONE, ..role("editor") }, Kind::Narrower),
    ] {
        assert_eq!(kinds(vec![before.clone()], vec![now.clone()]), [kind], "{before:?} -> {now:?}");
    }
    assert_eq!(kinds(vec![], vec![role("admin")]), [Kind::NewRoute]);
    assert_eq!(kinds(vec![role("admin")], vec![]), [Kind::RemovedRoute]);
    assert_eq!(kinds(vec![role("admin")], vec![role("admin")]), []);
}

#[test]
fn one_route_can_change_in_several_ways() {
    let now = AccessRow {
        declared: DeclaredWhere::Nowhere,
        documented: false,
        ..row(Access::Public { reason: "" })
    };
    assert_eq!(kinds(vec![role("admin")], vec![now]), [Kind::Wider, Kind::DeclaredElsewhere, Kind::Document]);
}

#[test]
fn a_moved_route_is_a_removed_one_and_a_new_one() {
    let moved = changes(vec![role("admin")], vec![at("/articles", role("admin"))]);
    assert_eq!(
        moved.0.iter().map(|change| (change.kind, &*change.path)).collect::<Vec<_>>(),
        [(Kind::NewRoute, "/articles"), (Kind::RemovedRoute, "/posts"),]
    );
    let other_method = AccessRow { method: "PUT".to_owned(), ..role("admin") };
    assert_eq!(kinds(vec![role("admin")], vec![other_method]), [Kind::NewRoute, Kind::RemovedRoute]);
}

/// A fallback and a route can have one path.
#[test]
fn of_two_rows_for_one_route_the_one_that_changed_is_told() {
    let two = |name| vec![role("member"), role(name)];
    assert_eq!(kinds(two("editor"), two("admin")), [Kind::Narrower]);
    assert_eq!(kinds(two("editor"), vec![role("editor")]), [Kind::RemovedRoute]);
    assert_eq!(kinds(vec![role("editor")], two("editor")), [Kind::NewRoute]);
}

#[test]
fn a_report_begins_with_what_lets_more_people_in() {
    let fresh = all_of([Rule::Role("editor"), Rule::Fresh(Duration::from_secs(600))]);
    let public = |reason| row(Access::Public { reason });
    let before = vec![
        at("/a", role("editor")),
        at("/b", role("admin")),
        at("/c", public("probe")),
        at("/d", role("editor")),
        at("/e", role("editor")),
    ];
    let now = vec![
        at("/a", row(Access::Require(fresh))),
        at("/b", role("member")),
        at("/c", public("health | probe")),
        at("/d", with_roles(Access::Require(Rule::Role("editor")), &[("owner", &["editor"])])),
        at("/f", row(Access::Authenticated)),
    ];
    let report = changes(before, now).to_string();
    assert_eq!(
        report,
        "\
changes: 6, of which let more people in: 3

wider: GET /b
  was: role `admin` (implied by no other role)
  now: role `member` (`member` by `editor`, `admin`)

new route (wider): GET /f
  now: any signed-in user

different (some lose access, others gain it): GET /d
  was: role `editor` (`editor` by `admin`)
  now: role `editor` (`editor` by `owner`)

narrower: GET /a
  was: role `editor`
  now: role `editor` and a sign-in at most 10m old

removed route (narrower): GET /e
  was: role `editor`

renamed reason: GET /c
  was: public: probe
  now: public: health | probe
"
    );
}
