#[cfg(feature = "posts")]
#[doc(hidden)]
mod __countersign_rule_CanWrite {
    #[cfg(feature = "posts")]
    #[non_exhaustive]
    pub enum CanWrite {}
}
#[cfg(feature = "posts")]
/// Who may write posts.
pub(crate) use __countersign_rule_CanWrite::CanWrite;
#[cfg(feature = "posts")]
const _: () = {
    pub enum Editor {}
    #[diagnostic::on_unimplemented(
        message = "`Role::Editor` is not a role of `{Self}`",
        label = "this handler requires the role `Role::Editor`",
        note = "the roles of `{Self}` are `{Names}`",
        note = "a role has the name of its variant in snake_case, unless #[role(rename = \"...\")] renames it; `_dash_` in the list is a `-`",
        note = "`NoRole` means that the claims carry no roles: mark a field with #[claims(roles)]"
    )]
    pub trait HasRole_Editor<Names> {}
    #[diagnostic::do_not_recommend]
    impl<
        __R: countersign::__private::Declares<
                {
                    countersign::__private::role_path_hash(
                        countersign::__private::role_at(&Role::Editor, &Role::Editor),
                        countersign::__private::role_at(&Role::Editor, &Role::Editor)
                            .as_str(),
                    )
                },
            >,
        __N,
    > HasRole_Editor<__N> for __R {}
    impl<__R: HasRole_Editor<__N>, __N> countersign::__private::DeclaredBy<__R, __N>
    for Editor {}
    impl countersign::__private::NamedRule for CanWrite {
        const NAME: &'static str = "CanWrite";
        const RULE: countersign::__private::Rule = countersign::__private::Rule::All(
            &[
                countersign::__private::Rule::Role(
                    countersign::__private::role_at(&Role::Editor, &Role::Editor)
                        .as_str(),
                ),
                countersign::__private::Rule::Scope("posts:write"),
            ],
        );
        type Roles = (Editor, ());
        type Checks = ();
    }
    countersign::__private::check_rule(
        "rule!",
        <CanWrite as countersign::__private::NamedRule>::RULE,
        &[],
    );
};
#[doc(hidden)]
mod __countersign_rule_CanPublish {
    #[non_exhaustive]
    pub enum CanPublish {}
}
use __countersign_rule_CanPublish::CanPublish;
const _: () = {
    pub enum guest {}
    #[diagnostic::on_unimplemented(
        message = "`{Self}` has no role `guest`",
        label = "this handler requires the role `guest`",
        note = "the roles of `{Self}` are `{Names}`",
        note = "a role has the name of its variant in snake_case, unless #[role(rename = \"...\")] renames it; `_dash_` in the list is a `-`",
        note = "`NoRole` means that the claims carry no roles: mark a field with #[claims(roles)]"
    )]
    pub trait HasRole_guest<Names> {}
    #[diagnostic::do_not_recommend]
    impl<
        __R: countersign::__private::Declares<
                { countersign::__private::role_hash("guest") },
            >,
        __N,
    > HasRole_guest<__N> for __R {}
    impl<__R: HasRole_guest<__N>, __N> countersign::__private::DeclaredBy<__R, __N>
    for guest {}
    impl countersign::__private::NamedRule for CanPublish {
        const NAME: &'static str = "CanPublish";
        const RULE: countersign::__private::Rule = countersign::__private::Rule::Any(
            &[
                countersign::__private::Rule::All(
                    &[
                        <CanWrite as countersign::__private::NamedRule>::RULE,
                        countersign::__private::Rule::Fresh(
                            ::core::time::Duration::from_secs(600u64),
                        ),
                    ],
                ),
                countersign::__private::Rule::All(
                    &[
                        <posts::owns_post as countersign::__private::CheckRule>::RULE,
                        countersign::__private::Rule::Not(
                            &countersign::__private::Rule::Role("guest"),
                        ),
                    ],
                ),
            ],
        );
        type Roles = (
            (guest, ()),
            (<CanWrite as countersign::__private::NamedRule>::Roles, ()),
        );
        type Checks = (
            <CanWrite as countersign::__private::NamedRule>::Checks,
            (countersign::__private::OneCheck<(posts::owns_post)>, ()),
        );
    }
    countersign::__private::check_rule(
        "rule!",
        <CanPublish as countersign::__private::NamedRule>::RULE,
        &[],
    );
};
