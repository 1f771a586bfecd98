//! Rules with names.

/// Gives rules names, so that they are written once: `rule! { pub CanPublish = role("editor") && scope("posts:write"); }`
///
/// A rule is what [`require`](macro@crate::require) takes, and a name stands in a rule as a condition does. Each name is a type
/// without values; doc comments and visibility are its own.
///
/// ```
/// use countersign::{Role, SessionClaims, require, rule};
///
/// #[derive(Role, Clone, Copy)]
/// enum Role {
///     Editor,
///     Admin,
/// }
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: String,
///     #[claims(roles)]
///     roles: Vec<Role>,
///     #[claims(scopes)]
///     scopes: Vec<String>,
/// }
///
/// rule! {
///     /// Who may put a post before the public.
///     pub CanPublish = role(Role::Editor) && scope("posts:write") || role("admin");
///
///     /// The same, by a user whose sign-in is fresh.
///     pub CanRetract = CanPublish && fresh("10m");
/// }
///
/// #[require(CanPublish)]
/// async fn publish(user: User) -> String {
///     user.id
/// }
/// ```
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! rule {
    ($($rules:tt)*) => {
        $crate::__private::rule!($crate, $($rules)*);
    };
}
