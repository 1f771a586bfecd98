//! The derives and attributes of `countersign`. Use them through that crate, which documents them.

// One folder for each macro, one file for each pass: parse (tokens to input, every mistake collected), model (invalid
// states cannot be written), expand (cannot fail).

mod access;
mod check;
mod claims;
mod endpoint;
mod errors;
mod extractors;
mod function;
mod keys;
mod krate;
mod named;
mod place;
mod role;
mod routes;
mod scope_token;
mod span;
mod state;
mod suggest;
#[cfg(test)]
mod testing;
mod versions;

use proc_macro::TokenStream;
use syn::DeriveInput;

use crate::access::Attribute;

/// Makes a fieldless enum the closed set of an application's roles.
///
/// A role's name is the variant's in `snake_case`, or the one that `#[role(rename = "...")]` gives; it may contain the
/// characters of a scope (RFC 6749 section 3.3). `#[role(implies(A, B))]` grants those roles too, and the roles that they
/// imply. On the enum, `#[role(crate = path)]` says where `countersign` is.
///
/// `#[role(private)]` hides a role's name from strangers: neither the OpenAPI document nor a refusal shows it, whatever
/// else is disclosed. Tokens, logs and the access matrix show it like any other.
///
/// The enum gets the trait `RoleSet`, `as_str`, `AsRef<str>`, `Into<&'static str>`, `Display`, `FromStr`, serde's
/// `Serialize` and `Deserialize`, and, with the feature `openapi`, utoipa's `ToSchema`; don't derive these yourself.
///
/// Refused: fields, generics, two roles of one name, a name that is not a scope-token, roles that imply each other in a
/// circle.
#[proc_macro_derive(Role, attributes(role, serde))]
pub fn role(input: TokenStream) -> TokenStream {
    derive(input, role::derive)
}

/// Makes a struct the application's claims: the data about a user that a token carries.
///
/// `#[claims(subject)]` marks the identifier (`sub`, RFC 7519 section 4.1.2), `#[claims(roles)]` and
/// `#[claims(scopes)]` the roles and scopes (`roles` and `scope`, RFC 9068 section 2.2.3). Every other field is a claim
/// of its own, written as serde writes it; `rename`, `rename_all`, `alias`, `default`, `skip`, `skip_serializing_if`,
/// `with`, `serialize_with`, `deserialize_with` and `deny_unknown_fields` of `#[serde(...)]` hold for the token too. On
/// the struct, `#[claims(crate = path)]` says where `countersign` is.
///
/// The struct becomes an extractor: as an argument of a handler it requires a signed-in user, as `Option` it does not.
/// It has to be `Clone`. It needs `Serialize` and `Deserialize` only for the application's own purposes.
///
/// Refused: anything but a struct with named fields, generics, no subject or two, a field whose claim is a registered
/// one, two fields with one claim, and serde attributes that change a container's shape (`flatten`, `tag`, `from` ...).
#[proc_macro_derive(SessionClaims, attributes(claims, serde))]
pub fn session_claims(input: TokenStream) -> TokenStream {
    derive(input, claims::derive)
}

/// Says where an application's state keeps its `Auth<...>`: in the field marked `#[auth]`.
///
/// On the struct, `#[auth(crate = path)]` says where `countersign` is. Refused: enums and unions, no marked field or
/// two.
#[proc_macro_derive(AuthState, attributes(auth))]
pub fn auth_state(input: TokenStream) -> TokenStream {
    derive(input, state::derive)
}

fn derive(input: TokenStream, macro_fn: fn(&DeriveInput) -> proc_macro2::TokenStream) -> TokenStream {
    match syn::parse(input) {
        Ok(input) => macro_fn(&input).into(),
        Err(error) => error.to_compile_error().into(),
    }
}

/// Lets any signed-in user call the handler below it.
///
/// The handler gets a hidden first extractor, so that the token is verified before anything else of a request is read; a
/// request without one gets a 401 (RFC 6750 section 3). Above `#[utoipa::path]` the attribute also writes `security` and
/// the 401 into the operation; below it, it does not compile.
///
/// An access token is valid until it expires, even if its session has ended. `#[authenticated(live)]` also asks the store:
/// a session that has ended is a 401, a store that does not answer a 503. `#[authenticated(both_tokens)]` also asks for
/// the session's refresh token (`X-Refresh-Token`), and so for the store. `#[authenticated(deny_impersonated)]` refuses
/// anyone who acts for the user (403). These words can be combined, with commas.
///
/// A machine is not a user: a client that was given a token for itself (RFC 9068 section 5) gets a 403.
/// `#[authenticated(machine)]` lets in such callers, and no others.
///
/// `#[authenticated(crate = path)]` says where `countersign` is. Refused: methods, generics, `impl` arguments, functions
/// that are not `async`, more than 15 arguments, a second access attribute, a `security(...)` of your own.
#[proc_macro_attribute]
pub fn authenticated(arguments: TokenStream, item: TokenStream) -> TokenStream {
    access::attribute(Attribute::Authenticated, arguments.into(), item.into()).into()
}

/// Lets anyone call the handler below it: `#[public(reason = "health probe")]`.
///
/// Credentials are not looked at. The reason is required; above `#[utoipa::path]` it ends the operation's description,
/// and `security` is empty. `crate = path` is that of [`authenticated`](macro@authenticated).
///
/// Refused: everything that `authenticated` refuses, and an argument that looks at credentials, such as the claims type or
/// `Option` of it. A type of the application's own that looks at them is not seen. If that is a struct with axum's
/// `#[derive(FromRequestParts)]`, its field `Option<User>` is `None` for a bad token too: axum's derive drops every refusal of an
/// optional field. Take `Option<User>` as an argument of a handler without `#[public]`, where a bad token is a 401.
#[proc_macro_attribute]
pub fn public(arguments: TokenStream, item: TokenStream) -> TokenStream {
    access::attribute(Attribute::Public, arguments.into(), item.into()).into()
}

/// Lets users with any of the roles call the handler below it: `#[require_role("admin", Role::Support)]`.
///
/// A role is a string or the path of a variant. A user who holds a role holds the roles that it implies too. Without a
/// token the answer is 401, without the role 403 (RFC 6750 section 3.1), before anything else of the request is read.
/// Above `#[utoipa::path]` the attribute also writes `security`, with an alternative for each role, the 401 and the 403
/// into the operation; below it, it does not compile.
///
/// A role that does not exist does not compile. A path is checked by the compiler, a string where the signature names the
/// claims, and otherwise in `routes!`. (With axum's own router alone, such a string is a role that no user has.)
///
/// `live`, `both_tokens`, `deny_impersonated` and `machine` are written after the roles, as in `#[require_role("admin", live)]`, and
/// have to hold too. They and `crate = path` are those of [`authenticated`](macro@authenticated).
///
/// Refused: everything that `authenticated` refuses, an empty list, a role twice, and a role with characters that a scope
/// of RFC 6749 section 3.3 cannot have.
#[proc_macro_attribute]
pub fn require_role(arguments: TokenStream, item: TokenStream) -> TokenStream {
    access::attribute(Attribute::RequireRole, arguments.into(), item.into()).into()
}

/// Lets users with any of the scopes call the handler below it: `#[require_scope("posts:write")]`.
///
/// A scope is a permission that a user gave to a client (RFC 6749 section 3.3); the field `#[claims(scopes)]` carries it.
/// Everything that [`require_role`](macro@require_role) says of roles holds for scopes too, but scopes are not a closed
/// set and imply nothing.
#[proc_macro_attribute]
pub fn require_scope(arguments: TokenStream, item: TokenStream) -> TokenStream {
    access::attribute(Attribute::RequireScope, arguments.into(), item.into()).into()
}

/// Lets users who satisfy a rule call the handler below it: `#[require(role("admin") || role(Role::Editor) && scope("posts:write"))]`.
///
/// A rule is written like a condition in Rust: `&&` binds tighter than `||`, `!` negates a role, a scope, an issuer or
/// a group of them, and parentheses group. It becomes a constant that the guard decides with and the document shows.
///
/// | condition | holds when |
/// |---|---|
/// | `role("admin")`, `role(Role::Admin)` | the user holds the role, or one that implies it |
/// | `scope("posts:write")` | the user was granted the scope |
/// | `fresh("10m")` | the user signed in at most this long ago: a whole number and `s`, `m`, `h` or `d` |
/// | `live` | the store has the session, and it has not ended |
/// | `both_tokens` | the request carries the session's refresh token too; `live` is implied |
/// | `deny_impersonated` | the user is not impersonated: the token has no `act` |
/// | `issuer("acme")` | the token is from the issuer that the application configured under this name; `own` is this server |
/// | `machine` | the token was given to a client for itself; a rule without this word refuses such callers |
/// | `check(posts::owns_post)` | the function under [`check`](macro@check) says so |
/// | `CanPublish` | the rule that `rule!` gave this name holds |
///
/// A request gets a 401 without a signed-in user, after a sign-in that is too old, and for a session that has ended; a 404
/// if a check hides the resource that it protects; and otherwise a 403. Checks run last, and only those on which the
/// decision depends.
///
/// Roles are compared as with [`require_role`](macro@require_role). `crate = path`, after a comma, is that of
/// [`authenticated`](macro@authenticated).
///
/// Refused: everything that `authenticated` refuses, a rule that never or always holds, the same condition twice in a
/// group, `!` before anything but roles, scopes and issuers, and more than 64 checks.
#[proc_macro_attribute]
pub fn require(arguments: TokenStream, item: TokenStream) -> TokenStream {
    access::attribute(Attribute::Require, arguments.into(), item.into()).into()
}

/// Makes an async function a condition: `#[require(check(owns_post))]`.
///
/// The function takes the arguments that a handler may take before the body: the claims, `Path<...>`, `Query<...>`,
/// `State<...>`, headers. It returns `bool`, or `Result<bool, E>` if it can fail; an error is a 503. It runs after every
/// condition of the rule that needs no function, and before the body is read. `false` is a 403; under
/// `#[check(not_found)]` it is a 404, as if the resource did not exist.
///
/// The function stays as it is. The attribute adds a type of the same name and visibility, which rules name, so one `use`
/// imports both.
///
/// `#[check(crate = path)]` says where `countersign` is. Refused: methods, generics, functions that are not `async`,
/// arguments behind `&`, an answer whose type is not named.
#[proc_macro_attribute]
pub fn check(arguments: TokenStream, item: TokenStream) -> TokenStream {
    check::attribute(arguments.into(), item.into()).into()
}

#[doc(hidden)]
#[proc_macro]
pub fn rule(input: TokenStream) -> TokenStream {
    named::rules(input.into()).into()
}

#[doc(hidden)]
#[proc_macro]
pub fn routes(input: TokenStream) -> TokenStream {
    routes::routes(input.into()).into()
}

#[doc(hidden)]
#[proc_macro]
pub fn fallback(input: TokenStream) -> TokenStream {
    routes::fallback(input.into()).into()
}

#[doc(hidden)]
#[proc_macro]
pub fn typed_refresh_handler(input: TokenStream) -> TokenStream {
    endpoint::typed_refresh_handler(input.into()).into()
}
