#[cfg(feature = "posts")]
#[doc(hidden)]
mod __countersign_check_owns_post {
    #[non_exhaustive]
    pub enum owns_post {}
}
#[cfg(feature = "posts")]
#[doc(hidden)]
pub(crate) use __countersign_check_owns_post::owns_post;
#[cfg(feature = "posts")]
impl ::countersign::__private::CheckRule for owns_post {
    const RULE: ::countersign::__private::Rule = ::countersign::__private::Rule::Check {
        name: ::core::concat!(::core::module_path!(), "::", "owns_post"),
        not_found: true,
    };
}
#[cfg(feature = "posts")]
impl<__S: ::core::marker::Sync> ::countersign::__private::Check<__S> for owns_post
where
    User: ::countersign::__private::CheckArgument<__S>,
    Path<Uuid>: ::countersign::__private::CheckArgument<__S>,
    State<Db>: ::countersign::__private::CheckArgument<__S>,
{
    async fn run(
        __parts: &mut ::countersign::__private::Parts,
        __state: &__S,
    ) -> ::core::result::Result<bool, ::countersign::__private::CheckError> {
        let __argument_0 = <User as ::countersign::__private::CheckArgument<
            __S,
        >>::take(__parts, __state)
            .await?;
        let __argument_1 = <Path<
            Uuid,
        > as ::countersign::__private::CheckArgument<__S>>::take(__parts, __state)
            .await?;
        let __argument_2 = <State<
            Db,
        > as ::countersign::__private::CheckArgument<__S>>::take(__parts, __state)
            .await?;
        <Result<
            bool,
            DbError,
        > as ::countersign::__private::CheckAnswer>::answer(
            owns_post(__argument_0, __argument_1, __argument_2).await,
        )
    }
    fn path_misfit(
        __names: &[&::core::primitive::str],
    ) -> ::core::option::Option<::countersign::__private::PathMisfit> {
        use ::countersign::__private::TakesNoPath as _;
        ::countersign::__private::first_misfit(
            &[
                ::countersign::__private::PathArgument::<()>::FIT,
                ::countersign::__private::PathArgument::<User>::FIT,
                ::countersign::__private::PathArgument::<Path<Uuid>>::FIT,
                ::countersign::__private::PathArgument::<State<Db>>::FIT,
            ],
            __names,
        )
    }
}
/// Posts belong to those who wrote them.
#[cfg(feature = "posts")]
#[tracing::instrument]
pub(crate) async fn owns_post(
    user: User,
    Path(id): Path<Uuid>,
    State(db): State<Db>,
) -> Result<bool, DbError> {
    Ok(db.owner(id).await? == user.id)
}
