//! The user who sends a probe's requests, and the path that they are sent to.

use serde_json::{Value, json};

use super::rules::Holdings;
use crate::claims::SessionClaims;
use crate::claims::role::RoleSet as _;
use crate::matrix::{AccessRow, Methods, RoutePlace};

/// A value for `{*rest}` that is so deep that placeholders of other routes seldom reach it.
const DEEP: &str = "countersign-probe/1/2/3/4/5/6/7";
/// A value for `{*rest}` where most services have something.
const NEAR: &str = "1";

/// Claims whose roles and scopes can be replaced. Only the wire form has fields of known names, so they are replaced there.
pub(super) struct Template<C> {
    claims: C,
}

impl<C: SessionClaims> Template<C> {
    /// Takes the application's claims, or makes some with a subject and no more than one role.
    pub(super) fn new(claims: Option<C>) -> Self {
        let claims = claims.or_else(|| {
            let role = C::Role::NAMES.and_then(|names| names.first());
            [vec![], Vec::from_iter(role)].into_iter().find_map(|roles| {
                C::deserialize_wire(json!({ "sub": "1", "roles": roles, "scope": "" })).ok()
            })
        });
        #[expect(clippy::expect_used, reason = "in a test that is how it fails")]
        let claims = claims.expect("the claims need more than a subject; call `AccessProbe::claims`");
        Self { claims }
    }

    /// The claims of a user who holds exactly these roles and scopes; `None` when the type cannot describe such a user.
    pub(super) fn claims(&self, holds: Option<&Holdings>) -> Option<C> {
        let Some(Holdings { roles, scopes }) = holds else { return Some(self.claims.clone()) };
        let mut wire = self.claims.serialize_wire(serde_json::value::Serializer).ok()?;
        let members = wire.as_object_mut()?;
        // A type without the member may refuse it, so an empty one is only written over one that is there.
        let mut set = |name: &str, value: Value, is_empty: bool| {
            if !is_empty || members.contains_key(name) {
                members.insert(name.to_owned(), value);
            }
        };
        set("roles", json!(roles), roles.is_empty());
        set("scope", json!(scopes.join(" ")), scopes.is_empty());
        let claims = C::deserialize_wire(wire).ok()?;
        let has_all = roles.iter().all(|role| claims.holds_role(role))
            && scopes.iter().all(|scope| claims.has_scope(scope));
        has_all.then_some(claims)
    }
}

/// Paths of this row that no other row answers, best first. Parameters that are set decide.
///
/// A prefix is tried with something below it, and by itself: a nested router may have `/` alone.
pub(super) fn paths_of(row: &AccessRow, rows: &[AccessRow], params: &[(String, String)]) -> Vec<String> {
    let is_service = *row.methods() == Methods::Every && !is_fallback(row);
    let [first, second] =
        if is_service { [NEAR, DEEP] } else { [DEEP, NEAR] }.map(|rest| filled(row.path(), params, rest));
    let is_one_path = first == second;
    if is_one_path && !matches!(row.place(), RoutePlace::Path(_)) {
        return vec![first];
    }
    let mut paths = vec![first, second];
    // Another route may have the value as a literal.
    paths.extend(
        ["2", "3"]
            .map(|value| filled_with(row.path(), params, NEAR, value))
            .into_iter()
            .filter(|_| is_one_path),
    );
    if let RoutePlace::Prefix(prefix) = row.place() {
        let prefix = filled(prefix.trim_end_matches('/'), params, NEAR);
        paths.extend([prefix.clone(), prefix + "/"].into_iter().filter(|path| !path.is_empty()));
    }
    paths.retain(|path| {
        let before =
            rows.iter().filter(|other| precedence(other) > precedence(row) || is_more_literal(other, row));
        !before.map(AccessRow::path).any(|other| answers(other, path))
    });
    paths.truncate(if is_one_path { 1 } else { paths.len() });
    paths
}

/// Whether a route of the same form is asked first, because it has a literal where this one has its first placeholder of its own, and may
/// answer the same methods.
fn is_more_literal(other: &AccessRow, row: &AccessRow) -> bool {
    let differing = other.path().split('/').zip(row.path().split('/')).find(|(one, another)| one != another);
    let is_literal = differing.is_some_and(|(one, another)| !one.contains('{') && another.contains('{'));
    is_literal && precedence(other) == precedence(row)
}

fn is_fallback(row: &AccessRow) -> bool {
    matches!(row.place(), RoutePlace::Fallback { .. })
}

/// Which of several rows answers a path, greatest first: no fallback, then no `{*rest}`, then the longer path.
fn precedence(row: &AccessRow) -> (bool, bool, usize) {
    (!is_fallback(row), !row.path().contains("{*"), row.path().split('/').count())
}

/// Whether a route may answer a path, as far as their segments tell.
fn answers(route: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for part in route.split('/') {
        let Some(segment) = segments.next() else { return false };
        if part.starts_with("{*") {
            return !segment.is_empty();
        }
        if part != segment && !part.contains('{') {
            return false;
        }
    }
    segments.next().is_none()
}

/// A path of axum with values in place of its placeholders, `{id}` and `{*rest}`; `{{` and `}}` are escaped braces.
fn filled(path: &str, params: &[(String, String)], below: &str) -> String {
    filled_with(path, params, below, "1")
}

/// As [`filled`], with this value for a placeholder of one segment.
fn filled_with(path: &str, params: &[(String, String)], below: &str, one: &str) -> String {
    let mut filled = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        if let Some(escaped) = after.strip_prefix('{') {
            filled.push('{');
            rest = escaped;
            continue;
        }
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let (name, default) = name.strip_prefix('*').map_or((name, one), |name| (name, below));
        let value = params.iter().rev().find(|(param, _)| param == name);
        filled.push_str(value.map_or(default, |(_, value)| value));
        rest = after;
    }
    filled.push_str(rest);
    filled.replace("}}", "}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Declaration;

    #[test]
    fn placeholders_get_their_values() {
        let params = [("id".to_owned(), "7".to_owned()), ("rest".to_owned(), "a/b".to_owned())];
        for (path, expected) in [
            ("/", "/"),
            ("/posts/{id}", "/posts/7"),
            ("/posts/{id}/{other}.json", "/posts/7/1.json"),
            ("/files/{*rest}", "/files/a/b"),
            ("/files/{*other}", "/files/x/y"),
            ("/{{literal}}", "/{literal}"),
        ] {
            assert_eq!(filled(path, &params, "x/y"), expected);
        }
    }

    fn row(methods: &str, path: &str) -> AccessRow {
        let methods = Methods::read(methods).unwrap();
        let place = RoutePlace::read(path, methods == Methods::Every);
        let (access, declared) = (crate::Access::Authenticated, crate::DeclaredWhere::Router);
        let declaration = Declaration::new(access, declared, crate::claims::role::RoleTable::NONE);
        AccessRow::new(methods, place, declaration, std::panic::Location::caller())
    }

    #[test]
    fn a_place_of_many_paths_is_probed_where_no_other_route_answers() {
        const DEEP: &str = "/countersign-probe/1/2/3/4/5/6/7";
        for (asked, others, expected) in [
            (row("*", "/{*fallback}"), &["/{id}", "/{a}/{b}"][..], &[DEEP][..]),
            (row("*", "/api/{*fallback}"), &["/{*fallback}"], &["/api{deep}", "/api/1"]),
            (row("*", "/{*fallback}"), &["/{tenant}/{*rest}"], &["/1"]),
            (row("*", "/{*fallback}"), &["/{tenant}/{*rest}", "/{tenant}"], &[]),
            (row("*", "/{*fallback}"), &["/{*rest}"], &[]),
            (row("GET", "/files/{*rest}"), &["/files/1"], &["/files{deep}"]),
            (row("GET", "/files/{*rest}"), &["/{*rest}"], &["/files{deep}", "/files/1"]),
            (
                row("*", "/files/{*path}"),
                &["/{*fallback}"],
                &["/files/1", "/files{deep}", "/files", "/files/"],
            ),
            (row("*", "/files/{*path}"), &["/files"], &["/files/1", "/files{deep}", "/files/"]),
            (row("*", "/files/{*path}"), &["/files/1"], &["/files{deep}", "/files", "/files/"]),
            (row("*", "/v1/{tenant}/{*path}"), &[], &["/v1/1/1", "/v1/1{deep}", "/v1/1", "/v1/1/"]),
            (row("GET", "/posts/{id}"), &["/posts/{*rest}"], &["/posts/1"]),
        ] {
            let methods = |path: &str| if path.ends_with("{*fallback}") { "*" } else { "GET" };
            let mut rows: Vec<_> = others.iter().map(|path| row(methods(path), path)).collect();
            rows.push(asked.clone());
            let expected: Vec<_> = expected.iter().map(|path| path.replace("{deep}", DEEP)).collect();
            assert_eq!(paths_of(&asked, &rows, &[]), expected, "{} beside {others:?}", asked.path());
        }
    }

    #[test]
    fn parameter_that_is_set_decides_the_path() {
        let rows = [row("*", "/{*fallback}"), row("GET", "/{id}"), row("*", "/files/{*path}")];
        let params = [("fallback".to_owned(), "2".to_owned()), ("path".to_owned(), "a/b".to_owned())];
        assert_eq!(paths_of(&rows[0], &rows, &params), ["/2"]);
        assert_eq!(paths_of(&rows[2], &rows, &params), ["/files/a/b"]);
    }
}
