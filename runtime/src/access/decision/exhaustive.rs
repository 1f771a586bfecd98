//! Every rule up to a size, compared with an evaluator that knows only truth tables.

use super::*;
use crate::access::OWN_ISSUER;

#[derive(crate::SessionClaims, Clone, Debug)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<String>,
    #[claims(scopes)]
    scopes: Vec<String>,
}

const AGES: [u64; 2] = [2, 5];

/// Longer than any age that a rule here names.
const NEVER: u64 = 9;

/// A rule as the test sees it: checks are numbers, and conditions that the user's claims decide are truth values.
#[derive(Clone, Debug)]
enum Formula {
    Fixed(bool),
    Fresh(u64),
    NotImpersonated,
    Live,
    FromAcme,
    Machine,
    Check(usize),
    Any(Vec<Formula>),
    /// An empty one does not hold.
    All(Vec<Formula>),
}

struct World {
    age: u64,
    impersonated: bool,
    live: bool,
    from_acme: bool,
    machine: bool,
    checks: [bool; 4],
}

impl Formula {
    fn holds(&self, world: &World) -> bool {
        match self {
            Self::Fixed(holds) => *holds,
            Self::Fresh(most) => world.age <= *most && !world.machine,
            Self::NotImpersonated => !world.impersonated,
            Self::Live => world.live && !world.machine,
            Self::FromAcme => world.from_acme,
            Self::Machine => world.machine,
            Self::Check(number) => world.checks[*number],
            Self::Any(parts) => parts.iter().filter(|part| part.holds(world)).count() > 0,
            Self::All(parts) => {
                !parts.is_empty() && parts.iter().filter(|part| !part.holds(world)).count() == 0
            }
        }
    }

    fn is_about_machines(&self) -> bool {
        match self {
            Self::Machine => true,
            Self::Any(parts) | Self::All(parts) => parts.iter().any(Self::is_about_machines),
            _ => false,
        }
    }

    fn of(rule: &Rule, next: &mut usize, hidden: &mut Vec<bool>) -> Self {
        match rule {
            Rule::Role(name) => Self::Fixed(*name == "editor"),
            Rule::Scope(name) => Self::Fixed(*name == "read"),
            Rule::Fresh(age) => Self::Fresh(age.as_secs()),
            Rule::NotImpersonated => Self::NotImpersonated,
            Rule::Live => Self::Live,
            Rule::Issuer("acme") => Self::FromAcme,
            Rule::Issuer(_) => Self::Fixed(false),
            Rule::Machine => Self::Machine,
            Rule::BothTokens => Self::All(vec![Self::Live, Self::Fixed(false)]),
            Rule::Check { not_found, .. } => {
                hidden.push(*not_found);
                *next += 1;
                Self::Check(*next - 1)
            }
            Rule::Not(Rule::Role(name)) => Self::Fixed(*name != "editor"),
            Rule::Not(Rule::Scope(name)) => Self::Fixed(*name != "read"),
            Rule::Not(inner) => {
                Self::of(inner, next, hidden);
                Self::Fixed(false)
            }
            Rule::Any(rules) => Self::Any(rules.iter().map(|rule| Self::of(rule, next, hidden)).collect()),
            Rule::All(rules) => Self::All(rules.iter().map(|rule| Self::of(rule, next, hidden)).collect()),
        }
    }
}

fn atoms() -> Vec<Rule> {
    vec![
        Rule::Role("editor"),
        Rule::Role("admin"),
        Rule::Not(&Rule::Scope("write")),
        Rule::Fresh(Duration::from_secs(AGES[0])),
        Rule::Fresh(Duration::from_secs(AGES[1])),
        Rule::NotImpersonated,
        Rule::Live,
        Rule::Issuer("acme"),
        Rule::Machine,
        Rule::Check { name: "open", not_found: false },
        Rule::Check { name: "hidden", not_found: true },
        Rule::Not(&Rule::Check { name: "negated", not_found: true }),
        Rule::Not(&Rule::Machine),
        Rule::Any(&[]),
        Rule::All(&[]),
    ]
}

fn groups(members: Vec<Rule>) -> [Rule; 2] {
    let members: &'static [Rule] = members.leak();
    [Rule::Any(members), Rule::All(members)]
}

/// Every atom, every group of up to three atoms, and every group with such a group of two on either side.
fn rules() -> Vec<Rule> {
    let atoms = atoms();
    let mut rules = atoms.clone();
    for one in &atoms {
        rules.extend(groups(vec![*one]));
        for two in &atoms {
            let pairs = groups(vec![*one, *two]);
            rules.extend(pairs);
            for three in &atoms {
                rules.extend(groups(vec![*one, *two, *three]));
                for pair in pairs {
                    rules.extend(groups(vec![pair, *three]));
                    rules.extend(groups(vec![*three, pair]));
                }
            }
        }
    }
    rules
}

/// Every combination of results that the remaining checks can still have.
fn worlds(facts: &Facts<'_, User>, age: u64, impersonated: bool, count: usize) -> Vec<World> {
    let mut worlds = Vec::new();
    for bits in 0..1_u8 << count {
        let checks: [bool; 4] = std::array::from_fn(|number| bits >> number & 1 == 1);
        let agrees = |number| facts.checks.get(number).is_none_or(|known| known == checks[number]);
        if (0..count).all(agrees) {
            let (live, machine, from_acme) = (facts.live, facts.machine, facts.issuer == "acme");
            worlds.push(World { age, impersonated, live, from_acme, machine, checks });
        }
    }
    worlds
}

fn expected(formula: &Formula, hidden: &[bool], facts: &Facts<'_, User>) -> Decision {
    if facts.machine && !facts.admitted && !formula.is_about_machines() {
        return Decision::Machine;
    }
    let count = hidden.len();
    let now = facts.sign_in_age.map_or(NEVER, |age| age.as_secs());
    let possible =
        |age, impersonated| worlds(facts, age, impersonated, count).iter().any(|world| formula.holds(world));
    let worlds = worlds(facts, now, facts.impersonated, count);
    if worlds.iter().all(|world| formula.holds(world)) {
        return Decision::Granted;
    }
    if possible(now, facts.impersonated) {
        let matters = |number: &usize| {
            facts.checks.get(*number).is_none()
                && worlds.iter().any(|world| {
                    let mut flipped = world.checks;
                    flipped[*number] = !flipped[*number];
                    formula.holds(world) != formula.holds(&World { checks: flipped, ..*world })
                })
        };
        return Decision::Undecided((0..count).find(matters).unwrap());
    }
    if let Some(age) = (0..now).rev().find(|age| possible(*age, facts.impersonated)) {
        return Decision::Stale(Duration::from_secs(age));
    }
    let refused = |number: usize| facts.checks.get(number) == Some(false);
    match (0..count).find(|number| facts.checks.get(*number).is_some()) {
        Some(_) if (0..count).any(|number| hidden[number] && refused(number)) => Decision::Hidden,
        Some(_) => Decision::Refused,
        None if facts.impersonated && possible(0, false) => Decision::Impersonated,
        None => Decision::Lacking,
    }
}

/// Runs the checks that the decision asks for, until it asks for none; `answers` are their results.
fn compare(rule: Rule, user: &User, answers: u8) {
    let mut hidden = Vec::new();
    let formula = Formula::of(&rule, &mut 0, &mut hidden);
    let access = Access::Require(rule);
    const USER: (bool, bool) = (false, false);
    const MACHINE: (bool, bool) = (true, false);
    const ADMITTED: (bool, bool) = (true, true);
    for (age, impersonated, live, (machine, admitted), issuer) in [
        (None, false, false, USER, OWN_ISSUER),
        (Some(AGES[0]), false, true, USER, OWN_ISSUER),
        (Some(AGES[0]), true, true, USER, OWN_ISSUER),
        (Some(AGES[0] + 1), false, true, USER, OWN_ISSUER),
        (Some(AGES[1] + 1), true, false, USER, "acme"),
        (Some(AGES[1] + 1), false, true, USER, OWN_ISSUER),
        (None, false, false, MACHINE, "acme"),
        (None, false, false, ADMITTED, "acme"),
        // No such machine exists; it is refused where its sign-in or its session would have to count.
        (Some(AGES[0]), true, true, MACHINE, "other"),
        (Some(AGES[0]), true, true, ADMITTED, "other"),
    ] {
        let mut facts = Facts {
            claims: Some(user),
            live,
            both_tokens: false,
            impersonated,
            machine,
            admitted,
            issuer,
            sign_in_age: age.map(Duration::from_secs),
            checks: CheckResults::default(),
        };
        let mut last = None;
        loop {
            let decision = decide(&access, &facts);
            assert_eq!(decision, expected(&formula, &hidden, &facts), "{rule:?} {facts:?}");
            let Decision::Undecided(number) = decision else { break };
            assert!(Some(number) > last, "left to right and once each: {rule:?} {facts:?}");
            last = Some(number);
            facts.checks.record(number, answers >> number & 1 == 1);
        }
        facts.claims = None;
        assert_eq!(decide(&access, &facts), Decision::Unauthenticated, "{rule:?}");
    }
}

/// Rows 56, 60, 61, 130 and 173.
#[test]
fn every_small_rule_is_decided_as_its_truth_table_says() {
    let user = User { id: 7, roles: vec!["editor".to_owned()], scopes: vec!["read".to_owned()] };
    let rules = rules();
    assert!(rules.len() > 15_000);
    for rule in rules {
        let count = rule.checks().count();
        for answers in 0..1_u8 << count {
            compare(rule, &user, answers);
        }
    }
}
