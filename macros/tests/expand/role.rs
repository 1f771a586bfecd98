const _: () = {
    use ::countersign::__private as __countersign;
    pub enum member {}
    pub enum admin {}
    pub enum ops_colon_on_dash_call {}
    #[automatically_derived]
    impl __countersign::ListsRoles for Role {
        type Names = (member, admin, ops_colon_on_dash_call);
    }
};
const _: () = {
    use ::countersign::__private as __countersign;
    #[automatically_derived]
    impl Role {
        /// The role's name in tokens, in rules and in the OpenAPI document.
        #[must_use]
        pub const fn as_str(&self) -> &'static str {
            match self {
                Self::Member => "member",
                Self::Admin => "admin",
                Self::OnCall => "ops:on-call",
            }
        }
    }
    #[automatically_derived]
    impl __countersign::RoleSet for Role {
        const NAMES: ::core::option::Option<&'static [&'static str]> = ::core::option::Option::Some(
            &["member", "admin", "ops:on-call"],
        );
        const IMPLIES: __countersign::Implications = &[
            ("admin", &["member"]),
            ("ops:on-call", &["admin", "member"]),
        ];
        const PRIVATE: &'static [&'static str] = &["ops:on-call"];
        const SET: &'static str = <Self as __countersign::RolePath>::SET;
        type Listed = <Self as __countersign::ListsRoles>::Names;
        fn name(&self) -> &str {
            self.as_str()
        }
        fn from_name(name: &str) -> ::core::option::Option<Self> {
            match name {
                "member" => ::core::option::Option::Some(Self::Member),
                "admin" => ::core::option::Option::Some(Self::Admin),
                "ops:on-call" => ::core::option::Option::Some(Self::OnCall),
                _ => ::core::option::Option::None,
            }
        }
        fn grants(&self, name: &str) -> bool {
            match self {
                Self::Member => ::core::matches!(name, "member"),
                Self::Admin => ::core::matches!(name, "admin" | "member"),
                Self::OnCall => {
                    ::core::matches!(name, "ops:on-call" | "admin" | "member")
                }
            }
        }
    }
    #[automatically_derived]
    impl __countersign::Declares<{ __countersign::role_hash("member") }> for Role {}
    #[automatically_derived]
    impl __countersign::Declares<
        { __countersign::role_path_hash(&Role::Member, "member") },
    > for Role {}
    #[automatically_derived]
    impl __countersign::Declares<{ __countersign::role_hash("admin") }> for Role {}
    #[automatically_derived]
    impl __countersign::Declares<
        { __countersign::role_path_hash(&Role::Admin, "admin") },
    > for Role {}
    #[automatically_derived]
    impl __countersign::Declares<{ __countersign::role_hash("ops:on-call") }> for Role {}
    #[automatically_derived]
    impl __countersign::Declares<
        { __countersign::role_path_hash(&Role::OnCall, "ops:on-call") },
    > for Role {}
    #[automatically_derived]
    impl __countersign::NamedBy<Role> for Role {
        fn name_of(role: &Role) -> &str {
            role.as_str()
        }
    }
    #[automatically_derived]
    impl<'__a> __countersign::NamedBy<&'__a Role> for Role {
        fn name_of<'__b>(role: &'__b &'__a Role) -> &'__b str {
            role.as_str()
        }
    }
    #[automatically_derived]
    impl __countersign::RolePath for Role {
        type This = Self;
        const SET: &'static str = ::core::concat!(
            ::core::module_path!(), "::", "Role", ":", ::core::line!(), ":",
            ::core::column!()
        );
    }
    #[automatically_derived]
    impl ::core::convert::From<Role> for &'static str {
        fn from(role: Role) -> Self {
            role.as_str()
        }
    }
    #[automatically_derived]
    impl ::core::convert::AsRef<str> for Role {
        fn as_ref(&self) -> &str {
            self.as_str()
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Display for Role {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            f.pad(self.as_str())
        }
    }
    #[automatically_derived]
    impl ::core::str::FromStr for Role {
        type Err = __countersign::UnknownRole;
        fn from_str(
            name: &str,
        ) -> ::core::result::Result<Self, __countersign::UnknownRole> {
            __countersign::parse_role(name)
        }
    }
    #[automatically_derived]
    impl __countersign::serde::Serialize for Role {
        fn serialize<__S>(
            &self,
            serializer: __S,
        ) -> ::core::result::Result<__S::Ok, __S::Error>
        where
            __S: __countersign::serde::Serializer,
        {
            __countersign::serde::Serializer::serialize_str(serializer, self.as_str())
        }
    }
    #[automatically_derived]
    impl<'__de> __countersign::serde::Deserialize<'__de> for Role {
        fn deserialize<__D>(
            deserializer: __D,
        ) -> ::core::result::Result<Self, __D::Error>
        where
            __D: __countersign::serde::Deserializer<'__de>,
        {
            __countersign::deserialize_role(deserializer)
        }
    }
    #[automatically_derived]
    impl __countersign::utoipa::PartialSchema for Role {
        fn schema() -> __countersign::utoipa::openapi::RefOr<
            __countersign::utoipa::openapi::schema::Schema,
        > {
            ::core::convert::Into::into(
                __countersign::utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(__countersign::utoipa::openapi::schema::Type::String)
                    .enum_values(::core::option::Option::Some(["member", "admin"])),
            )
        }
    }
    #[automatically_derived]
    impl __countersign::utoipa::ToSchema for Role {}
};
