//! Private roles, kept out of the schemas of a document.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::role::Roles;

/// Takes the private roles out of every list of values that is made of these roles alone, at any depth.
pub(crate) fn without_private<T: Serialize + DeserializeOwned>(described: T, roles: &Roles) -> T {
    if roles.private.is_empty() {
        return described;
    }
    let Ok(mut value) = serde_json::to_value(&described) else { return described };
    if remove(&mut value, roles) == 0 {
        return described;
    }
    serde_json::from_value(value).unwrap_or(described)
}

/// Says how many there were.
fn remove(value: &mut Value, roles: &Roles) -> usize {
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

fn is_role(value: &Value, roles: &Roles) -> bool {
    let names = roles.names.unwrap_or_default();
    value.as_str().is_some_and(|name| names.contains(&name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ROLES: Roles =
        Roles { names: Some(&["member", "admin", "root"]), implies: &[], private: &["root"], scopes: true };

    /// Row 147.
    #[test]
    fn a_list_of_roles_loses_the_private_ones_at_any_depth() {
        let schema = |roles: Value| json!({ "properties": { "roles": { "items": { "type": "string", "enum": roles } }, "enum": { "type": "string" } } });
        let shown = without_private(schema(json!(["member", "admin", "root"])), &ROLES);
        assert_eq!(shown, schema(json!(["member", "admin"])));
        assert_eq!(without_private(json!([{ "enum": ["root"] }]), &ROLES), json!([{ "enum": [] }]));
    }

    #[test]
    fn a_list_that_holds_anything_else_stays() {
        for values in [json!(["root", "branch"]), json!([1, "root"]), json!(["member"])] {
            let schema = json!({ "enum": values, "example": "root" });
            assert_eq!(without_private(schema.clone(), &ROLES), schema);
        }
    }
}
