//! What follows from what, against the callers who satisfy each rule.

use std::time::Duration;

use super::*;

const EDITOR: Rule = Rule::Role("editor");
const WRITE: Rule = Rule::Scope("posts:write");
const CAN_WRITE: Rule = Rule::All(&[EDITOR, WRITE]);
const TEN_MINUTES: Rule = Rule::Fresh(Duration::from_secs(600));
const HOUR: Rule = Rule::Fresh(Duration::from_secs(3600));
const ACME: Rule = Rule::Issuer("acme");
const OTHER: Rule = Rule::Issuer("other");
const OWNS: Rule = Rule::Check { name: "owns", not_found: false };
const OWNS_ELSE_404: Rule = Rule::Check { name: "owns", not_found: true };

const ATOMS: [Rule; 20] = [
    EDITOR,
    Rule::Role("editors"),
    Rule::Scope("editor"),
    TEN_MINUTES,
    HOUR,
    Rule::NotImpersonated,
    OWNS,
    OWNS_ELSE_404,
    Rule::Check { name: "b", not_found: true },
    Rule::Not(&EDITOR),
    Rule::Not(&WRITE),
    Rule::Live,
    Rule::BothTokens,
    ACME,
    Rule::Role("acme"),
    Rule::Not(&ACME),
    Rule::Machine,
    Rule::Any(&[]),
    Rule::All(&[]),
    Rule::All(&[EDITOR, Rule::Any(&[Rule::Role("b")])]),
];

#[test]
fn rules_are_compared_in_constants_as_everywhere() {
    for one in ATOMS {
        for other in ATOMS {
            assert_eq!(one.is(&other), one == other, "{one:?} {other:?}");
        }
    }
}

#[test]
fn conditions_are_numbered_from_left_to_right_at_any_depth() {
    const RULE: Rule = Rule::All(&[
        Rule::Any(&[EDITOR, Rule::Not(&WRITE)]),
        Rule::Any(&[]),
        Rule::Not(&Rule::All(&[OWNS, Rule::Live])),
        HOUR,
    ]);
    let found: Vec<_> = (0..7).map(|number| RULE.condition(number).copied()).collect();
    assert_eq!(found, [Some(EDITOR), Some(WRITE), Some(OWNS), Some(Rule::Live), Some(HOUR), None, None]);
}

#[test]
fn a_condition_is_found_at_any_depth() {
    for rule in ATOMS {
        let is_check = matches!(rule, Rule::Check { .. });
        let is_owns = rule == OWNS;
        let inside: &'static [Rule] = vec![Rule::Live, rule].leak();
        let outside: &'static [Rule] = vec![Rule::Any(inside), Rule::Live].leak();
        for rule in [rule, Rule::All(outside), Rule::Not(&outside[0])] {
            assert_eq!(rule.has_check(), is_check, "{rule:?}");
            assert_eq!(rule.mentions(&OWNS), is_owns, "{rule:?}");
        }
    }
}

#[test]
fn a_rule_implies_itself_and_each_of_its_conjuncts() {
    const EITHER: Rule = Rule::Any(&[EDITOR, Rule::Not(&WRITE)]);
    for rule in ATOMS.into_iter().chain([CAN_WRITE, EITHER]) {
        assert!(rule.implies(&rule), "{rule}");
    }
    assert!(CAN_WRITE.implies(&WRITE));
    const NESTED: Rule = Rule::All(&[Rule::Live, Rule::All(&[CAN_WRITE, EITHER])]);
    for conjunct in [CAN_WRITE, EDITOR, EITHER, Rule::Live] {
        assert!(NESTED.implies(&conjunct), "{conjunct}");
    }
    const FLAT: Rule = Rule::All(&[WRITE, Rule::Live, EDITOR]);
    assert!(FLAT.implies(&CAN_WRITE), "whatever the order");
}

#[test]
fn a_stricter_condition_implies_a_milder_one() {
    assert!(TEN_MINUTES.implies(&HOUR) && !HOUR.implies(&TEN_MINUTES));
    assert!(Rule::BothTokens.implies(&Rule::Live) && !Rule::Live.implies(&Rule::BothTokens));
    const STRICT: Rule = Rule::All(&[Rule::NotImpersonated, Rule::BothTokens]);
    assert!(STRICT.implies(&Rule::IN_PERSON) && !Rule::IN_PERSON.implies(&STRICT));
    assert!(ACME.implies(&Rule::Not(&OTHER)) && !Rule::Not(&OTHER).implies(&ACME));
}

#[test]
fn what_may_fail_is_not_implied() {
    const EITHER: Rule = Rule::Any(&[CAN_WRITE, Rule::Role("admin")]);
    for (rule, other) in [
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
        (ACME, OTHER),
        (ACME, Rule::Not(&ACME)),
        (Rule::Machine, ACME),
        (OWNS, OWNS_ELSE_404),
        (OWNS_ELSE_404, OWNS),
    ] {
        assert!(!rule.implies(&other), "{rule} and {other}");
    }
    // With a stricter part, an alternative is another one: its form shows neither direction.
    const STRICT: Rule = Rule::Any(&[EDITOR, TEN_MINUTES]);
    const MILD: Rule = Rule::Any(&[EDITOR, HOUR]);
    assert!(!STRICT.implies(&MILD) && !MILD.implies(&STRICT));
}

#[test]
fn an_access_without_a_rule_implies_none() {
    for access in [Access::Authenticated, Access::Optional, Access::Public { reason: "probe" }] {
        assert!(!access.implies(&Rule::Live), "{access}");
    }
    assert!(Access::Require(CAN_WRITE).implies(&EDITOR));
}

/// A request, as far as the [`conditions`] distinguish requests.
#[derive(Debug)]
struct World {
    editor: bool,
    writes: bool,
    /// In seconds; `None` where the sign-in is not known.
    age: Option<u64>,
    impersonated: bool,
    live: bool,
    refresh_token: bool,
    owns: [bool; 2],
    issuer: &'static str,
    machine: bool,
}

fn worlds() -> Vec<World> {
    let bit = |number: u32, place: u32| number >> place & 1 == 1;
    let ages = [Some(0), Some(600), Some(601), Some(3600), Some(3601), None];
    let world = |number, age, (issuer, machine)| World {
        editor: bit(number, 0),
        writes: bit(number, 1),
        age,
        impersonated: bit(number, 2),
        live: bit(number, 3),
        refresh_token: bit(number, 4),
        owns: [bit(number, 5), bit(number, 6)],
        issuer,
        machine,
    };
    let callers = [("acme", true), ("acme", false), ("other", true), ("third", true), ("own", false)];
    let facts = ages.into_iter().flat_map(|age| callers.map(|caller| (age, caller)));
    facts.flat_map(|(age, caller)| (0..1 << 7).map(move |number| world(number, age, caller))).collect()
}

/// A condition, and whether it holds in a world.
type Condition = (Rule, fn(&World) -> bool);

/// Conditions, negations and empty groups, each with the worlds in which it holds, written down without looking at a rule.
fn conditions() -> Vec<Condition> {
    vec![
        (EDITOR, |world| world.editor),
        (WRITE, |world| world.writes),
        (Rule::Not(&EDITOR), |world| !world.editor),
        (Rule::Not(&WRITE), |world| !world.writes),
        (TEN_MINUTES, |world| matches!(world.age, Some(0..=600))),
        (HOUR, |world| matches!(world.age, Some(0..=3600))),
        (Rule::NotImpersonated, |world| !world.impersonated),
        (Rule::Live, |world| world.live),
        (Rule::BothTokens, |world| world.live && world.refresh_token),
        (ACME, |world| world.issuer == "acme"),
        (Rule::Not(&OTHER), |world| world.issuer != "other"),
        (Rule::Machine, |world| world.machine),
        (OWNS, |world| world.owns[0]),
        (OWNS_ELSE_404, |world| world.owns[1]),
        (Rule::Not(&Rule::Live), |_| false),
        (Rule::All(&[]), |_| false),
    ]
}

/// A rule with the worlds in which it holds, a bit for each.
#[derive(Clone)]
struct Judged {
    rule: Rule,
    holds: Vec<u64>,
    /// Whether it is made of conditions and `All` alone.
    is_conjunction: bool,
}

fn groups(some: &Judged, others: &Judged) -> [Judged; 2] {
    let members: &'static [Rule] = vec![some.rule, others.rule].leak();
    let holds = |join: fn((&u64, &u64)) -> u64| some.holds.iter().zip(&others.holds).map(join).collect();
    let (both, either) = (holds(|(one, other)| one & other), holds(|(one, other)| one | other));
    let is_conjunction = some.is_conjunction && others.is_conjunction;
    [
        Judged { rule: Rule::All(members), holds: both, is_conjunction },
        Judged { rule: Rule::Any(members), holds: either, is_conjunction: false },
    ]
}

/// For every pair of small rules: what is implied holds. Between conjunctions that some caller satisfies, what holds is implied.
#[test]
fn what_is_implied_holds_in_every_world() {
    let worlds = worlds();
    let judged = |(rule, holds): (Rule, fn(&World) -> bool)| {
        let mut bits = vec![0; worlds.len() / 64];
        for (number, world) in worlds.iter().enumerate() {
            bits[number / 64] |= u64::from(holds(world)) << (number % 64);
        }
        Judged { rule, holds: bits, is_conjunction: true }
    };
    let conditions: Vec<_> = conditions().into_iter().map(judged).collect();
    let mut small = conditions.clone();
    for one in &conditions {
        small.extend(conditions.iter().flat_map(|other| groups(one, other)));
    }
    let bigger: Vec<_> = small[conditions.len()..]
        .iter()
        .flat_map(|pair| conditions.iter().flat_map(move |other| groups(pair, other)))
        .collect();
    let follows = |one: &Judged, other: &Judged| {
        one.holds.iter().zip(&other.holds).all(|(one, other)| one & !other == 0)
    };
    let mut count = 0;
    for one in small.iter().chain(&bigger) {
        let is_met = one.holds.iter().any(|bits| *bits != 0);
        for other in &small {
            let implied = one.rule.implies(&other.rule);
            if implied {
                assert!(follows(one, other), "{} does not imply {}", one.rule, other.rule);
            } else if is_met && one.is_conjunction && other.is_conjunction {
                assert!(!follows(one, other), "{} implies {}", one.rule, other.rule);
            }
            count += usize::from(implied);
        }
    }
    assert!(count > 10_000, "only {count} implications were compared");
}
