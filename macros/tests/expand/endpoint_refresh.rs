#[doc(hidden)]
#[non_exhaustive]
pub struct __path_refresh;
impl countersign::__private::utoipa::Path for __path_refresh {
    fn path() -> countersign::__private::String {
        countersign::__private::String::from("/auth/refresh")
    }
    fn methods() -> countersign::__private::Vec<
        countersign::__private::utoipa::openapi::HttpMethod,
    > {
        countersign::__private::refresh_document::methods()
    }
    fn operation() -> countersign::__private::utoipa::openapi::path::Operation {
        countersign::__private::refresh_document::operation(
            "refresh",
            "A new access token\n\nOnce for each refresh token.",
        )
    }
}
impl<'__t> countersign::__private::utoipa::__dev::Tags<'__t> for __path_refresh {
    fn tags() -> countersign::__private::Vec<&'__t str> {
        countersign::__private::Vec::from(["auth"])
    }
}
impl countersign::__private::utoipa::__dev::SchemaReferences for __path_refresh {
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
        countersign::__private::refresh_document::schemas(schemas);
    }
}
/// A new access token
///
/// Once for each refresh token.
pub async fn refresh(
    _: countersign::__private::Public<countersign::__private::RefreshPolicy>,
    countersign::__private::State(state): countersign::__private::State<AppState>,
    request: countersign::__private::RefreshTokens,
) -> ::core::result::Result<
    countersign::__private::TokenAnswer,
    countersign::__private::AuthRejection,
> {
    countersign::__private::refresh_session(
            <_ as countersign::__private::EndpointState>::auth_of_endpoint(&state),
            request,
        )
        .await
}
