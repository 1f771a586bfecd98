//! Every reference of a document, wherever it is.

use utoipa::openapi::path::{Operation, Parameter, PathItem};
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::response::Response;
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, Discriminator};
use utoipa::openapi::{Components, Content, Header, OpenApi, Ref, RefOr, Schema};

type Visit<'v> = &'v mut dyn FnMut(&mut String);

/// Calls `visit` with the target of every reference, and of every mapping of a discriminator.
pub(super) fn references(openapi: &mut OpenApi, visit: Visit<'_>) {
    for item in openapi.paths.paths.values_mut() {
        path_item(item, visit);
    }
    for item in openapi.webhooks.iter_mut().flat_map(|webhooks| webhooks.paths.values_mut()) {
        path_item(item, visit);
    }
    let Some(components) = &mut openapi.components else { return };
    let Components {
        schemas,
        responses,
        parameters,
        examples,
        request_bodies,
        headers,
        links,
        callbacks,
        path_items,
        media_types,
        security_schemes,
        ..
    } = components;
    schemas.values_mut().for_each(|it| schema(it, visit));
    responses.values_mut().for_each(|it| either(it, visit, response));
    parameters.values_mut().for_each(|it| either(it, visit, parameter));
    examples.values_mut().for_each(|it| either(it, visit, |_, _| ()));
    request_bodies.values_mut().for_each(|it| either(it, visit, request_body));
    headers.values_mut().for_each(|it| either(it, visit, header));
    links.values_mut().for_each(|it| either(it, visit, |_, _| ()));
    callbacks.values_mut().for_each(|it| {
        either(it, visit, |callback, visit| {
            callback.values_mut().for_each(|item| either(item, visit, path_item));
        });
    });
    path_items.values_mut().for_each(|item| path_item(item, visit));
    media_types.values_mut().for_each(|it| either(it, visit, content));
    security_schemes.values_mut().for_each(|it| either(it, visit, |_, _| ()));
}

fn either<T>(value: &mut RefOr<T>, visit: Visit<'_>, inside: impl Fn(&mut T, Visit<'_>)) {
    match value {
        RefOr::Ref(reference) => target(reference, visit),
        RefOr::T(value) => inside(value, visit),
    }
}

fn target(reference: &mut Ref, visit: Visit<'_>) {
    visit(&mut reference.ref_location);
}

fn path_item(item: &mut PathItem, visit: Visit<'_>) {
    item.ref_path.iter_mut().for_each(&mut *visit);
    item.parameters.iter_mut().flatten().for_each(|it| either(it, visit, parameter));
    operations(item).for_each(|operation| self::operation(operation, visit));
}

/// Every operation of a path.
pub(crate) fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    named_operations(item).map(|(_, operation)| operation)
}

/// Every operation of a path, with its method in lower case.
pub(super) fn named_operations(item: &mut PathItem) -> impl Iterator<Item = (&str, &mut Operation)> {
    let PathItem {
        get, put, post, delete, options, head, patch, trace, query, additional_operations, ..
    } = item;
    let named = [
        ("get", get),
        ("put", put),
        ("post", post),
        ("delete", delete),
        ("options", options),
        ("head", head),
        ("patch", patch),
        ("trace", trace),
        ("query", query),
    ];
    let named = named.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)));
    named.chain(additional_operations.iter_mut().map(|(method, operation)| (method.as_str(), operation)))
}

fn operation(operation: &mut Operation, visit: Visit<'_>) {
    operation.parameters.iter_mut().flatten().for_each(|it| either(it, visit, parameter));
    operation.request_body.iter_mut().for_each(|it| either(it, visit, request_body));
    operation.responses.responses.values_mut().for_each(|it| either(it, visit, response));
    operation.callbacks.values_mut().for_each(|it| {
        either(it, visit, |callback, visit| {
            callback.values_mut().for_each(|item| either(item, visit, path_item));
        });
    });
}

fn parameter(parameter: &mut Parameter, visit: Visit<'_>) {
    parameter.schema.iter_mut().for_each(|it| schema(it, visit));
    parameter.content.values_mut().for_each(|it| either(it, visit, content));
}

fn request_body(body: &mut RequestBody, visit: Visit<'_>) {
    body.content.values_mut().for_each(|it| either(it, visit, content));
}

fn response(response: &mut Response, visit: Visit<'_>) {
    response.headers.values_mut().for_each(|it| either(it, visit, header));
    response.content.values_mut().for_each(|it| either(it, visit, content));
    response.links.values_mut().for_each(|it| either(it, visit, |_, _| ()));
}

fn header(header: &mut Header, visit: Visit<'_>) {
    header.schema.iter_mut().for_each(|it| schema(it, visit));
    header.examples.values_mut().for_each(|it| either(it, visit, |_, _| ()));
    header.content.values_mut().for_each(|it| either(it, visit, content));
}

fn content(content: &mut Content, visit: Visit<'_>) {
    content.schema.iter_mut().for_each(|it| schema(it, visit));
    content.item_schema.iter_mut().for_each(|it| schema(it, visit));
    content.examples.values_mut().for_each(|it| either(it, visit, |_, _| ()));
    for encoding in content.encoding.values_mut().chain(&mut content.prefix_encoding) {
        encoding.headers.values_mut().for_each(|it| either(it, visit, header));
    }
}

/// As [`references`], of one schema.
pub(super) fn schema(schema: &mut RefOr<Schema>, visit: Visit<'_>) {
    match schema {
        RefOr::Ref(reference) => target(reference, visit),
        RefOr::T(schema) => inner(schema, visit),
    }
}

fn inner(it: &mut Schema, visit: Visit<'_>) {
    match it {
        Schema::Array(array) => {
            match &mut array.items {
                ArrayItems::RefOrSchema(items) => schema(items, visit),
                ArrayItems::False => {}
            }
            array.prefix_items.iter_mut().for_each(|it| inner(it, visit));
            array.content_schema.iter_mut().for_each(|it| schema(it, visit));
        }
        Schema::Object(object) => {
            object.properties.values_mut().for_each(|it| schema(it, visit));
            if let Some(AdditionalProperties::RefOr(values)) = object.additional_properties.as_deref_mut() {
                schema(values, visit);
            }
            object.property_names.iter_mut().for_each(|it| inner(it, visit));
            object.content_schema.iter_mut().for_each(|it| schema(it, visit));
        }
        Schema::OneOf(one) => {
            one.items.iter_mut().for_each(|it| schema(it, visit));
            discriminator(&mut one.discriminator, visit);
        }
        Schema::AllOf(all) => {
            all.items.iter_mut().for_each(|it| schema(it, visit));
            discriminator(&mut all.discriminator, visit);
        }
        Schema::AnyOf(any) => {
            any.items.iter_mut().for_each(|it| schema(it, visit));
            discriminator(&mut any.discriminator, visit);
        }
        _ => {}
    }
}

fn discriminator(discriminator: &mut Option<Discriminator>, visit: Visit<'_>) {
    discriminator.iter_mut().flat_map(|it| it.mapping.values_mut()).for_each(visit);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Every place that may hold a reference.
    fn everywhere() -> Value {
        let schema = |inner: Value| {
            json!({
                "type": "object",
                "properties": { "a": inner },
                "additionalProperties": { "type": "array", "items": inner },
            })
        };
        let reference = json!({ "$ref": "#/components/schemas/Old" });
        let content = json!({ "application/json": { "schema": schema(reference.clone()) } });
        let headers = json!({ "X-A": { "schema": reference } });
        let responses = json!({ "200": { "description": "", "headers": headers, "content": content } });
        let parameters = json!([{ "name": "a", "in": "query", "required": true, "schema": reference }]);
        let body = json!({ "content": content });
        let inner = json!({ "post": { "requestBody": body, "responses": responses } });
        let operation = json!({
            "parameters": parameters,
            "requestBody": body,
            "responses": responses,
            "callbacks": { "done": { "{$request.body#/url}": inner } },
        });
        let one = json!({
            "oneOf": [reference],
            "discriminator": { "propertyName": "a", "mapping": { "a": "#/components/schemas/Old" } },
        });
        json!({
            "openapi": "3.1.0",
            "info": { "title": "", "version": "" },
            "paths": { "/a": { "parameters": parameters, "get": operation } },
            "webhooks": { "hook": inner },
            "components": {
                "schemas": { "One": one, "All": { "allOf": [reference] }, "Any": { "anyOf": [reference] }, "Old": { "type": "string" } },
                "responses": { "A": responses["200"] },
                "parameters": { "A": parameters[0] },
                "requestBodies": { "A": body },
                "headers": { "A": headers["X-A"] },
                "callbacks": { "A": { "{$url}": inner } },
                "pathItems": { "A": inner },
            },
        })
    }

    #[test]
    fn no_reference_is_left_out() {
        let mut openapi: OpenApi = serde_json::from_value(everywhere()).unwrap();
        let before = serde_json::to_string(&openapi).unwrap();
        let old = before.matches("#/components/schemas/Old").count();
        assert!(old > 25, "{old}");
        let mut found = 0;
        references(&mut openapi, &mut |target| {
            found += 1;
            *target = target.replace("Old", "New");
        });
        let after = serde_json::to_string(&openapi).unwrap();
        assert_eq!(after, before.replace("schemas/Old", "schemas/New"));
        assert_eq!(found, old);
    }
}
