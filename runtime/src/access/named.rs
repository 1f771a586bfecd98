//! Named rules: the macro `rule!`.

/// Gives rules names, so that each is written once: `rule! { pub CanPublish = role("editor") && scope("posts:write"); }`
///
/// A rule has the form that [`require`](macro@crate::require) takes, and may use other names as conditions. Each name becomes a type
/// without values, with the doc comment and the visibility written before it.
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
///     /// May put a post before the public.
///     pub CanPublish = role(Role::Editor) && scope("posts:write") || role("admin");
///
///     /// May publish, and has signed in within the last ten minutes.
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
