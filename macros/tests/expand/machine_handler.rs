#[doc(hidden)]
#[non_exhaustive]
enum __countersign_orders {}
const _: () = {
    const __SIGNATURE: ::countersign::__private::SignatureRoles<'_> = &[];
    ::countersign::__private::check_access(
        "#[require]",
        <__countersign_orders as ::countersign::__private::Policy>::ACCESS,
        __SIGNATURE,
    );
};
const _: () = {
    pub enum clerk {}
    #[diagnostic::on_unimplemented(
        message = "`{Self}` has no role `clerk`",
        label = "this handler requires the role `clerk`",
        note = "the roles of `{Self}` are `{Names}`",
        note = "a role has the name of its variant in snake_case, unless #[role(rename = \"...\")] renames it; `_dash_` in the list is a `-`",
        note = "`NoRole` means that the claims carry no roles: mark a field with #[claims(roles)]"
    )]
    pub trait HasRole_clerk<Names> {}
    #[diagnostic::do_not_recommend]
    impl<
        __R: ::countersign::__private::Declares<
                { ::countersign::__private::role_hash("clerk") },
            >,
        __N,
    > HasRole_clerk<__N> for __R {}
    impl<__R: HasRole_clerk<__N>, __N> ::countersign::__private::DeclaredBy<__R, __N>
    for clerk {}
    impl ::countersign::__private::Policy for __countersign_orders {
        const DECLARED_AT: ::countersign::__private::DeclaredAt = ::countersign::__private::declared_here();
        const ACCESS: ::countersign::__private::Access = ::countersign::__private::Access::Require(
            ::countersign::__private::Rule::All(
                &[
                    ::countersign::__private::Rule::Scope("orders:read"),
                    ::countersign::__private::Rule::Issuer("acme"),
                    ::countersign::__private::Rule::Any(
                        &[
                            ::countersign::__private::Rule::Machine,
                            ::countersign::__private::Rule::All(
                                &[
                                    ::countersign::__private::Rule::Not(
                                        &::countersign::__private::Rule::Issuer("own"),
                                    ),
                                    ::countersign::__private::Rule::Role("clerk"),
                                ],
                            ),
                        ],
                    ),
                ],
            ),
        );
        type Roles = (clerk, ());
        type Checks = ();
        type Proves = ();
    }
};
#[utoipa::path(
    get,
    path = "/orders",
    responses(
        (
            status = 400,
            description = ::countersign::__private::refusal_words::malformed(
                &<__countersign_orders
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
                &<__countersign_orders
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
                &<__countersign_orders
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
    security(("bearer" = ["orders:read"]), ("bearer" = ["orders:read", "clerk"]))
)]
async fn orders(_: ::countersign::__private::Guard<__countersign_orders>) {}
