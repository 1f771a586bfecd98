//! The user on whose behalf a probe asks, and the place where it asks.

use serde_json::{Value, json};

use super::rules::Holdings;
use crate::claims::SessionClaims;
use crate::role::RoleSet as _;

/// Claims whose roles and scopes can be replaced, which is possible in their wire form alone.
pub(super) struct Template<C> {
    claims: C,
}

impl<C: SessionClaims> Template<C> {
    /// Takes the application's claims, or tries what needs no more than a subject.
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

    /// The claims of a user who holds this and nothing else; `None` when the type cannot say so.
    pub(super) fn claims(&self, holds: Option<&Holdings>) -> Option<C> {
        let Some(Holdings { roles, scopes }) = holds else { return Some(self.claims.clone()) };
        let mut wire = self.claims.serialize_wire(serde_json::value::Serializer).ok()?;
        let members = wire.as_object_mut()?;
        // A type without the member may refuse it.
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

/// A path of axum with values in place of its placeholders, `{id}` and `{*rest}`; `{{` and `}}` stand for braces.
pub(super) fn filled(path: &str, params: &[(String, String)]) -> String {
    let mut filled = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        if let Some(escaped) = after.strip_prefix('{') {
            filled.push_str("%7B");
            rest = escaped;
            continue;
        }
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let name = name.trim_start_matches('*');
        let value = params.iter().rev().find(|(param, _)| param == name);
        filled.push_str(value.map_or("1", |(_, value)| value));
        rest = after;
    }
    filled.push_str(rest);
    filled.replace("}}", "%7D")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_get_their_values() {
        let params = [("id".to_owned(), "7".to_owned()), ("rest".to_owned(), "a/b".to_owned())];
        for (path, expected) in [
            ("/", "/"),
            ("/posts/{id}", "/posts/7"),
            ("/posts/{id}/{other}.json", "/posts/7/1.json"),
            ("/files/{*rest}", "/files/a/b"),
            ("/{{literal}}", "/%7Bliteral%7D"),
        ] {
            assert_eq!(filled(path, &params), expected);
        }
    }
}
