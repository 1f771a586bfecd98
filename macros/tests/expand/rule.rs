#[cfg(feature = "posts")]
#[doc(hidden)]
#[allow(non_snake_case)]
mod __countersign_rule_CanWrite {
    #[cfg(feature = "posts")]
    #[allow(missing_docs, clippy::exhaustive_enums)]
    pub enum CanWrite {}
}
#[cfg(feature = "posts")]
/// Who may write posts.
#[allow(unused_imports)]
pub(crate) use __countersign_rule_CanWrite::CanWrite;
#[cfg(feature = "posts")]
const _: () = {
    #[allow(non_camel_case_types)]
    pub enum Editor {}
    #[diagnostic::do_not_recommend]
    impl<
        __R: countersign::__private::Declares<
                { countersign::__private::role_hash(Role::Editor.as_str()) },
            >,
        __N,
    > countersign::__private::DeclaredBy<__R, __N> for Editor {}
    impl countersign::__private::NamedRule for CanWrite {
        const NAME: &'static str = "CanWrite";
        const RULE: countersign::__private::Rule = countersign::__private::Rule::All(
            &[
                countersign::__private::Rule::Role(Role::Editor.as_str()),
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
#[allow(non_snake_case)]
mod __countersign_rule_CanPublish {
    #[allow(missing_docs, clippy::exhaustive_enums)]
    pub enum CanPublish {}
}
#[allow(unused_imports)]
use __countersign_rule_CanPublish::CanPublish;
const _: () = {
    #[allow(non_camel_case_types)]
    pub enum guest {}
    #[diagnostic::do_not_recommend]
    impl<
        __R: countersign::__private::Declares<
                { countersign::__private::role_hash("guest") },
            >,
        __N,
    > countersign::__private::DeclaredBy<__R, __N> for guest {}
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
