#[doc(hidden)]
#[allow(non_camel_case_types, clippy::exhaustive_enums)]
enum __countersign_health {}
impl ::countersign::__private::Policy for __countersign_health {
    const ACCESS: ::countersign::__private::Access = ::countersign::__private::Access::Public {
        reason: "health probe",
    };
    type Roles = ();
}
/// Health
#[utoipa::path(get, path = "/health", security())]
///
/// Public: health probe
async fn health(_: ::countersign::__private::Public<__countersign_health>) {}
