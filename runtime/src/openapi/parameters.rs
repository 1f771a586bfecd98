//! Paths as OpenAPI writes them, and their parameters, without which a document is not valid.

use std::borrow::Cow;

use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{Components, ObjectBuilder, Paths, RefOr, Required, Type};

use super::walk::operations;

/// The path of a document for a path of axum: OpenAPI has no catch-all, and no braces that are none of a parameter.
///
/// `/files/{*path}` is `/files/{path}`, which utoipa-axum leaves as it is (<https://github.com/juhaku/utoipa/issues/1485>). `/{{a}}` is
/// `/%7Ba%7D`: a document has no other way to write it, although axum answers the address with plain braces alone.
pub(crate) fn template(path: &str) -> Cow<'_, str> {
    if !["{*", "{{", "}}"].iter().any(|special| path.contains(special)) {
        return Cow::Borrowed(path);
    }
    let mut template = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        template.push_str(before);
        rest = if let Some(after) = from.strip_prefix("{{") {
            template.push_str("%7B");
            after
        } else if let Some(after) = from.strip_prefix("}}") {
            template.push_str("%7D");
            after
        } else if let Some(after) = from.strip_prefix("{*") {
            template.push('{');
            after
        } else {
            template.push_str(&from[..1]);
            &from[1..]
        };
    }
    template.push_str(rest);
    Cow::Owned(template)
}

/// Writes every path as OpenAPI does, and describes each of its parameters once: as the application describes it, and otherwise as a string.
///
/// OpenAPI 3.1 demands one for each placeholder. `#[utoipa::path]` writes those of `params(...)`, and with utoipa's feature `axum_extras` those
/// of `Path<...>`; what a router is nested under, it cannot know.
pub(crate) fn complete(paths: &mut Paths, components: Option<&Components>) {
    for (path, mut item) in std::mem::take(&mut paths.paths) {
        let path = template(&path).into_owned();
        item.parameters = item.parameters.map(once);
        for operation in operations(&mut item) {
            operation.parameters = operation.parameters.take().map(once);
        }
        for name in placeholders(&path) {
            if !describes(item.parameters.as_deref(), name, components) {
                operations(&mut item).for_each(|operation| describe(operation, name, components));
            }
        }
        match paths.paths.get_mut(&path) {
            Some(present) => present.merge_operations(item),
            None => {
                paths.paths.insert(path, item);
            }
        }
    }
}

/// The parameters, with the names of a catch-all as in the path, each once.
fn once(parameters: Vec<RefOr<Parameter>>) -> Vec<RefOr<Parameter>> {
    let mut kept: Vec<RefOr<Parameter>> = Vec::with_capacity(parameters.len());
    for mut parameter in parameters {
        if let RefOr::T(parameter) = &mut parameter
            && parameter.parameter_in == ParameterIn::Path
        {
            parameter.required = Required::True;
            if let Some(name) = parameter.name.strip_prefix('*') {
                parameter.name = name.to_owned();
            }
        }
        let is_known = kept.iter().any(|kept| match (kept, &parameter) {
            (RefOr::T(kept), RefOr::T(other)) => {
                kept.name == other.name && kept.parameter_in == other.parameter_in
            }
            (kept, other) => kept == other,
        });
        if !is_known {
            kept.push(parameter);
        }
    }
    kept
}

fn describe(operation: &mut Operation, name: &str, components: Option<&Components>) {
    if describes(operation.parameters.as_deref(), name, components) {
        return;
    }
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter.build()));
}

/// Whether one of them is this parameter, or a reference to it, or one that leads out of the document and may.
fn describes(parameters: Option<&[RefOr<Parameter>]>, name: &str, components: Option<&Components>) -> bool {
    let is_it = |parameter: &Parameter| parameter.name == name && parameter.parameter_in == ParameterIn::Path;
    parameters.unwrap_or_default().iter().any(|parameter| match parameter {
        RefOr::T(parameter) => is_it(parameter),
        RefOr::Ref(reference) => {
            let target = reference.ref_location.strip_prefix("#/components/parameters/");
            match target.and_then(|name| components?.parameters.get(name)) {
                Some(RefOr::T(parameter)) => is_it(parameter),
                _ => true,
            }
        }
    })
}

/// The names between braces.
fn placeholders(template: &str) -> impl Iterator<Item = &str> {
    let mut rest = template;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once('{')?;
        let (name, after) = after.split_once('}')?;
        rest = after;
        Some(name)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use utoipa::openapi::OpenApi;

    use super::*;

    #[test]
    fn a_path_of_axum_is_written_as_openapi_does() {
        for (path, expected, names) in [
            ("/posts", "/posts", &[][..]),
            ("/{tenant}/posts/{id}.json", "/{tenant}/posts/{id}.json", &["tenant", "id"]),
            ("/files/{*rest}", "/files/{rest}", &["rest"]),
            ("/{tenant}/files/{*rest}", "/{tenant}/files/{rest}", &["tenant", "rest"]),
            ("/{{literal}}/{id}", "/%7Bliteral%7D/{id}", &["id"]),
            ("/{{*literal}}", "/%7B*literal%7D", &[]),
            ("/a}}b", "/a%7Db", &[]),
            ("/{open", "/{open", &[]),
        ] {
            let template = template(path);
            assert_eq!(template, expected);
            assert_eq!(placeholders(&template).collect::<Vec<_>>(), names, "{path}");
            assert_eq!(super::template(&template), template, "{path} once more");
        }
    }

    fn completed(path: &str, item: Value) -> Value {
        let document = json!({
            "openapi": "3.1.0",
            "info": { "title": "", "version": "" },
            "paths": { path: item },
            "components": { "parameters": { "Path": {
                "name": "path", "in": "path", "required": true, "schema": { "type": "string" },
            } } },
        });
        let mut openapi: OpenApi = serde_json::from_value(document).unwrap();
        for _ in 0..2 {
            complete(&mut openapi.paths, openapi.components.as_ref());
        }
        serde_json::to_value(openapi).unwrap()["paths"].clone()
    }

    fn named(name: &str, place: &str, description: &str) -> Value {
        json!({ "name": name, "in": place, "required": true, "description": description, "schema": { "type": "string" } })
    }

    /// The names of the path's own parameters and of the operation's.
    fn names(item: &Value) -> [Vec<String>; 2] {
        [&item["parameters"], &item["get"]["parameters"]].map(|parameters| {
            let all = parameters.as_array().into_iter().flatten();
            all.map(|it| format!("{} {}", it["in"].as_str().unwrap(), it["name"].as_str().unwrap())).collect()
        })
    }

    /// By hand, by utoipa, with the star or without it, at the path or at the operation.
    #[test]
    fn a_catch_all_has_one_parameter_however_it_was_described() {
        let operation = |parameters: Value| json!({ "get": { "parameters": parameters, "responses": {} } });
        for item in [
            operation(json!([])),
            json!({ "get": { "responses": {} } }),
            operation(json!([named("path", "path", "mine")])),
            operation(json!([named("*path", "path", "mine")])),
            operation(json!([named("path", "path", "mine"), named("*path", "path", "")])),
            operation(json!([named("*path", "path", "mine"), named("path", "path", "")])),
        ] {
            let mine = item.to_string().contains("mine");
            let paths = completed("/files/{*path}", item);
            assert_eq!(paths.as_object().unwrap().keys().collect::<Vec<_>>(), ["/files/{path}"]);
            let item = &paths["/files/{path}"];
            assert_eq!(names(item), [vec![], vec!["path path".to_owned()]]);
            assert!(!mine || item["get"]["parameters"][0]["description"] == "mine");
        }
        for name in ["path", "*path"] {
            let item = json!({ "parameters": [named(name, "path", "mine")], "get": { "responses": {} } });
            let paths = completed("/files/{*path}", item);
            assert_eq!(names(&paths["/files/{path}"]), [vec!["path path".to_owned()], vec![]]);
        }
        let referred = operation(json!([{ "$ref": "#/components/parameters/Path" }]));
        let paths = completed("/files/{*path}", referred.clone());
        assert_eq!(paths["/files/{path}"]["get"]["parameters"].as_array().unwrap().len(), 1);
        let paths = completed("/{tenant}/files/{*path}", referred);
        assert_eq!(paths["/{tenant}/files/{path}"]["get"]["parameters"][1]["name"], "tenant");
    }

    #[test]
    fn what_the_operation_does_not_describe_is_added_once() {
        let own = json!([named("id", "path", ""), named("tenant", "query", "")]);
        let item = json!({ "get": { "parameters": own, "responses": {} } });
        let paths = completed("/{tenant}/posts/{id}", item);
        let expected = ["path id", "query tenant", "path tenant"].map(str::to_owned);
        assert_eq!(names(&paths["/{tenant}/posts/{id}"])[1], expected);
    }
}
