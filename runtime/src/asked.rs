//! What the arguments of a handler ask of its caller, checked at compile time where the handler says that it is public.

use std::marker::PhantomData;

use crate::access::{Access, DeclaresAccess, Rule};
use crate::sentence::Sentence;

/// Asks any type what it demands: the constant of its own hides that of [`AsksNothing`].
pub struct Asked<T>(PhantomData<T>);

impl<T: DeclaresAccess> Asked<T> {
    /// What the type says.
    pub const ACCESS: Option<Access> = Some(T::ACCESS);
}

/// The answer of types that declare no access.
pub trait AsksNothing {
    /// Nothing is demanded.
    const ACCESS: Option<Access> = None;
}

impl<T> AsksNothing for Asked<T> {}

/// Refuses to compile when an argument of a public handler looks at credentials.
#[track_caller]
#[expect(clippy::panic, reason = "runs at compile time only")]
pub const fn check_public(ty: &str, asked: Option<Access>) {
    match asked {
        None | Some(Access::Public { .. }) => {}
        Some(access) => panic!("{}", not_public(ty, access).text()),
    }
}

/// Refuses to compile when an argument of a handler takes both tokens, and the attribute above it does not say so.
#[track_caller]
#[expect(clippy::panic, reason = "runs at compile time only")]
pub const fn check_both_tokens(attribute: &str, ty: &str, asked: Option<Access>) {
    if matches!(asked, Some(Access::Require(Rule::BothTokens))) {
        panic!("{}", not_said(attribute, ty).text());
    }
}

const fn not_said(attribute: &str, ty: &str) -> Sentence {
    Sentence::new()
        .add("#[")
        .add(attribute)
        .add("]: the argument `")
        .add(ty)
        .add("` asks for both tokens, and the OpenAPI document would not say so; write `both_tokens` into #[")
        .add(attribute)
        .add("(...)]")
}

const fn not_public(ty: &str, access: Access) -> Sentence {
    let start = Sentence::new().add("#[public]: the argument `").add(ty);
    if matches!(access, Access::Optional) {
        return start.add(
            "` looks at credentials, and a public handler does not; remove #[public] and make it the first argument",
        );
    }
    if matches!(access, Access::Require(Rule::BothTokens)) {
        return start
            .add("` asks for both tokens of a signed-in user; write #[authenticated(both_tokens)] instead");
    }
    start
        .add("` asks for a signed-in user; write #[authenticated] instead, or remove #[public] and take `Option<")
        .add(ty)
        .add(">` first")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Plain;

    struct Mine;

    impl DeclaresAccess for Mine {
        const ACCESS: Access = Access::Authenticated;
        type Demands = ();
    }

    #[test]
    fn a_type_that_declares_nothing_asks_nothing() {
        assert_eq!(Asked::<Plain>::ACCESS, None);
        assert_eq!(Asked::<Option<Plain>>::ACCESS, None);
        check_public("Plain", Asked::<Plain>::ACCESS);
    }

    #[test]
    fn a_type_that_declares_an_access_is_asked_for_it() {
        assert_eq!(Asked::<Mine>::ACCESS, Some(Access::Authenticated));
        assert_eq!(Asked::<Option<Mine>>::ACCESS, Some(Access::Optional));
    }

    #[test]
    fn a_public_argument_passes() {
        check_public("Open", Some(Access::Public { reason: "probe" }));
    }

    #[test]
    #[should_panic = "#[public]: the argument `User` asks for a signed-in user; write #[authenticated] instead, or \
                      remove #[public] and take `Option<User>` first"]
    fn an_argument_that_demands_a_user_is_refused() {
        check_public("User", Some(Access::Authenticated));
    }

    #[test]
    #[should_panic = "#[public]: the argument `Session<User>` asks for a signed-in user"]
    fn an_argument_that_demands_a_role_is_refused() {
        check_public("Session<User>", Some(Access::Require(Rule::Role("admin"))));
    }

    #[test]
    #[should_panic = "#[public]: the argument `RefreshSession<User>` asks for both tokens of a signed-in user; write \
                      #[authenticated(both_tokens)] instead"]
    fn an_argument_that_demands_both_tokens_is_refused() {
        check_public("RefreshSession<User>", Some(Access::Require(Rule::BothTokens)));
    }

    #[test]
    #[should_panic = "#[authenticated]: the argument `RefreshSession<User>` asks for both tokens, and the OpenAPI document \
                      would not say so; write `both_tokens` into #[authenticated(...)]"]
    fn an_argument_that_demands_more_than_the_attribute_is_refused() {
        check_both_tokens("authenticated", "RefreshSession<User>", Some(Access::Require(Rule::BothTokens)));
    }

    #[test]
    fn an_argument_that_demands_no_more_than_a_user_passes() {
        for asked in [None, Some(Access::Authenticated), Some(Access::Optional)] {
            check_both_tokens("authenticated", "RefreshSession", asked);
        }
    }

    #[test]
    #[should_panic = "#[public]: the argument `Option<User>` looks at credentials, and a public handler does not; \
                      remove #[public] and make it the first argument"]
    fn an_argument_that_looks_at_credentials_is_refused() {
        check_public("Option<User>", Some(Access::Optional));
    }
}
