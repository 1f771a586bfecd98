//! Checks that the arguments of a handler require no more of its caller than the attribute above it: the OpenAPI document shows only
//! what the attribute says.

use std::marker::PhantomData;

use crate::access::{Access, DeclaresAccess, Rule};
use crate::diagnostics::message::Message;

/// Looks up the access that any type declares. Its own constant takes precedence over that of [`DeclaresNothing`], which every type has.
pub struct AccessOf<T>(PhantomData<T>);

impl<T: DeclaresAccess> AccessOf<T> {
    /// The access that the type declares.
    pub const ACCESS: Option<Access> = Some(T::ACCESS);
}

/// The fallback of [`AccessOf`] for types that declare no access.
pub trait DeclaresNothing {
    /// No access is declared.
    const ACCESS: Option<Access> = None;
}

impl<T> DeclaresNothing for AccessOf<T> {}

/// Fails to compile if an argument of a public handler, of type `ty`, reads credentials.
#[track_caller]
#[expect(clippy::panic, reason = "runs at compile time only")]
pub const fn check_public(ty: &str, declared: Option<Access>) {
    match declared {
        None | Some(Access::Public { .. }) => {}
        Some(access) => panic!("{}", not_public(ty, access).text()),
    }
}

/// Fails to compile if an argument of a handler, of type `ty`, requires more than the attribute above the handler.
#[track_caller]
#[expect(clippy::panic, reason = "runs at compile time only")]
pub const fn check_covered(attribute: &str, ty: &str, declared: Option<Access>, access: Access) {
    if let Some(Access::Require(rule)) = declared
        && !access.implies(&rule)
    {
        panic!("{}", not_covered(attribute, ty, &rule, &access).text());
    }
}

const fn not_covered(attribute: &str, ty: &str, rule: &Rule, access: &Access) -> Message {
    let start = Message::new().add("#[").add(attribute).add("]: the argument ").name(ty);
    let undocumented = "and the OpenAPI document would not say so; write ";
    let (start, help) = if rule.is(&Rule::BothTokens) {
        let start = start.add(" requires both tokens, ");
        if matches!(access, Access::Require(own) if own.mentions(&Rule::BothTokens)) {
            return start
                .add("and the rule also holds without them; join `both_tokens` to the whole rule with `&&`");
        }
        let in_place_of_live = access.implies(&Rule::Live);
        (start, if in_place_of_live { "`both_tokens` in place of `live`" } else { "`both_tokens`" })
    } else if rule.is(&Rule::IN_PERSON) {
        let start = start.add(" requires a live session without impersonation, ");
        let (live, alone) = (access.implies(&Rule::Live), access.implies(&Rule::NotImpersonated));
        let help = match (live, alone) {
            (true, _) => "`deny_impersonated`",
            (_, true) => "`live`",
            _ => "`live` and `deny_impersonated`",
        };
        (start, help)
    } else {
        return start
            .add(" requires a rule that #[")
            .add(attribute)
            .add("] does not; write #[require(...)] with the name of that rule, alone or joined with `&&`");
    };
    start.add(undocumented).add(help).add(" into #[").add(attribute).add("(...)]")
}

const fn not_public(ty: &str, access: Access) -> Message {
    let start = Message::new().add("#[public]: the argument ").name(ty);
    match access {
        Access::Optional => start.add(
            " reads credentials, and a public handler does not; remove #[public] and make it the first argument",
        ),
        Access::Require(Rule::BothTokens) => {
            start.add(" requires both tokens of a signed-in user; write #[authenticated(both_tokens)] instead")
        }
        Access::Require(rule) if rule.is(&Rule::IN_PERSON) => start.add(
            " requires a live session without impersonation; write #[authenticated(live, deny_impersonated)] instead",
        ),
        Access::Require(_) => {
            start.add(" requires a signed-in user who satisfies a rule; write #[require(...)] with that rule instead")
        }
        _ => start
            .add(" requires a signed-in user; write #[authenticated] instead, or remove #[public] and take `Option<")
            .add(ty)
            .add(">` first"),
    }
}

#[cfg(test)]
#[cfg(feature = "macros")]
mod tests {
    use super::*;

    struct Plain;

    struct Mine;

    impl DeclaresAccess for Mine {
        const ACCESS: Access = Access::Authenticated;
        type Demands = ();
    }

    #[test]
    fn a_type_that_declares_no_access_has_none() {
        assert_eq!(AccessOf::<Plain>::ACCESS, None);
        assert_eq!(AccessOf::<Option<Plain>>::ACCESS, None);
        check_public("Plain", AccessOf::<Plain>::ACCESS);
    }

    #[test]
    fn the_declared_access_of_a_type_is_found() {
        assert_eq!(AccessOf::<Mine>::ACCESS, Some(Access::Authenticated));
        assert_eq!(AccessOf::<Option<Mine>>::ACCESS, Some(Access::Optional));
    }

    #[test]
    fn a_public_argument_passes() {
        check_public("Open", Some(Access::Public { reason: "probe" }));
    }

    #[test]
    #[should_panic = "#[public]: the argument `User` requires a signed-in user; write #[authenticated] instead, or \
                      remove #[public] and take `Option<User>` first"]
    fn an_argument_that_demands_a_user_is_refused() {
        check_public("User", Some(Access::Authenticated));
    }

    #[test]
    #[should_panic = "#[public]: the argument `Session<User>` requires a signed-in user"]
    fn an_argument_that_demands_a_role_is_refused() {
        check_public("Session<User>", Some(Access::Require(Rule::Role("admin"))));
    }

    #[test]
    #[should_panic = "#[public]: the argument `RefreshSession<User>` requires both tokens of a signed-in user; write \
                      #[authenticated(both_tokens)] instead"]
    fn an_argument_that_demands_both_tokens_is_refused() {
        check_public("RefreshSession<User>", Some(Access::Require(Rule::BothTokens)));
    }

    #[test]
    #[should_panic = "#[authenticated]: the argument `RefreshSession<User>` requires both tokens, and the OpenAPI document \
                      would not say so; write `both_tokens` into #[authenticated(...)]"]
    fn an_argument_that_demands_more_than_the_attribute_is_refused() {
        let declared = Some(Access::Require(Rule::BothTokens));
        check_covered("authenticated", "RefreshSession<User>", declared, Access::Authenticated);
    }

    #[test]
    #[should_panic = "#[authenticated]: the argument `Reauthentication<User>` requires a live session without \
                      impersonation, and the OpenAPI document would not say so; write `live` and `deny_impersonated` into \
                      #[authenticated(...)]"]
    fn an_argument_that_demands_a_user_in_person_is_refused_in_words_of_the_attribute() {
        check_covered("authenticated", "Reauthentication<User>", Some(IN_PERSON), Access::Authenticated);
    }

    /// Keys that are already there are not suggested.
    #[test]
    fn the_help_names_the_keys_that_are_missing() {
        const LIVE: Access = Access::Require(Rule::Live);
        const EITHER: Access = Access::Require(Rule::Any(&[Rule::BothTokens, Rule::Role("admin")]));
        const ALONE: Access = Access::Require(Rule::NotImpersonated);
        const ROLE: Access = Access::Require(Rule::Role("admin"));
        let Access::Require(in_person) = IN_PERSON else { panic!("{IN_PERSON}") };
        for (access, rule, help) in [
            (LIVE, Rule::BothTokens, "write `both_tokens` in place of `live` into #[a(...)]"),
            (ROLE, Rule::BothTokens, "write `both_tokens` into #[a(...)]"),
            (
                EITHER,
                Rule::BothTokens,
                "the rule also holds without them; join `both_tokens` to the whole rule with `&&`",
            ),
            (LIVE, in_person, "write `deny_impersonated` into #[a(...)]"),
            (ALONE, in_person, "write `live` into #[a(...)]"),
            (ROLE, in_person, "write `live` and `deny_impersonated` into #[a(...)]"),
        ] {
            let message = not_covered("a", "Argument", &rule, &access);
            assert!(message.text().ends_with(help), "{}", message.text());
        }
    }

    #[test]
    #[should_panic = "write #[authenticated(live, deny_impersonated)] instead"]
    fn a_public_argument_that_demands_a_user_in_person_is_refused() {
        check_public("Reauthentication<User>", Some(IN_PERSON));
    }

    #[derive(crate::SessionClaims, Clone)]
    struct User {
        #[claims(subject)]
        id: u64,
    }

    const IN_PERSON: Access = <crate::Reauthentication<User> as DeclaresAccess>::ACCESS;

    #[test]
    fn an_argument_that_demands_no_more_than_a_user_passes() {
        for declared in [None, Some(Access::Authenticated), Some(Access::Optional)] {
            check_covered("authenticated", "RefreshSession", declared, Access::Authenticated);
        }
    }

    const CAN_WRITE: Rule = Rule::All(&[Rule::Role("editor"), Rule::Scope("posts:write")]);

    #[test]
    #[should_panic = "#[require_role]: the argument `Proof<CanWrite>` requires a rule that #[require_role] does not; \
                      write #[require(...)] with the name of that rule, alone or joined with `&&`"]
    fn a_proof_of_another_rule_is_refused() {
        let declared = Some(Access::Require(CAN_WRITE));
        check_covered("require_role", "Proof<CanWrite>", declared, Access::Require(Rule::Role("editor")));
    }

    #[test]
    fn a_proof_of_what_the_attribute_demands_passes() {
        check_covered(
            "require",
            "Proof<CanWrite>",
            Some(Access::Require(CAN_WRITE)),
            Access::Require(CAN_WRITE),
        );
    }

    #[test]
    #[should_panic = "#[public]: the argument `Option<User>` reads credentials, and a public handler does not; \
                      remove #[public] and make it the first argument"]
    fn an_argument_that_reads_credentials_is_refused() {
        check_public("Option<User>", Some(Access::Optional));
    }
}
