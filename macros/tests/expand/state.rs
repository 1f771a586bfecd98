const _: () = {
    use ::countersign::__private as __countersign;
    const __AUTH_FITS: bool = __countersign::auth_fits::<Auth<User>>();
    #[automatically_derived]
    impl __countersign::AuthState for AppState {
        type Claims = <__countersign::Field<
            { __AUTH_FITS },
            Auth<User>,
        > as __countersign::AuthOfField>::Claims;
        fn auth(&self) -> &__countersign::Auth<Self::Claims> {
            <__countersign::Field<
                { __AUTH_FITS },
                Auth<User>,
            > as __countersign::AuthOfField>::handle(&self.auth)
        }
    }
};
