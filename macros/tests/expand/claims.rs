const _: () = {
    #[derive(
        ::countersign::__private::serde::Serialize,
        ::countersign::__private::serde::Deserialize
    )]
    #[serde(remote = "User", crate = "::countersign::__private::serde")]
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
    use ::countersign::__private::Unfit as _;
    type __Subject = ::countersign::__private::SubjectOf<Uuid>;
    type __Roles = ::countersign::__private::RolesOf<Vec<Role>>;
    type __Scopes = ::countersign::__private::ScopesOf<Vec<String>>;
    const _: () = ::countersign::__private::check_scopes::<Vec<String>>();
    fn __default_tenant() -> u64 {
        let claims: User = ::core::default::Default::default();
        claims.tenant
    }
    fn __default_cached() -> bool {
        let claims: User = ::core::default::Default::default();
        claims.cached
    }
    #[automatically_derived]
    impl ::countersign::__private::SessionClaims for User {
        type Subject = <Uuid as ::countersign::__private::SubjectField>::This;
        fn subject(&self) -> &<Uuid as ::countersign::__private::SubjectField>::This {
            &self.id
        }
        type Role = <Vec<Role> as ::countersign::__private::RoleField>::Role;
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
            __S: ::countersign::__private::serde::Serializer,
        {
            __Wire::serialize(self, serializer)
        }
        fn deserialize_wire<'__de, __D>(
            deserializer: __D,
        ) -> ::core::result::Result<Self, __D::Error>
        where
            __D: ::countersign::__private::serde::Deserializer<'__de>,
        {
            __Wire::deserialize(deserializer)
        }
    }
    #[automatically_derived]
    impl ::countersign::__private::NamesRoles for User {
        const ROLES: ::core::option::Option<::countersign::__private::RoleTable> = __Roles::ROLES;
    }
    #[automatically_derived]
    impl<__S> ::countersign::__private::FromRequestParts<__S> for User
    where
        __S: ::countersign::__private::ProvidesClaims<User> + ::core::marker::Send
            + ::core::marker::Sync,
    {
        type Rejection = ::countersign::__private::AuthRejection;
        async fn from_request_parts(
            parts: &mut ::countersign::__private::Parts,
            state: &__S,
        ) -> ::core::result::Result<Self, Self::Rejection> {
            ::countersign::__private::claims_from_parts(parts, state).await
        }
    }
    #[automatically_derived]
    impl<__S> ::countersign::__private::OptionalFromRequestParts<__S> for User
    where
        __S: ::countersign::__private::ProvidesClaims<User> + ::core::marker::Send
            + ::core::marker::Sync,
    {
        type Rejection = ::countersign::__private::AuthRejection;
        async fn from_request_parts(
            parts: &mut ::countersign::__private::Parts,
            state: &__S,
        ) -> ::core::result::Result<::core::option::Option<Self>, Self::Rejection> {
            ::countersign::__private::optional_claims_from_parts(parts, state).await
        }
    }
    #[automatically_derived]
    impl ::countersign::__private::DeclaresAccess for User {
        const ACCESS: ::countersign::__private::Access = ::countersign::__private::Access::Authenticated;
        const DECLARED: ::countersign::__private::DeclaredWhere = ::countersign::__private::DeclaredWhere::Argument;
        type Demands = ::countersign::__private::Session<Self>;
    }
};
