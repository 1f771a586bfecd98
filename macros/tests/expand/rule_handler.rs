use kit::auth::__private as __countersign_private_publish;
#[doc(hidden)]
#[non_exhaustive]
pub enum __countersign_publish {}
const _: () = {
    use __countersign_private_publish::NamesNoRoles as _;
    const __SIGNATURE: __countersign_private_publish::SignatureRoles<'_> = &[
        ("User", __countersign_private_publish::RolesIn::<User>::ROLES),
        (
            "Proof<CanPublish>",
            __countersign_private_publish::RolesIn::<Proof<CanPublish>>::ROLES,
        ),
    ];
    impl __countersign_publish {
        const CHECKED: bool = __countersign_private_publish::any_closed(__SIGNATURE);
    }
    __countersign_private_publish::check_role("require", "admin", __SIGNATURE);
    __countersign_private_publish::check_access(
        "#[require]",
        <__countersign_publish as __countersign_private_publish::Policy>::ACCESS,
        __SIGNATURE,
    );
};
const _: () = {
    use __countersign_private_publish::DeclaresNothing as _;
    {
        const __ARGUMENT: ::core::option::Option<
            __countersign_private_publish::Access,
        > = __countersign_private_publish::AccessOf::<Proof<CanPublish>>::ACCESS;
        __countersign_private_publish::check_covered(
            "require",
            "Proof<CanPublish>",
            __ARGUMENT,
            <__countersign_publish as __countersign_private_publish::Policy>::ACCESS,
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
        __R: __countersign_private_publish::Declares<
                { __countersign_private_publish::role_hash("admin") },
            >,
        __N,
    > HasRole_admin<__N> for __R {}
    impl<
        __R: HasRole_admin<__N>,
        __N,
    > __countersign_private_publish::DeclaredBy<__R, __N> for admin {}
    impl __countersign_private_publish::Policy for __countersign_publish {
        const DECLARED_AT: __countersign_private_publish::DeclaredAt = __countersign_private_publish::declared_here();
        const ACCESS: __countersign_private_publish::Access = __countersign_private_publish::Access::Require(
            __countersign_private_publish::Rule::All(
                &[
                    __countersign_private_publish::Rule::Any(
                        &[
                            __countersign_private_publish::Rule::Role("admin"),
                            __countersign_private_publish::Rule::All(
                                &[
                                    <CanPublish as __countersign_private_publish::NamedRule>::RULE,
                                    __countersign_private_publish::Rule::Not(
                                        &__countersign_private_publish::Rule::Scope("drafts"),
                                    ),
                                ],
                            ),
                        ],
                    ),
                    __countersign_private_publish::Rule::Fresh(
                        ::core::time::Duration::from_secs(600u64),
                    ),
                    <posts::owns_post as __countersign_private_publish::CheckRule>::RULE,
                ],
            ),
        );
        type Roles = (
            <__countersign_private_publish::CheckedInSignature<
                { __countersign_publish::CHECKED },
            > as __countersign_private_publish::LeftForRouter<(admin, ())>>::Roles,
            (<CanPublish as __countersign_private_publish::NamedRule>::Roles, ()),
        );
        type Checks = (
            <CanPublish as __countersign_private_publish::NamedRule>::Checks,
            (__countersign_private_publish::OneCheck<(posts::owns_post)>, ()),
        );
        type Proves = ();
    }
};
#[utoipa::path(
    put,
    path = "/posts/{id}",
    responses(
        (
            status = 400,
            description = __countersign_private_publish::refusal_words::malformed(
                &<__countersign_publish
                as
                __countersign_private_publish::Policy>::ACCESS
            ),
            body = __countersign_private_publish::ProblemDetails,
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
            description = __countersign_private_publish::refusal_words::unauthorized(
                &<__countersign_publish
                as
                __countersign_private_publish::Policy>::ACCESS
            ),
            body = __countersign_private_publish::ProblemDetails,
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
            description = __countersign_private_publish::refusal_words::forbidden(
                &<__countersign_publish
                as
                __countersign_private_publish::Policy>::ACCESS
            ),
            body = __countersign_private_publish::ProblemDetails,
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
            description = __countersign_private_publish::refusal_words::unavailable(
                &<__countersign_publish
                as
                __countersign_private_publish::Policy>::ACCESS
            ),
            body = __countersign_private_publish::ProblemDetails,
            content_type = "application/problem+json"
        )
    ),
    security(("bearer" = ["admin"]), ("bearer" = []))
)]
pub async fn publish(
    _: __countersign_private_publish::Guard<__countersign_publish>,
    user: User,
    proof: Proof<CanPublish>,
) {}
