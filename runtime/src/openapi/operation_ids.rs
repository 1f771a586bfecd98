//! `operationId`s, of which no two operations of a document may have the same (OpenAPI 3.1.0 section 4.8.10).

use std::collections::{HashMap, HashSet};

use utoipa::openapi::OpenApi;

use super::walk::named_operations;

/// An operation with a name.
struct Named {
    path: String,
    method: String,
    id: String,
    is_ours: bool,
}

/// Gives every operation a name of its own.
///
/// Of several operations with one name, the application's keep it before those that `is_ours` finds, and of several, the first by its path
/// and then by its method. Any other gets in front of its name that part of its path by which it differs (`v2_ping`), or its method where
/// that is all (`head_ping`). So a name changes only if an operation with the same name comes before it.
pub(super) fn make_unique(openapi: &mut OpenApi, is_ours: impl Fn(&str, &str) -> bool) {
    let mut named = Vec::new();
    for (path, item) in &mut openapi.paths.paths {
        for (method, operation) in named_operations(item) {
            if let Some(id) = &operation.operation_id {
                let (path, method, id) = (path.clone(), method.to_owned(), id.clone());
                named.push(Named { is_ours: is_ours(&path, &method), path, method, id });
            }
        }
    }
    let mut taken: HashSet<String> = named.iter().map(|named| named.id.clone()).collect();
    if taken.len() == named.len() {
        return;
    }
    named.sort_by(|one, other| (one.is_ours, &one.path).cmp(&(other.is_ours, &other.path)));
    let mut keepers: HashMap<&str, &Named> = HashMap::new();
    let mut renamed: HashMap<(&str, &str), String> = HashMap::new();
    for operation in &named {
        match keepers.get(operation.id.as_str()) {
            None => {
                keepers.insert(&operation.id, operation);
            }
            Some(keeper) => {
                let id = another(operation, keeper, &taken);
                taken.insert(id.clone());
                renamed.insert((&operation.path, &operation.method), id);
            }
        }
    }
    for (path, item) in &mut openapi.paths.paths {
        for (method, operation) in named_operations(item) {
            if let Some(id) = renamed.get(&(path.as_str(), method)) {
                operation.operation_id = Some(id.clone());
            }
        }
    }
}

/// A name that is not taken.
fn another(operation: &Named, keeper: &Named, taken: &HashSet<String>) -> String {
    let Named { path, method, id, .. } = operation;
    let place = differing(path, &keeper.path);
    let method = method.to_lowercase();
    let mut candidates = Vec::new();
    // The path may say the name already.
    if place.strip_suffix(id.as_str()).is_some_and(|before| before.ends_with('_')) {
        candidates.push(place.clone());
    }
    if !place.is_empty() {
        candidates.extend([format!("{place}_{id}"), format!("{place}_{method}_{id}")]);
    }
    candidates.push(format!("{method}_{id}"));
    let numbered = (2_usize..).map(|number| format!("{id}_{number}"));
    candidates.into_iter().chain(numbered).find(|candidate| !taken.contains(candidate)).unwrap_or_default()
}

/// The words at the beginning of a path, up to the segments that both paths end with.
fn differing(path: &str, other: &str) -> String {
    let common = path.rsplit('/').zip(other.rsplit('/')).take_while(|(one, other)| one == other).count();
    let segments: Vec<_> = path.split('/').collect();
    let own = segments.len().saturating_sub(common);
    let words = segments.iter().take(own).flat_map(|segment| {
        segment.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
    });
    words.collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn document(operations: &[(&str, &str, &str)]) -> OpenApi {
        let mut paths = json!({});
        for (method, path, id) in operations {
            paths[path][method] = json!({ "operationId": id, "responses": {} });
        }
        let document = json!({ "openapi": "3.1.0", "info": { "title": "", "version": "" }, "paths": paths });
        serde_json::from_value(document).unwrap()
    }

    /// The names by method and path.
    fn ids(openapi: &OpenApi) -> BTreeMap<String, String> {
        let json: Value = serde_json::to_value(openapi).unwrap();
        let mut ids = BTreeMap::new();
        for (path, item) in json["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                ids.insert(format!("{method} {path}"), operation["operationId"].as_str().unwrap().to_owned());
            }
        }
        ids
    }

    #[track_caller]
    fn assert_named(operations: &[(&str, &str, &str)], ours: &[&str], expected: &[(&str, &str)]) {
        let mut openapi = document(operations);
        make_unique(&mut openapi, |path, _| ours.contains(&path));
        let expected = expected.iter().map(|(place, id)| ((*place).to_owned(), (*id).to_owned()));
        assert_eq!(ids(&openapi), expected.collect());
        let once = ids(&openapi);
        make_unique(&mut openapi, |path, _| ours.contains(&path));
        assert_eq!(ids(&openapi), once, "once more");
    }

    #[test]
    fn names_that_are_no_others_stay() {
        assert_named(
            &[("get", "/a", "one"), ("post", "/a", "two")],
            &[],
            &[("get /a", "one"), ("post /a", "two")],
        );
    }

    #[test]
    fn a_handler_in_several_places_has_a_name_in_each() {
        assert_named(
            &[
                ("get", "/v1/ping", "ping"),
                ("head", "/v1/ping", "ping"),
                ("get", "/v2/ping", "ping"),
                ("head", "/v2/ping", "ping"),
                ("get", "/{tenant}/ping", "ping"),
            ],
            &[],
            &[
                ("get /v1/ping", "ping"),
                ("head /v1/ping", "head_ping"),
                ("get /v2/ping", "v2_ping"),
                ("head /v2/ping", "v2_head_ping"),
                ("get /{tenant}/ping", "tenant_ping"),
            ],
        );
    }

    #[test]
    fn an_operation_of_ours_makes_way_for_the_applications() {
        assert_named(
            &[
                ("post", "/auth/logout", "logout"),
                ("post", "/newsletter/logout", "logout"),
                ("post", "/staff/auth/logout", "logout"),
                ("post", "/logout", "logout"),
            ],
            &["/auth/logout", "/staff/auth/logout", "/logout"],
            &[
                ("post /newsletter/logout", "logout"),
                ("post /auth/logout", "auth_logout"),
                ("post /staff/auth/logout", "staff_auth_logout"),
                ("post /logout", "post_logout"),
            ],
        );
    }

    #[test]
    fn a_path_that_ends_with_the_name_is_the_new_name() {
        assert_named(
            &[("get", "/status", "sessions"), ("get", "/auth/sessions", "sessions")],
            &["/auth/sessions"],
            &[("get /status", "sessions"), ("get /auth/sessions", "auth_sessions")],
        );
    }

    #[test]
    fn a_new_name_is_none_that_another_operation_has() {
        assert_named(
            &[
                ("get", "/v1/ping", "ping"),
                ("get", "/v2/ping", "ping"),
                ("get", "/z", "v2_ping"),
                ("get", "/z/z", "v2_get_ping"),
                ("get", "/z/z/z", "get_ping"),
                ("get", "/z/z/z/z", "ping_2"),
            ],
            &[],
            &[
                ("get /v1/ping", "ping"),
                ("get /v2/ping", "ping_3"),
                ("get /z", "v2_ping"),
                ("get /z/z", "v2_get_ping"),
                ("get /z/z/z", "get_ping"),
                ("get /z/z/z/z", "ping_2"),
            ],
        );
    }

    proptest! {
        /// Whatever is nested and merged, no name is there twice, and one that was alone is still there.
        #[test]
        fn no_two_operations_have_one_name(
            operations in prop::collection::vec(
                (
                    prop::sample::select(&["get", "put", "post", "head"][..]),
                    "(/(a|b|c|\\{id\\})){1,3}",
                    "(a|b|b_a|get_a|a_2)",
                ),
                0..20,
            ),
            ours in "(/(a|b)){1,2}",
        ) {
            let operations: Vec<_> =
                operations.iter().map(|(method, path, id)| (*method, path.as_str(), id.as_str())).collect();
            let mut openapi = document(&operations);
            let before = ids(&openapi);
            make_unique(&mut openapi, |path, _| path == ours);
            let after = ids(&openapi);
            let names: HashSet<_> = after.values().collect();
            prop_assert_eq!(names.len(), after.len());
            for id in before.values() {
                prop_assert!(names.contains(id), "{} is gone", id);
            }
        }
    }
}
