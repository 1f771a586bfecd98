//! The parameters of a path, without which a document is not valid.

use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Paths, RefOr, Required, Type};

use super::operations_mut;

/// Adds the parameters of each path that its operations do not describe, as strings.
///
/// OpenAPI 3.1 demands one for each placeholder. `#[utoipa::path]` writes those of `params(...)`, and with utoipa's feature `axum_extras` those
/// of `Path<...>`; what a router is nested under, it cannot know.
pub(crate) fn complete(paths: &mut Paths) {
    for (path, item) in &mut paths.paths {
        for name in placeholders(path) {
            if !describes(item.parameters.as_deref(), name) {
                operations_mut(item).for_each(|(_, operation)| describe(operation, name));
            }
        }
    }
}

fn describe(operation: &mut Operation, name: &str) {
    if describes(operation.parameters.as_deref(), name) {
        return;
    }
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter.build()));
}

/// Whether one of them is this parameter, or a reference, which may be.
fn describes(parameters: Option<&[RefOr<Parameter>]>, name: &str) -> bool {
    parameters.unwrap_or_default().iter().any(|parameter| match parameter {
        RefOr::T(parameter) => parameter.name == name && parameter.parameter_in == ParameterIn::Path,
        RefOr::Ref(_) => true,
    })
}

/// The names between braces. Doubled braces are literal.
fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = path;
    std::iter::from_fn(move || {
        loop {
            let (_, after) = rest.split_once('{')?;
            if let Some(after) = after.strip_prefix('{') {
                rest = after;
                continue;
            }
            let (name, after) = after.split_once('}')?;
            rest = after;
            return Some(name);
        }
    })
}

#[cfg(test)]
mod tests {
    use utoipa::openapi::PathItem;
    use utoipa::openapi::path::{HttpMethod, OperationBuilder};

    use super::*;

    #[test]
    fn placeholders_are_found_between_their_braces() {
        let found = |path| placeholders(path).collect::<Vec<_>>();
        assert_eq!(found("/posts"), [""; 0]);
        assert_eq!(found("/{tenant}/posts/{id}.json"), ["tenant", "id"]);
        assert_eq!(found("/files/{*rest}"), ["*rest"]);
        assert_eq!(found("/{{literal}}/{id}"), ["id"]);
        assert_eq!(found("/{open"), [""; 0]);
    }

    /// The names, each with its place.
    fn parameters(item: PathItem) -> serde_json::Value {
        let mut paths = Paths::new();
        paths.paths.insert("/{tenant}/posts/{id}".to_owned(), item);
        complete(&mut paths);
        complete(&mut paths);
        let paths = serde_json::to_value(paths).unwrap();
        let parameters = paths["/{tenant}/posts/{id}"]["get"]["parameters"].as_array().unwrap();
        parameters.iter().map(|parameter| serde_json::json!([parameter["name"], parameter["in"]])).collect()
    }

    #[test]
    fn what_the_operation_does_not_describe_is_added_once() {
        let named = |name: &str, place| ParameterBuilder::new().name(name).parameter_in(place).build();
        let operation = OperationBuilder::new()
            .parameter(named("id", ParameterIn::Path))
            .parameter(named("tenant", ParameterIn::Query));
        let mut item = PathItem::new(HttpMethod::Get, operation);
        let added = serde_json::json!([["id", "path"], ["tenant", "query"], ["tenant", "path"]]);
        assert_eq!(parameters(item.clone()), added);
        item.parameters = Some(vec![RefOr::T(named("tenant", ParameterIn::Path))]);
        assert_eq!(parameters(item), serde_json::json!([["id", "path"], ["tenant", "query"]]));
    }
}
