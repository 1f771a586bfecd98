//! The names of this crate's schemas in a document, where an application may use any name for its own.
//!
//! The types of this crate name themselves `countersign.TokenPair`, so that a reference to one of them is never a reference to a type of the
//! application. When a document is finished, each gets its plain name if that is free.

use std::collections::{BTreeMap, HashMap};

use utoipa::openapi::{OpenApi, RefOr, Schema};

use super::walk;

/// How the names of this crate's schemas begin before a document is finished.
pub(super) const OWN: &str = "countersign.";

const SCHEMAS: &str = "#/components/schemas/";

type Schemas = BTreeMap<String, RefOr<Schema>>;

/// Gives the schemas of this crate their plain names (`TokenPair`), and where the application has another schema of that name, one with a
/// prefix (`CountersignTokenPair`).
pub(super) fn make_plain(openapi: &mut OpenApi) {
    let Some(components) = &mut openapi.components else { return };
    let names = plain(&components.schemas);
    if names.is_empty() {
        return;
    }
    for (own, name) in &names {
        if let Some(schema) = components.schemas.remove(own) {
            components.schemas.entry(name.clone()).or_insert(schema);
        }
    }
    walk::references(openapi, &mut |target| rename(target, &names));
}

/// A name in the document for each schema of this crate.
fn plain(schemas: &Schemas) -> HashMap<String, String> {
    let own: Vec<_> = schemas.iter().filter(|(name, _)| name.starts_with(OWN)).collect();
    let mut names: HashMap<String, String> =
        own.iter().map(|(name, _)| ((*name).clone(), name.trim_start_matches(OWN).to_owned())).collect();
    // A schema with another name changes every schema that refers to it, which may then be another one than the application's.
    loop {
        let clash = own.iter().find(|(name, schema)| {
            let Some(theirs) = names.get(*name).and_then(|name| schemas.get(name)) else { return false };
            let mut ours = (*schema).clone();
            walk::schema(&mut ours, &mut |target| rename(target, &names));
            ours != *theirs
        });
        let Some((own, _)) = clash else { return names };
        let plain = own.trim_start_matches(OWN);
        let prefixed = std::iter::once(format!("Countersign{plain}"));
        let mut others = prefixed.chain((2_usize..).map(|number| format!("Countersign{plain}{number}")));
        let free =
            others.find(|name| !schemas.contains_key(name) && !names.values().any(|taken| taken == name));
        names.insert((*own).clone(), free.unwrap_or_default());
    }
}

fn rename(target: &mut String, names: &HashMap<String, String>) {
    if let Some(name) = target.strip_prefix(SCHEMAS).and_then(|name| names.get(name)) {
        *target = format!("{SCHEMAS}{name}");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn finished(schemas: Value) -> Value {
        let document = json!({
            "openapi": "3.1.0",
            "info": { "title": "", "version": "" },
            "paths": { "/a": { "get": { "responses": {
                "200": { "description": "", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/countersign.Pair" } } } },
                "201": { "description": "", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Pair" } } } },
            } } } },
            "components": { "schemas": schemas },
        });
        let mut openapi = serde_json::from_value(document).unwrap();
        make_plain(&mut openapi);
        let once = serde_json::to_value(&openapi).unwrap();
        make_plain(&mut openapi);
        assert_eq!(serde_json::to_value(&openapi).unwrap(), once, "once more");
        once
    }

    /// The targets of the two answers, ours and the application's, and the names of all schemas.
    fn shown(document: &Value) -> (String, String, Vec<String>) {
        let target = |status: &str| {
            let response = &document["paths"]["/a"]["get"]["responses"][status];
            response["content"]["application/json"]["schema"]["$ref"].as_str().unwrap().replace(SCHEMAS, "")
        };
        let names = document["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
        (target("200"), target("201"), names)
    }

    fn pair(kind: &str) -> Value {
        json!({ "type": "object", "properties": { "kind": { "$ref": format!("#/components/schemas/{kind}") } } })
    }

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_name_is_plain_where_the_application_does_not_use_it() {
        let kind = json!({ "type": "string" });
        let document =
            finished(json!({ "countersign.Pair": pair("countersign.Kind"), "countersign.Kind": kind }));
        assert_eq!(shown(&document), ("Pair".into(), "Pair".into(), strings(&["Kind", "Pair"])));
        assert_eq!(document["components"]["schemas"]["Pair"], pair("Kind"));
    }

    /// As when a finished document is the beginning of another one.
    #[test]
    fn the_same_schema_under_the_plain_name_is_shared() {
        let kind = json!({ "type": "string" });
        let document = finished(json!({
            "countersign.Pair": pair("countersign.Kind"), "countersign.Kind": kind, "Pair": pair("Kind"), "Kind": kind,
        }));
        assert_eq!(shown(&document), ("Pair".into(), "Pair".into(), strings(&["Kind", "Pair"])));
    }

    #[test]
    fn a_name_of_the_applications_stays_the_applications() {
        let kind = json!({ "type": "string" });
        let document = finished(json!({
            "countersign.Pair": pair("countersign.Kind"), "countersign.Kind": kind,
            "Pair": { "type": "integer" }, "CountersignPair": { "type": "boolean" },
        }));
        let names = strings(&["CountersignPair", "CountersignPair2", "Kind", "Pair"]);
        assert_eq!(shown(&document), ("CountersignPair2".into(), "Pair".into(), names));
        assert_eq!(document["components"]["schemas"]["Pair"], json!({ "type": "integer" }));
    }

    /// The application's `Pair` looks as ours does, and means its own `Kind`.
    #[test]
    fn a_schema_that_refers_to_another_one_is_another_one() {
        let document = finished(json!({
            "countersign.Pair": pair("countersign.Kind"), "countersign.Kind": { "type": "string" },
            "Pair": pair("Kind"), "Kind": { "type": "integer" },
        }));
        let names = strings(&["CountersignKind", "CountersignPair", "Kind", "Pair"]);
        assert_eq!(shown(&document), ("CountersignPair".into(), "Pair".into(), names));
        assert_eq!(document["components"]["schemas"]["CountersignPair"], pair("CountersignKind"));
        assert_eq!(document["components"]["schemas"]["Pair"], pair("Kind"));
    }
}
