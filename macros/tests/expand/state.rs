#[automatically_derived]
impl ::countersign::__private::AuthState for AppState {
    type Claims = <Auth<User> as ::countersign::__private::AuthHandle>::Claims;
    fn auth(
        &self,
    ) -> &::countersign::__private::Auth<
        <Auth<User> as ::countersign::__private::AuthHandle>::Claims,
    > {
        ::countersign::__private::AuthHandle::handle(&self.auth)
    }
}
