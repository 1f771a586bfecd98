//! Private roles, kept out of the schemas of a document.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::SecurityRequirement;

use super::SCHEME;
use super::walk::operations;
use crate::claims::role::RoleTable;

/// Removes the private roles from every list of values that consists of roles alone, at any depth.
pub(crate) fn without_private<T: Serialize + DeserializeOwned>(described: T, roles: &RoleTable) -> T {
    if roles.private.is_empty() {
        return described;
    }
    let Ok(mut value) = serde_json::to_value(&described) else { return described };
    if remove(&mut value, roles) == 0 {
        return described;
    }
    serde_json::from_value(value).unwrap_or(described)
}

/// Removes the private roles from a document that the application wrote: from its schemas, and from operations that no router has
/// computed, whose attribute could not know which roles are private. An alternative that needs such a role is removed as a whole.
pub(crate) fn conceal(openapi: &mut OpenApi, roles: &RoleTable) {
    if roles.private.is_empty() {
        return;
    }
    openapi.components = openapi.components.take().map(|components| without_private(components, roles));
    for operation in openapi.paths.paths.values_mut().flat_map(operations) {
        let Some(requirements) = &mut operation.security else { continue };
        let before = requirements.len();
        requirements.retain(|requirement| !names_private(requirement, roles));
        if requirements.is_empty() && before > 0 {
            requirements.push(SecurityRequirement::new(SCHEME, [""; 0]));
        }
    }
}

fn names_private(requirement: &SecurityRequirement, roles: &RoleTable) -> bool {
    let requirement = serde_json::to_value(requirement).unwrap_or_default();
    let names = requirement.get(SCHEME).and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str).any(|name| roles.private.contains(&name))
}

/// Returns how many it removed.
fn remove(value: &mut Value, roles: &RoleTable) -> usize {
    match value {
        Value::Object(members) => members
            .iter_mut()
            .map(|(name, value)| match value {
                Value::Array(values)
                    if name == "enum" && values.iter().all(|value| is_role(value, roles)) =>
                {
                    let before = values.len();
                    values.retain(|value| !value.as_str().is_some_and(|name| roles.private.contains(&name)));
                    before - values.len()
                }
                value => remove(value, roles),
            })
            .sum(),
        Value::Array(items) => items.iter_mut().map(|item| remove(item, roles)).sum(),
        _ => 0,
    }
}

fn is_role(value: &Value, roles: &RoleTable) -> bool {
    let names = roles.names.unwrap_or_default();
    value.as_str().is_some_and(|name| names.contains(&name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ROLES: RoleTable = RoleTable {
        names: Some(&["member", "admin", "root"]),
        implies: &[],
        private: &["root"],
        ..RoleTable::NONE
    };

    /// Row 147.
    #[test]
    fn a_list_of_roles_loses_the_private_ones_at_any_depth() {
        let schema = |roles: Value| json!({ "properties": { "roles": { "items": { "type": "string", "enum": roles } }, "enum": { "type": "string" } } });
        let shown = without_private(schema(json!(["member", "admin", "root"])), &ROLES);
        assert_eq!(shown, schema(json!(["member", "admin"])));
        assert_eq!(without_private(json!([{ "enum": ["root"] }]), &ROLES), json!([{ "enum": [] }]));
    }

    /// Row 147: operations that a router has computed stay as they are, since they name no private role.
    #[test]
    fn a_document_of_the_application_loses_private_roles_too() {
        let document = |alternatives: Value, roles: Value| {
            json!({
                "openapi": "3.1.0",
                "info": { "title": "API", "version": "1" },
                "paths": { "/secret": { "get": { "responses": {}, "security": alternatives } } },
                "components": { "schemas": { "Role": { "type": "string", "enum": roles } } }
            })
        };
        let all = json!(["member", "admin", "root"]);
        let some = json!(["member", "admin"]);
        for (written, shown) in [
            (json!([{ "bearer": ["root"] }]), json!([{ "bearer": [] }])),
            (json!([{ "bearer": ["admin"] }, { "bearer": ["root", "x"] }]), json!([{ "bearer": ["admin"] }])),
            (json!([]), json!([])),
            (json!([{ "other": ["root"] }]), json!([{ "other": ["root"] }])),
        ] {
            let mut openapi = serde_json::from_value(document(written, all.clone())).unwrap();
            conceal(&mut openapi, &ROLES);
            assert_eq!(serde_json::to_value(openapi).unwrap(), document(shown, some.clone()));
        }
        let mut open =
            serde_json::from_value(document(json!([{ "bearer": ["root"] }]), all.clone())).unwrap();
        conceal(&mut open, &RoleTable::NONE);
        assert_eq!(serde_json::to_value(open).unwrap(), document(json!([{ "bearer": ["root"] }]), all));
    }

    #[test]
    fn a_list_that_holds_anything_else_stays() {
        for values in [json!(["root", "branch"]), json!([1, "root"]), json!(["member"])] {
            let schema = json!({ "enum": values, "example": "root" });
            assert_eq!(without_private(schema.clone(), &ROLES), schema);
        }
    }
}
