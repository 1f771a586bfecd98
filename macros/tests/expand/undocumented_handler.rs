#[doc(hidden)]
#[non_exhaustive]
enum __countersign_type {}
impl ::countersign::__private::Policy for __countersign_type {
    const DECLARED_AT: ::countersign::__private::DeclaredAt = ::countersign::__private::declared_here();
    const ACCESS: ::countersign::__private::Access = ::countersign::__private::Access::Authenticated;
    type Roles = ();
    type Checks = ();
    type Proves = ();
}
#[doc(hidden)]
mod __countersign_undocumented_type {
    #[non_exhaustive]
    pub enum __path_type {}
    impl __path_type {
        pub const UNDOCUMENTED: bool = true;
    }
}
#[doc(hidden)]
use __countersign_undocumented_type::*;
const _: () = {
    use ::countersign::__private::Documentable as _;
    ::core::assert!(
        __path_type::UNDOCUMENTED,
        "#[authenticated] must be above #[utoipa::path], otherwise the OpenAPI document leaves it out"
    );
};
#[tracing::instrument]
async fn r#type(
    _: ::countersign::__private::Guard<__countersign_type>,
    r#in: Query<Filter>,
) {}
