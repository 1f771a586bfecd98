#[doc(hidden)]
#[non_exhaustive]
enum __countersign_health {}
const _: () = {
    use ::countersign::__private::DeclaresNothing as _;
    {
        const __ARGUMENT: ::core::option::Option<::countersign::__private::Access> = ::countersign::__private::AccessOf::<
            State<Db>,
        >::ACCESS;
        ::countersign::__private::check_public("State<Db>", __ARGUMENT);
    }
    {
        const __ARGUMENT: ::core::option::Option<::countersign::__private::Access> = ::countersign::__private::AccessOf::<
            HeaderMap,
        >::ACCESS;
        ::countersign::__private::check_public("HeaderMap", __ARGUMENT);
    }
    #[cfg(any())]
    {
        const __ARGUMENT: ::core::option::Option<::countersign::__private::Access> = ::countersign::__private::AccessOf::<
            User,
        >::ACCESS;
        ::countersign::__private::check_public("User", __ARGUMENT);
    }
    {
        const __ARGUMENT: ::core::option::Option<::countersign::__private::Access> = ::countersign::__private::AccessOf::<
            Option<Session<User>>,
        >::ACCESS;
        ::countersign::__private::check_public("Option<Session<User>>", __ARGUMENT);
    }
};
impl ::countersign::__private::Policy for __countersign_health {
    const DECLARED_AT: ::countersign::__private::DeclaredAt = ::countersign::__private::declared_here();
    const ACCESS: ::countersign::__private::Access = ::countersign::__private::Access::Public {
        reason: "health probe",
    };
    type Roles = ();
    type Checks = ();
    type Proves = ();
}
/// Health
#[utoipa::path(get, path = "/health", security())]
///
/// Public: health probe
async fn health(
    _: ::countersign::__private::Public<__countersign_health>,
    (State(db), _): (State<Db>, HeaderMap),
    #[cfg(any())]
    user: User,
    session: Option<Session<User>>,
) {}
