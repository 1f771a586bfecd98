#[doc(hidden)]
#[non_exhaustive]
enum __countersign_close {}
const _: () = {
    use ::countersign::__private::NamesNoRoles as _;
    const __SIGNATURE: ::countersign::__private::SignatureRoles<'_> = &[
        (
            "RefreshSession<User>",
            ::countersign::__private::RolesIn::<RefreshSession<User>>::ROLES,
        ),
    ];
    impl __countersign_close {
        const CHECKED: bool = ::countersign::__private::any_closed(__SIGNATURE);
    }
    ::countersign::__private::check_role("require_role", "admin", __SIGNATURE);
};
const _: () = {
    use ::countersign::__private::DeclaresNothing as _;
    {
        const __ARGUMENT: ::core::option::Option<::countersign::__private::Access> = ::countersign::__private::AccessOf::<
            RefreshSession<User>,
        >::ACCESS;
        ::countersign::__private::check_covered(
            "require_role",
            "RefreshSession<User>",
            __ARGUMENT,
            <__countersign_close as ::countersign::__private::Policy>::ACCESS,
        );
    }
};
const _: () = {
    pub enum admin {}
    #[diagnostic::on_unimplemented(
        message = "`{Self}` has no role `admin`",
        label = "this handler requires the role `admin`",
        note = "the roles of `{Self}` are `{Names}`",
        note = "a role has the name of its variant in snake_case, unless #[role(rename = \"...\")] renames it; `_dash_` in the list is a `-`",
        note = "`NoRole` means that the claims carry no roles: mark a field with #[claims(roles)]"
    )]
    pub trait HasRole_admin<Names> {}
    #[diagnostic::do_not_recommend]
    impl<
        __R: ::countersign::__private::Declares<
                { ::countersign::__private::role_hash("admin") },
            >,
        __N,
    > HasRole_admin<__N> for __R {}
    impl<__R: HasRole_admin<__N>, __N> ::countersign::__private::DeclaredBy<__R, __N>
    for admin {}
    impl ::countersign::__private::Policy for __countersign_close {
        const DECLARED_AT: ::countersign::__private::DeclaredAt = ::countersign::__private::declared_here();
        const ACCESS: ::countersign::__private::Access = ::countersign::__private::Access::Require(
            ::countersign::__private::Rule::All(
                &[
                    ::countersign::__private::Rule::Role("admin"),
                    ::countersign::__private::Rule::BothTokens,
                ],
            ),
        );
        type Roles = <::countersign::__private::CheckedInSignature<
            { __countersign_close::CHECKED },
        > as ::countersign::__private::LeftForRouter<(admin, ())>>::Roles;
        type Checks = ();
        type Proves = ();
    }
};
#[utoipa::path(
    delete,
    path = "/account",
    responses(
        (
            status = 400,
            description = ::countersign::__private::refusal_words::malformed(
                &<__countersign_close
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
                &<__countersign_close
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
                &<__countersign_close
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
            status = 503,
            description = ::countersign::__private::refusal_words::unavailable(
                &<__countersign_close
                as::countersign::__private::Policy>::ACCESS
            ),
            body = ::countersign::__private::ProblemDetails,
            content_type = "application/problem+json"
        )
    ),
    security(("bearer" = ["admin"], "refreshToken" = []))
)]
async fn close(
    _: ::countersign::__private::Guard<__countersign_close>,
    session: RefreshSession<User>,
) {}
