#[doc(hidden)]
#[allow(non_camel_case_types, clippy::exhaustive_enums)]
pub enum __countersign_publish {}
const _: () = {
    use kit::auth::__private::NamesNoRoles as _;
    const __SIGNATURE: kit::auth::__private::SignatureRoles<'_> = &[
        ("User", kit::auth::__private::RolesIn::<User>::ROLES),
        ("Proof<CanPublish>", kit::auth::__private::RolesIn::<Proof<CanPublish>>::ROLES),
    ];
    impl __countersign_publish {
        const CHECKED: bool = kit::auth::__private::any_closed(__SIGNATURE);
    }
    kit::auth::__private::check_role("require", "admin", __SIGNATURE);
    kit::auth::__private::check_access(
        "#[require]",
        <__countersign_publish as kit::auth::__private::Policy>::ACCESS,
        __SIGNATURE,
    );
};
const _: () = {
    use kit::auth::__private::DeclaresNothing as _;
    {
        const __ARGUMENT: ::core::option::Option<kit::auth::__private::Access> = kit::auth::__private::AccessOf::<
            Proof<CanPublish>,
        >::ACCESS;
        kit::auth::__private::check_covered(
            "require",
            "Proof<CanPublish>",
            __ARGUMENT,
            <__countersign_publish as kit::auth::__private::Policy>::ACCESS,
        );
    }
};
const _: () = {
    #[allow(non_camel_case_types)]
    pub enum admin {}
    #[diagnostic::on_unimplemented(
        message = "`{Self}` has no role `admin`",
        label = "this handler requires the role `admin`",
        note = "the roles of `{Self}` are `{Names}`",
        note = "a role has the name of its variant in snake_case, unless #[role(rename = \"...\")] renames it; `_dash_` in the list is a `-`",
        note = "`NoRole` means that the claims carry no roles: mark a field with #[claims(roles)]"
    )]
    #[allow(non_camel_case_types)]
    pub trait HasRole_admin<Names> {}
    #[diagnostic::do_not_recommend]
    impl<
        __R: kit::auth::__private::Declares<
                { kit::auth::__private::role_hash("admin") },
            >,
        __N,
    > HasRole_admin<__N> for __R {}
    impl<__R: HasRole_admin<__N>, __N> kit::auth::__private::DeclaredBy<__R, __N>
    for admin {}
    impl kit::auth::__private::Policy for __countersign_publish {
        const DECLARED_AT: kit::auth::__private::DeclaredAt = kit::auth::__private::declared_here();
        const ACCESS: kit::auth::__private::Access = kit::auth::__private::Access::Require(
            kit::auth::__private::Rule::All(
                &[
                    kit::auth::__private::Rule::Any(
                        &[
                            kit::auth::__private::Rule::Role("admin"),
                            kit::auth::__private::Rule::All(
                                &[
                                    <CanPublish as kit::auth::__private::NamedRule>::RULE,
                                    kit::auth::__private::Rule::Not(
                                        &kit::auth::__private::Rule::Scope("drafts"),
                                    ),
                                ],
                            ),
                        ],
                    ),
                    kit::auth::__private::Rule::Fresh(
                        ::core::time::Duration::from_secs(600u64),
                    ),
                    <posts::owns_post as kit::auth::__private::CheckRule>::RULE,
                ],
            ),
        );
        type Roles = (
            <kit::auth::__private::CheckedInSignature<
                { __countersign_publish::CHECKED },
            > as kit::auth::__private::LeftForRouter<(admin, ())>>::Roles,
            (<CanPublish as kit::auth::__private::NamedRule>::Roles, ()),
        );
        type Checks = (
            <CanPublish as kit::auth::__private::NamedRule>::Checks,
            (kit::auth::__private::OneCheck<(posts::owns_post)>, ()),
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
            description = kit::auth::__private::refusal_words::malformed(
                &<__countersign_publish
                as
                kit::auth::__private::Policy>::ACCESS
            ),
            body = kit::auth::__private::ProblemDetails,
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
            description = kit::auth::__private::refusal_words::unauthorized(
                &<__countersign_publish
                as
                kit::auth::__private::Policy>::ACCESS
            ),
            body = kit::auth::__private::ProblemDetails,
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
            description = kit::auth::__private::refusal_words::forbidden(
                &<__countersign_publish
                as
                kit::auth::__private::Policy>::ACCESS
            ),
            body = kit::auth::__private::ProblemDetails,
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
            description = kit::auth::__private::refusal_words::unavailable(
                &<__countersign_publish
                as
                kit::auth::__private::Policy>::ACCESS
            ),
            body = kit::auth::__private::ProblemDetails,
            content_type = "application/problem+json"
        )
    ),
    security(("bearer" = ["admin"]), ("bearer" = []))
)]
pub async fn publish(
    _: kit::auth::__private::Guard<__countersign_publish>,
    user: User,
    proof: Proof<CanPublish>,
) {}
