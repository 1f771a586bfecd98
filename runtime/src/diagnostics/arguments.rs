//! What the arguments of a handler ask of its caller, checked at compile time where the handler says that it is public.

use std::marker::PhantomData;

use crate::access::{Access, DeclaresAccess, Rule};
use crate::diagnostics::message::Message;

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

/// Refuses to compile when an argument of a handler asks for more than the attribute above it does.
#[track_caller]
#[expect(clippy::panic, reason = "runs at compile time only")]
pub const fn check_covered(attribute: &str, ty: &str, asked: Option<Access>, access: Access) {
    let Some(Access::Require(asked)) = asked else { return };
    if let Access::Require(rule) = &access
        && covers(rule, &asked)
    {
        return;
    }
    panic!("{}", not_said(attribute, ty, &asked, &access).text());
}

/// Whether `asked` holds whenever `rule` does, as far as their form tells.
const fn covers(rule: &Rule, asked: &Rule) -> bool {
    if is_met(rule, asked) {
        return true;
    }
    if let Rule::All(parts) = rule {
        let mut index = 0;
        while index < parts.len() {
            if covers(&parts[index], asked) {
                return true;
            }
            index += 1;
        }
    }
    let Rule::All(asked) = asked else { return false };
    let mut index = 0;
    while index < asked.len() {
        if !covers(rule, &asked[index]) {
            return false;
        }
        index += 1;
    }
    !asked.is_empty()
}

/// Whether one part meets another: it is the same, or stricter. Of a check only the name is known here.
const fn is_met(rule: &Rule, asked: &Rule) -> bool {
    match (rule, asked) {
        (Rule::Role(one), Rule::Role(other)) | (Rule::Scope(one), Rule::Scope(other)) => {
            equal(one.as_bytes(), other.as_bytes())
        }
        (Rule::Fresh(age), Rule::Fresh(asked)) => age.as_nanos() <= asked.as_nanos(),
        (Rule::NotImpersonated, Rule::NotImpersonated)
        | (Rule::Live | Rule::BothTokens, Rule::Live)
        | (Rule::BothTokens, Rule::BothTokens) => true,
        (Rule::Check { name, not_found }, Rule::Check { name: asked, not_found: asked_not_found }) => {
            *not_found == *asked_not_found && equal(name.as_bytes(), asked.as_bytes())
        }
        (Rule::Not(rule), Rule::Not(asked)) => is_same(rule, asked),
        (Rule::Any(rules), Rule::Any(asked)) | (Rule::All(rules), Rule::All(asked)) => are_same(rules, asked),
        _ => false,
    }
}

const fn is_same(one: &Rule, other: &Rule) -> bool {
    is_met(one, other) && is_met(other, one)
}

const fn are_same(rules: &[Rule], others: &[Rule]) -> bool {
    let mut index = 0;
    while index < rules.len() && index < others.len() && is_same(&rules[index], &others[index]) {
        index += 1;
    }
    index == rules.len() && index == others.len()
}

const fn equal(one: &[u8], other: &[u8]) -> bool {
    let mut index = 0;
    while index < one.len() && index < other.len() && one[index] == other[index] {
        index += 1;
    }
    index == one.len() && index == other.len()
}

/// Whether it is the rule of [`Reauthentication`](crate::Reauthentication), which has no name to write.
const fn is_in_person(rule: &Rule) -> bool {
    matches!(rule, Rule::All([Rule::Live, Rule::NotImpersonated]))
}

/// Whether the rule holds only where `asked` does.
const fn demands(access: &Access, asked: &Rule) -> bool {
    matches!(access, Access::Require(rule) if covers(rule, asked))
}

/// Whether the rule asks for both tokens anywhere.
const fn mentions_both_tokens(rule: &Rule) -> bool {
    match rule {
        Rule::BothTokens => true,
        Rule::Any(rules) | Rule::All(rules) => {
            let mut index = 0;
            while index < rules.len() {
                if mentions_both_tokens(&rules[index]) {
                    return true;
                }
                index += 1;
            }
            false
        }
        _ => false,
    }
}

const fn not_said(attribute: &str, ty: &str, asked: &Rule, access: &Access) -> Message {
    let start = Message::new().add("#[").add(attribute).add("]: the argument `").add(ty);
    if matches!(asked, Rule::BothTokens) {
        let start = start.add("` asks for both tokens, and ");
        return match access {
            Access::Require(rule) if mentions_both_tokens(rule) => {
                start.add("the rule also holds without them; join `both_tokens` to the whole rule with `&&`")
            }
            access if demands(access, &Rule::Live) => start
                .add("the OpenAPI document would not say so; write `both_tokens` in place of `live` into #[")
                .add(attribute)
                .add("(...)]"),
            _ => start
                .add("the OpenAPI document would not say so; write `both_tokens` into #[")
                .add(attribute)
                .add("(...)]"),
        };
    }
    if is_in_person(asked) {
        let start = start
            .add("` asks for a live session in which nobody acts for the user, and the OpenAPI document would not say so; write ");
        let start = match (demands(access, &Rule::Live), demands(access, &Rule::NotImpersonated)) {
            (true, _) => start.add("`deny_impersonated`"),
            (_, true) => start.add("`live`"),
            _ => start.add("`live` and `deny_impersonated`"),
        };
        return start.add(" into #[").add(attribute).add("(...)]");
    }
    start
        .add("` asks for a rule that #[")
        .add(attribute)
        .add("] does not demand; write #[require(...)] with the name of that rule, alone or joined with `&&`")
}

const fn not_public(ty: &str, access: Access) -> Message {
    let start = Message::new().add("#[public]: the argument `").add(ty);
    match access {
        Access::Optional => start.add(
            "` looks at credentials, and a public handler does not; remove #[public] and make it the first argument",
        ),
        Access::Require(Rule::BothTokens) => {
            start.add("` asks for both tokens of a signed-in user; write #[authenticated(both_tokens)] instead")
        }
        Access::Require(rule) if is_in_person(&rule) => start.add(
            "` asks for a live session in which nobody acts for the user; write #[authenticated(live, deny_impersonated)] instead",
        ),
        Access::Require(_) => start.add(
            "` asks for a signed-in user who satisfies a rule; write #[require(...)] with that rule instead",
        ),
        _ => start
            .add("` asks for a signed-in user; write #[authenticated] instead, or remove #[public] and take `Option<")
            .add(ty)
            .add(">` first"),
    }
}

#[cfg(test)]
#[cfg(feature = "macros")]
mod tests {
    use std::time::Duration;

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
        let asked = Some(Access::Require(Rule::BothTokens));
        check_covered("authenticated", "RefreshSession<User>", asked, Access::Authenticated);
    }

    #[test]
    #[should_panic = "#[authenticated]: the argument `Reauthentication<User>` asks for a live session in which nobody acts for \
                      the user, and the OpenAPI document would not say so; write `live` and `deny_impersonated` into \
                      #[authenticated(...)]"]
    fn an_argument_that_demands_a_user_in_person_is_told_in_words_of_the_attribute() {
        check_covered("authenticated", "Reauthentication<User>", Some(IN_PERSON), Access::Authenticated);
    }

    /// What is there already is not asked for.
    #[test]
    fn an_attribute_is_told_what_it_lacks() {
        const LIVE: Access = Access::Require(Rule::Live);
        const EITHER: Access = Access::Require(Rule::Any(&[Rule::BothTokens, Rule::Role("admin")]));
        const ALONE: Access = Access::Require(Rule::NotImpersonated);
        const ROLE: Access = Access::Require(Rule::Role("admin"));
        let Access::Require(in_person) = IN_PERSON else { panic!("{IN_PERSON}") };
        for (access, asked, told) in [
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
            let said = not_said("a", "Argument", &asked, &access);
            assert!(said.text().ends_with(told), "{}", said.text());
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
        for asked in [None, Some(Access::Authenticated), Some(Access::Optional)] {
            check_covered("authenticated", "RefreshSession", asked, Access::Authenticated);
        }
    }

    const CAN_WRITE: Rule = Rule::All(&[Rule::Role("editor"), Rule::Scope("posts:write")]);

    fn covered(rule: Rule, asked: Rule) -> bool {
        covers(&rule, &asked)
    }

    #[test]
    fn a_rule_covers_itself_and_each_of_its_conjuncts() {
        const ANY: Rule = Rule::Any(&[Rule::Role("editor"), Rule::Not(&Rule::Scope("posts:write"))]);
        const CHECK: Rule = Rule::Check { name: "owns_post", not_found: true };
        for rule in [CAN_WRITE, ANY, CHECK, Rule::Live, Rule::NotImpersonated, Rule::Role("editor")] {
            assert!(covered(rule, rule), "{rule}");
        }
        assert!(covered(CAN_WRITE, Rule::Scope("posts:write")));
        const NESTED: Rule = Rule::All(&[Rule::Live, CAN_WRITE]);
        assert!(covered(NESTED, CAN_WRITE) && covered(NESTED, Rule::Role("editor")));
        const FLAT: Rule = Rule::All(&[Rule::Scope("posts:write"), Rule::Live, Rule::Role("editor")]);
        assert!(covered(FLAT, CAN_WRITE), "whatever the order");
    }

    #[test]
    fn a_stricter_condition_covers_a_milder_one() {
        const TEN: Rule = Rule::Fresh(Duration::from_secs(600));
        const HOUR: Rule = Rule::Fresh(Duration::from_secs(3600));
        assert!(covered(TEN, HOUR) && !covered(HOUR, TEN));
        assert!(covered(Rule::BothTokens, Rule::Live) && !covered(Rule::Live, Rule::BothTokens));
    }

    #[test]
    fn what_may_not_hold_is_not_covered() {
        const EITHER: Rule = Rule::Any(&[CAN_WRITE, Rule::Role("admin")]);
        const EDITOR: Rule = Rule::Role("editor");
        for (rule, asked) in [
            (EITHER, CAN_WRITE),
            (EITHER, Rule::Role("admin")),
            (EDITOR, CAN_WRITE),
            (EDITOR, Rule::Role("edito")),
            (EDITOR, Rule::Role("editors")),
            (EDITOR, Rule::Scope("editor")),
            (EDITOR, Rule::Not(&EDITOR)),
            (Rule::Not(&EDITOR), EDITOR),
            (Rule::Not(&EDITOR), Rule::Not(&Rule::Role("admin"))),
            (Rule::All(&[EDITOR, Rule::Live]), Rule::All(&[])),
            (Rule::Any(&[EDITOR, Rule::Live]), Rule::Any(&[EDITOR])),
            (Rule::Check { name: "owns", not_found: false }, Rule::Check { name: "owns", not_found: true }),
        ] {
            assert!(!covered(rule, asked), "{rule} and {asked}");
        }
        // A stricter part of a group makes it another group: told by its form, it is neither.
        const FRESH: Rule = Rule::Any(&[EDITOR, Rule::Fresh(Duration::from_secs(600))]);
        const MILD: Rule = Rule::Any(&[EDITOR, Rule::Fresh(Duration::from_secs(3600))]);
        assert!(!covered(FRESH, MILD) && !covered(MILD, FRESH));
    }

    #[test]
    #[should_panic = "#[require_role]: the argument `Proof<CanWrite>` asks for a rule that #[require_role] does not demand; \
                      write #[require(...)] with the name of that rule, alone or joined with `&&`"]
    fn a_proof_of_another_rule_is_refused() {
        let asked = Some(Access::Require(CAN_WRITE));
        check_covered("require_role", "Proof<CanWrite>", asked, Access::Require(Rule::Role("editor")));
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
    #[should_panic = "#[public]: the argument `Option<User>` looks at credentials, and a public handler does not; \
                      remove #[public] and make it the first argument"]
    fn an_argument_that_looks_at_credentials_is_refused() {
        check_public("Option<User>", Some(Access::Optional));
    }
}
