#[doc(hidden)]
#[non_exhaustive]
enum __countersign_payouts {}
const _: () = {
    pub enum admin {}
    #[diagnostic::do_not_recommend]
    impl<
        __R: ::countersign::__private::Declares<
                { ::countersign::__private::role_hash("admin") },
            >,
        __N,
    > ::countersign::__private::DeclaredBy<__R, __N> for admin {}
    pub enum Support {}
    #[diagnostic::do_not_recommend]
    impl<
        __R: ::countersign::__private::Declares<
                { ::countersign::__private::role_hash(Role::Support.as_str()) },
            >,
        __N,
    > ::countersign::__private::DeclaredBy<__R, __N> for Support {}
    impl ::countersign::__private::Policy for __countersign_payouts {
        const ACCESS: ::countersign::__private::Access = ::countersign::__private::Access::Require(
            ::countersign::__private::Rule::All(
                &[
                    ::countersign::__private::Rule::Any(
                        &[
                            ::countersign::__private::Rule::Role("admin"),
                            ::countersign::__private::Rule::Role(Role::Support.as_str()),
                        ],
                    ),
                    ::countersign::__private::Rule::Live,
                ],
            ),
        );
        type Roles = (admin, (Support, ()));
        type Checks = ();
        type Proves = ();
    }
};
#[utoipa::path(
    get,
    path = "/payouts",
    responses(
        (status = 200),
        (status = 503, description = "Closed"),
        (
            status = 401,
            description = ::countersign::__private::refusal_words::unauthorized(
                &<__countersign_payouts
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
                &<__countersign_payouts
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
    security(("bearer" = ["admin"]), ("bearer" = [Role::Support.as_str()]))
)]
async fn payouts(_: ::countersign::__private::Guard<__countersign_payouts>) {}
