#[doc(hidden)]
#[allow(non_camel_case_types, clippy::exhaustive_structs)]
struct __path_revoke;
impl countersign::__private::utoipa::Path for __path_revoke {
    fn path() -> countersign::__private::String {
        countersign::__private::String::from("/sessions/{id}")
    }
    fn methods() -> countersign::__private::Vec<
        countersign::__private::utoipa::openapi::HttpMethod,
    > {
        countersign::__private::endpoint_methods(
            countersign::__private::Endpoint::RevokeSession,
        )
    }
    fn operation() -> countersign::__private::utoipa::openapi::path::Operation {
        countersign::__private::endpoint_operation(
            countersign::__private::Endpoint::RevokeSession,
            "revoke",
            "",
        )
    }
}
impl<'__t> countersign::__private::utoipa::__dev::Tags<'__t> for __path_revoke {
    fn tags() -> countersign::__private::Vec<&'__t str> {
        countersign::__private::Vec::from([])
    }
}
impl countersign::__private::utoipa::__dev::SchemaReferences for __path_revoke {
    fn schemas(
        schemas: &mut countersign::__private::Vec<
            (
                countersign::__private::String,
                countersign::__private::utoipa::openapi::RefOr<
                    countersign::__private::utoipa::openapi::Schema,
                >,
            ),
        >,
    ) {
        countersign::__private::endpoint_schemas(
            countersign::__private::Endpoint::RevokeSession,
            schemas,
        );
    }
}
///Written by `typed_revoke_session_handler!`.
async fn revoke(
    _: countersign::__private::Guard<countersign::__private::OwnSessionsPolicy>,
    countersign::__private::State(state): countersign::__private::State<AppState>,
    caller: countersign::__private::Parts,
    request: countersign::__private::SessionPath,
) -> ::core::result::Result<
    countersign::__private::Revoked,
    countersign::__private::AuthRejection,
> {
    countersign::__private::revoke_session(
            <AppState as countersign::__private::AuthState>::auth(&state),
            caller,
            request,
        )
        .await
}
