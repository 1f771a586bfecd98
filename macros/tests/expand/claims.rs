const _: () = {
    use ::countersign::__private as __countersign;
    #[derive(__countersign::serde::Serialize, __countersign::serde::Deserialize)]
    #[serde(remote = "User", crate = "__countersign::serde")]
    struct __Wire {
        #[serde(rename = "sub", with = "__Subject")]
        id: Uuid,
        #[serde(rename = "roles", with = "__Roles")]
        roles: Vec<Role>,
        #[serde(
            rename = "scope",
            with = "__Scopes",
            default,
            skip_serializing_if = "__Scopes::is_empty"
        )]
        granted: Vec<String>,
        #[serde(
            rename = "displayName",
            alias = "name",
            default,
            skip_serializing_if = "Option::is_none"
        )]
        display_name: Option<String>,
        #[serde(rename = "tenant", default = "__default_tenant")]
        tenant: u64,
        #[serde(skip, default = "__default_cached")]
        cached: bool,
    }
    use __countersign::Unfit as _;
    const __SUBJECT_FITS: bool = __countersign::subject_fits::<Uuid>();
    const __ROLES_FIT: bool = __countersign::roles_fit::<Vec<Role>>();
    type __Subject = __countersign::SubjectOf<Uuid>;
    type __Roles = __countersign::RolesOf<Vec<Role>>;
    type __Scopes = __countersign::ScopesOf<Vec<String>>;
    const _: bool = __countersign::scopes_fit::<Vec<String>>();
    fn __default_tenant() -> u64 {
        let claims: User = ::core::default::Default::default();
        claims.tenant
    }
    fn __default_cached() -> bool {
        let claims: User = ::core::default::Default::default();
        claims.cached
    }
    #[automatically_derived]
    impl __countersign::SessionClaims for User {
        type Subject = <__countersign::Field<
            { __SUBJECT_FITS },
            Uuid,
        > as __countersign::SubjectOfField>::Subject;
        fn subject(
            &self,
        ) -> &<__countersign::Field<
            { __SUBJECT_FITS },
            Uuid,
        > as __countersign::SubjectOfField>::Subject {
            &self.id
        }
        type Role = <__countersign::Field<
            { __ROLES_FIT },
            Vec<Role>,
        > as __countersign::RoleOfField>::Role;
        fn holds_role(&self, name: &str) -> bool {
            __Roles::contains(&self.roles, name)
        }
        fn has_scope(&self, name: &str) -> bool {
            __Scopes::contains(&self.granted, name)
        }
        fn serialize_wire<__S>(
            &self,
            serializer: __S,
        ) -> ::core::result::Result<__S::Ok, __S::Error>
        where
            __S: __countersign::serde::Serializer,
        {
            __Wire::serialize(self, serializer)
        }
        fn deserialize_wire<'__de, __D>(
            deserializer: __D,
        ) -> ::core::result::Result<Self, __D::Error>
        where
            __D: __countersign::serde::Deserializer<'__de>,
        {
            __Wire::deserialize(deserializer)
        }
    }
    #[automatically_derived]
    impl __countersign::NamesRoles for User {
        const ROLES: ::core::option::Option<__countersign::RoleTable> = __Roles::ROLES;
    }
    #[automatically_derived]
    impl<__S> __countersign::FromRequestParts<__S> for User
    where
        __S: __countersign::ProvidesClaims<User> + ::core::marker::Send
            + ::core::marker::Sync,
    {
        type Rejection = __countersign::AuthRejection;
        async fn from_request_parts(
            parts: &mut __countersign::Parts,
            state: &__S,
        ) -> ::core::result::Result<Self, Self::Rejection> {
            __countersign::claims_from_parts(parts, state).await
        }
    }
    #[automatically_derived]
    impl<__S> __countersign::OptionalFromRequestParts<__S> for User
    where
        __S: __countersign::ProvidesClaims<User> + ::core::marker::Send
            + ::core::marker::Sync,
    {
        type Rejection = __countersign::AuthRejection;
        async fn from_request_parts(
            parts: &mut __countersign::Parts,
            state: &__S,
        ) -> ::core::result::Result<::core::option::Option<Self>, Self::Rejection> {
            __countersign::optional_claims_from_parts(parts, state).await
        }
    }
    #[automatically_derived]
    impl __countersign::DeclaresAccess for User {
        const ACCESS: __countersign::Access = __countersign::Access::Authenticated;
        const DECLARED: __countersign::DeclaredWhere = __countersign::DeclaredWhere::Argument;
        type Demands = __countersign::Session<Self>;
    }
};
