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
impl ::countersign::__private::RoleSet for Role {
    const NAMES: ::core::option::Option<&'static [&'static str]> = ::core::option::Option::Some(
        &["member", "admin", "ops:on-call"],
    );
    const IMPLIES: ::countersign::__private::Implications = &[
        ("admin", &["member"]),
        ("ops:on-call", &["admin", "member"]),
    ];
    const PRIVATE: &'static [&'static str] = &["ops:on-call"];
    type Listed = <Self as ::countersign::__private::ListsRoles>::Names;
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
            Self::OnCall => ::core::matches!(name, "ops:on-call" | "admin" | "member"),
        }
    }
}
#[automatically_derived]
impl ::countersign::__private::Declares<
    { ::countersign::__private::role_hash("member") },
> for Role {}
#[automatically_derived]
impl ::countersign::__private::Declares<{ ::countersign::__private::role_hash("admin") }>
for Role {}
#[automatically_derived]
impl ::countersign::__private::Declares<
    { ::countersign::__private::role_hash("ops:on-call") },
> for Role {}
const _: () = {
    pub enum member {}
    pub enum admin {}
    pub enum ops_on_call {}
    #[automatically_derived]
    impl ::countersign::__private::ListsRoles for Role {
        type Names = (member, admin, ops_on_call);
    }
};
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
    type Err = ::countersign::__private::UnknownRole;
    fn from_str(
        name: &str,
    ) -> ::core::result::Result<Self, ::countersign::__private::UnknownRole> {
        ::countersign::__private::parse_role(name)
    }
}
#[automatically_derived]
impl ::countersign::__private::serde::Serialize for Role {
    fn serialize<__S>(
        &self,
        serializer: __S,
    ) -> ::core::result::Result<__S::Ok, __S::Error>
    where
        __S: ::countersign::__private::serde::Serializer,
    {
        ::countersign::__private::serde::Serializer::serialize_str(
            serializer,
            self.as_str(),
        )
    }
}
#[automatically_derived]
impl<'__de> ::countersign::__private::serde::Deserialize<'__de> for Role {
    fn deserialize<__D>(deserializer: __D) -> ::core::result::Result<Self, __D::Error>
    where
        __D: ::countersign::__private::serde::Deserializer<'__de>,
    {
        ::countersign::__private::deserialize_role(deserializer)
    }
}
#[automatically_derived]
impl ::countersign::__private::utoipa::PartialSchema for Role {
    fn schema() -> ::countersign::__private::utoipa::openapi::RefOr<
        ::countersign::__private::utoipa::openapi::schema::Schema,
    > {
        ::core::convert::Into::into(
            ::countersign::__private::utoipa::openapi::schema::ObjectBuilder::new()
                .schema_type(
                    ::countersign::__private::utoipa::openapi::schema::Type::String,
                )
                .enum_values(::core::option::Option::Some(["member", "admin"])),
        )
    }
}
#[automatically_derived]
impl ::countersign::__private::utoipa::ToSchema for Role {}
