#[doc(hidden)]
#[non_exhaustive]
pub enum __countersign_members {}
const _: () = {
    use ::countersign::__private::NamesNoRoles as _;
    const __SIGNATURE: ::countersign::__private::SignatureRoles<'_> = &[
        ("State<Db>", ::countersign::__private::RolesIn::<State<Db>>::ROLES),
        ("User", ::countersign::__private::RolesIn::<User>::ROLES),
    ];
    impl __countersign_members {
        const CHECKED: bool = ::countersign::__private::any_closed(__SIGNATURE);
    }
    ::countersign::__private::check_role("require_role", "admin", __SIGNATURE);
    ::countersign::__private::check_role_path(
        "require_role",
        "Role::Support",
        ::countersign::__private::set_of(
            ::countersign::__private::role_at(&Role::Support, &Role::Support),
        ),
        __SIGNATURE,
    );
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
    pub enum Support {}
    #[diagnostic::on_unimplemented(
        message = "`Role::Support` is not a role of `{Self}`",
        label = "this handler requires the role `Role::Support`",
        note = "the roles of `{Self}` are `{Names}`",
        note = "a role has the name of its variant in snake_case, unless #[role(rename = \"...\")] renames it; `_dash_` in the list is a `-`",
        note = "`NoRole` means that the claims carry no roles: mark a field with #[claims(roles)]"
    )]
    pub trait HasRole_Support<Names> {}
    #[diagnostic::do_not_recommend]
    impl<
        __R: ::countersign::__private::Declares<
                {
                    ::countersign::__private::role_path_hash(
                        ::countersign::__private::role_at(
                            &Role::Support,
                            &Role::Support,
                        ),
                        ::countersign::__private::role_at(&Role::Support, &Role::Support)
                            .as_str(),
                    )
                },
            >,
        __N,
    > HasRole_Support<__N> for __R {}
    impl<__R: HasRole_Support<__N>, __N> ::countersign::__private::DeclaredBy<__R, __N>
    for Support {}
    impl ::countersign::__private::Policy for __countersign_members {
        const DECLARED_AT: ::countersign::__private::DeclaredAt = ::countersign::__private::declared_here();
        const ACCESS: ::countersign::__private::Access = ::countersign::__private::Access::Require(
            ::countersign::__private::Rule::Any(
                &[
                    ::countersign::__private::Rule::Role("admin"),
                    ::countersign::__private::Rule::Role(
                        ::countersign::__private::role_at(&Role::Support, &Role::Support)
                            .as_str(),
                    ),
                ],
            ),
        );
        type Roles = <::countersign::__private::CheckedInSignature<
            { __countersign_members::CHECKED },
        > as ::countersign::__private::LeftForRouter<(admin, (Support, ()))>>::Roles;
        type Checks = ();
        type Proves = ();
    }
};
/// Every member
#[utoipa::path(
    get,
    path = "/members",
    responses(
        (status = 200, body = Vec<Member>),
        (
            status = 400,
            description = ::countersign::__private::refusal_words::malformed(
                &<__countersign_members
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
                &<__countersign_members
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
                &<__countersign_members
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
    security(
        ("bearer" = ["admin"]),
        (
            "bearer" = [::countersign::__private::role_at(
                &Role::Support,
                &Role::Support
            ).as_str()]
        )
    )
)]
pub async fn members(
    _: ::countersign::__private::Guard<__countersign_members>,
    State(db): State<Db>,
    user: User,
) -> Result<Json<Vec<Member>>, AppError> {
    Ok(Json(db.members(user.id).await?))
}
