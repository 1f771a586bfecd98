#[doc(hidden)]
#[non_exhaustive]
enum __countersign_write {}
impl ::countersign::__private::Policy for __countersign_write {
    const DECLARED_AT: ::countersign::__private::DeclaredAt = ::countersign::__private::declared_here();
    const ACCESS: ::countersign::__private::Access = ::countersign::__private::Access::Require(
        ::countersign::__private::Rule::All(
            &[
                ::countersign::__private::Rule::Any(
                    &[
                        ::countersign::__private::Rule::Scope("posts:write"),
                        ::countersign::__private::Rule::Scope("posts:admin"),
                    ],
                ),
                ::countersign::__private::Rule::NotImpersonated,
            ],
        ),
    );
    type Roles = ();
    type Checks = ();
    type Proves = ();
}
#[utoipa::path(
    put,
    path = "/posts/{id}",
    responses(
        (
            status = 400,
            description = ::countersign::__private::refusal_words::malformed(
                &<__countersign_write
                as::countersign::__private::Policy>::ACCESS
            ),
            body = ::countersign::__private::ProblemDetails,
            content_type = "application/problem+json",
            headers(
                (
                    "WWW-Authenticate" = String,
                    description = "The challenge of RFC 6750 section 3"
                )
            )
        ),
        (
            status = 401,
            description = ::countersign::__private::refusal_words::unauthorized(
                &<__countersign_write
                as::countersign::__private::Policy>::ACCESS
            ),
            body = ::countersign::__private::ProblemDetails,
            content_type = "application/problem+json",
            headers(
                (
                    "WWW-Authenticate" = String,
                    description = "The challenge of RFC 6750 section 3"
                )
            )
        ),
        (
            status = 403,
            description = ::countersign::__private::refusal_words::forbidden(
                &<__countersign_write
                as::countersign::__private::Policy>::ACCESS
            ),
            body = ::countersign::__private::ProblemDetails,
            content_type = "application/problem+json",
            headers(
                (
                    "WWW-Authenticate" = String,
                    description = "The challenge of RFC 6750 section 3"
                )
            )
        )
    ),
    security(("bearer" = ["posts:write"]), ("bearer" = ["posts:admin"]))
)]
async fn write(_: ::countersign::__private::Guard<__countersign_write>) {}
