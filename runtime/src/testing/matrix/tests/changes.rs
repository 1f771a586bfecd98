//! Each kind of change.

use std::time::Duration;

use super::super::difference::{ChangeKind, Changes};
use super::super::table;
use super::*;

fn changes(before: Vec<AccessRow>, now: Vec<AccessRow>) -> Changes {
    let read = |rows| table::read(&AccessMatrix::new(rows).to_markdown()).unwrap();
    Changes::between(read(before), read(now))
}

fn kinds(before: Vec<AccessRow>, now: Vec<AccessRow>) -> Vec<ChangeKind> {
    changes(before, now).0.into_iter().map(|change| change.kind).collect()
}

fn role(name: &'static str) -> AccessRow {
    row(Access::Require(Rule::Role(name)))
}

fn at(path: &str, row: AccessRow) -> AccessRow {
    row.moved(|_| path.to_owned())
}

fn with(mut row: AccessRow, change: impl FnOnce(&mut Declaration)) -> AccessRow {
    change(&mut row.declaration);
    row
}

#[test]
fn every_change_has_its_kind() {
    let public = |reason| row(Access::Public { reason });
    for (before, now, kind) in [
        (role("admin"), role("member"), ChangeKind::Wider),
        (role("member"), role("admin"), ChangeKind::Narrower),
        (role("editor"), role("support"), ChangeKind::Different),
        (role("editor"), public("for everybody"), ChangeKind::Wider),
        (public("probe"), role("editor"), ChangeKind::Narrower),
        (public("probe"), public("health probe"), ChangeKind::RenamedReason),
        (
            role("admin"),
            row(Access::Require(any_of([Rule::Role("admin"), Rule::Role("admin")]))),
            ChangeKind::OtherWords,
        ),
        (
            role("admin"),
            with(role("admin"), |it| it.declared = DeclaredWhere::Argument),
            ChangeKind::DeclaredElsewhere,
        ),
        (role("admin"), undocumented(role("admin")), ChangeKind::Document),
        (role("editor"), with(role("editor"), |it| it.roles = RoleTable::NONE), ChangeKind::Narrower),
    ] {
        assert_eq!(kinds(vec![before.clone()], vec![now.clone()]), [kind], "{before:?} -> {now:?}");
    }
    assert_eq!(kinds(vec![], vec![role("admin")]), [ChangeKind::NewRoute]);
    assert_eq!(kinds(vec![role("admin")], vec![]), [ChangeKind::RemovedRoute]);
    assert_eq!(kinds(vec![role("admin")], vec![role("admin")]), []);
}

#[test]
fn one_route_can_change_in_several_ways() {
    let now = undocumented(row(Access::Public { reason: "" }));
    let now = with(now, |it| it.declared = DeclaredWhere::Nowhere);
    assert_eq!(
        kinds(vec![role("admin")], vec![now]),
        [ChangeKind::Wider, ChangeKind::DeclaredElsewhere, ChangeKind::Document]
    );
}

#[test]
fn a_moved_route_is_a_removed_one_and_a_new_one() {
    let moved = changes(vec![role("admin")], vec![at("/articles", role("admin"))]);
    assert_eq!(
        moved.0.iter().map(|change| (change.kind, &*change.route)).collect::<Vec<_>>(),
        [(ChangeKind::NewRoute, "GET /articles"), (ChangeKind::RemovedRoute, "GET /posts")]
    );
    let other_method = of_route("PUT /posts", Access::Require(Rule::Role("admin")), &[]);
    assert_eq!(
        kinds(vec![role("admin")], vec![other_method]),
        [ChangeKind::NewRoute, ChangeKind::RemovedRoute]
    );
}

/// A fallback and a route can have one path.
#[test]
fn of_two_rows_for_one_route_the_one_that_changed_is_told() {
    let two = |name| vec![role("member"), role(name)];
    assert_eq!(kinds(two("editor"), two("admin")), [ChangeKind::Narrower]);
    assert_eq!(kinds(two("editor"), vec![role("editor")]), [ChangeKind::RemovedRoute]);
    assert_eq!(kinds(vec![role("editor")], two("editor")), [ChangeKind::NewRoute]);
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
