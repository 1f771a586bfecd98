#[doc(hidden)]
#[allow(non_camel_case_types, clippy::exhaustive_enums)]
enum __countersign_health {}
const _: () = {
    use ::countersign::__private::AsksNothing as _;
    {
        const __ASKED: ::core::option::Option<::countersign::__private::Access> = ::countersign::__private::Asked::<
            State<Db>,
        >::ACCESS;
        ::countersign::__private::check_public("State<Db>", __ASKED);
    }
    {
        const __ASKED: ::core::option::Option<::countersign::__private::Access> = ::countersign::__private::Asked::<
            HeaderMap,
        >::ACCESS;
        ::countersign::__private::check_public("HeaderMap", __ASKED);
    }
    #[cfg(any())]
    {
        const __ASKED: ::core::option::Option<::countersign::__private::Access> = ::countersign::__private::Asked::<
            User,
        >::ACCESS;
        ::countersign::__private::check_public("User", __ASKED);
    }
    {
        const __ASKED: ::core::option::Option<::countersign::__private::Access> = ::countersign::__private::Asked::<
            Option<Session<User>>,
        >::ACCESS;
        ::countersign::__private::check_public("Option<Session<User>>", __ASKED);
    }
};
impl ::countersign::__private::Policy for __countersign_health {
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
