//! Finds rules that cannot be meant as they are written: no user satisfies them, every user does, or a part is superfluous.

use crate::access::{Access, OWN_ISSUER, Rule};
use crate::claims::role::{RoleTable, SignatureRoles};
use crate::claims::same;
use crate::diagnostics::message::Message;
use crate::diagnostics::roles::check_names;

/// Fails to compile if a rule always or never holds, or repeats a part, with the roles that the types of the signature tell.
#[track_caller]
#[expect(clippy::panic, reason = "runs at compile time only")]
pub const fn check_rule(attribute: &str, rule: Rule, signature: SignatureRoles<'_>) {
    // A rule can be wrong with any roles, so it is checked once even if no type tells its roles.
    let unknown: SignatureRoles<'_> = &[("", None)];
    let signature = if signature.is_empty() { unknown } else { signature };
    let mut index = 0;
    while index < signature.len() {
        let roles = match signature[index].1 {
            Some(roles) => roles,
            None => RoleTable::NONE,
        };
        if let Some(flaw) = first_flaw(&rule, roles) {
            panic!("{}", flaw.message(Message::new().add(attribute).add(": ")).text());
        }
        index += 1;
    }
}

/// See [`check_rule`]; for the access of a policy.
#[track_caller]
pub const fn check_access(attribute: &str, access: Access, signature: SignatureRoles<'_>) {
    if let Access::Require(rule) = access {
        check_rule(attribute, rule, signature);
    }
}

/// Fails to compile if the rule of a guard is wrong with the roles of its router's state, or names a role that they lack.
///
/// ```
/// # use countersign::__private::Guard;
/// # use countersign::{Access, Auth, AuthRouter, Policy, Rule, SessionClaims, routes};
/// # #[derive(countersign::Role, Clone, Copy)]
/// # enum Role { Member, #[role(implies(Member))] Admin }
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: u64, #[claims(roles)] roles: Vec<Role> }
/// # enum Rules {}
/// # impl Policy for Rules {
/// #     const ACCESS: Access = Access::Require(RULE);
/// #     type Roles = ();
/// #     type Checks = ();
/// #     type Proves = ();
/// # }
/// # #[utoipa::path(get, path = "/")]
/// # async fn handler(_: Guard<Rules>) {}
/// # fn main() { let _ = AuthRouter::<Auth<User>>::new().routes(routes!(handler)); }
/// const RULE: Rule = Rule::All(&[Rule::Role("member"), Rule::Not(&Rule::Role("admin"))]);
/// ```
///
/// ```compile_fail,E0080
/// # use countersign::__private::Guard;
/// # use countersign::{Access, Auth, AuthRouter, Policy, Rule, SessionClaims, routes};
/// # #[derive(countersign::Role, Clone, Copy)]
/// # enum Role { Member, #[role(implies(Member))] Admin }
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: u64, #[claims(roles)] roles: Vec<Role> }
/// # enum Rules {}
/// # impl Policy for Rules {
/// #     const ACCESS: Access = Access::Require(RULE);
/// #     type Roles = ();
/// #     type Checks = ();
/// #     type Proves = ();
/// # }
/// # #[utoipa::path(get, path = "/")]
/// # async fn handler(_: Guard<Rules>) {}
/// # fn main() { let _ = AuthRouter::<Auth<User>>::new().routes(routes!(handler)); }
/// const RULE: Rule = Rule::All(&[Rule::Role("admin"), Rule::Not(&Rule::Role("member"))]);
/// ```
///
/// The access of an extractor that the application declares by hand is checked too, where `routes!` takes its handler:
///
/// ```compile_fail,E0080
/// # use axum::extract::FromRequestParts;
/// # use axum::http::request::Parts;
/// # use countersign::{Access, Auth, AuthRouter, DeclaresAccess, Rule, SessionClaims, routes};
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: u64, #[claims(roles)] roles: Vec<String> }
/// # struct ByHand;
/// # impl<S: Sync> FromRequestParts<S> for ByHand {
/// #     type Rejection = ();
/// #     async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, ()> { Err(()) }
/// # }
/// # #[utoipa::path(get, path = "/")]
/// # async fn handler(_: ByHand) {}
/// # fn main() { let _ = AuthRouter::<Auth<User>>::new().routes(routes!(handler)); }
/// impl DeclaresAccess for ByHand {
///     const ACCESS: Access = Access::Require(Rule::All(&[Rule::Role("a"), Rule::Not(&Rule::Role("a"))]));
///     type Demands = ();
/// }
/// ```
#[track_caller]
#[expect(clippy::panic, reason = "runs at compile time only")]
pub(crate) const fn check_declared(access: Access, roles: RoleTable) {
    let Access::Require(rule) = access else { return };
    check_names(&rule, roles);
    if let Some(flaw) = first_flaw(&rule, roles) {
        let start = Message::new().add("a guard requires ").rule(&rule).add(": ");
        panic!("{}", flaw.message(start).text());
    }
}

/// A mistake in a rule or in a part of it.
#[derive(Clone, Copy)]
pub(crate) enum Flaw {
    /// No user satisfies it.
    Never(Rule),
    /// Every signed-in user satisfies it.
    Always(Rule),
    /// `implied` is superfluous, because every holder of `holds` has it.
    Implied { holds: &'static str, implied: &'static str },
    /// The rule asks for `holds` without `lacks`, and every holder of `holds` has `lacks`.
    Contradiction { holds: &'static str, lacks: &'static str },
    /// No token satisfies both parts, for this reason.
    Exclusive { first: Rule, second: Rule, because: &'static str },
    /// The rule names this scope, and the claims have no scopes.
    NoScopes(&'static str),
    /// The same part appears twice in one group.
    Twice(Rule),
}

impl Flaw {
    /// The message for the user, after `start`.
    pub(crate) const fn message(&self, start: Message) -> Message {
        match self {
            Self::Never(rule) => start.add("no user can satisfy ").rule(rule).add("; remove a part of it"),
            Self::Always(rule) => start
                .add("every signed-in user satisfies ")
                .rule(rule)
                .add("; remove that part of the rule, or write #[authenticated]"),
            Self::Implied { holds, implied } => start
                .add("role ")
                .name(implied)
                .add(" is superfluous beside role ")
                .name(holds)
                .add(", which implies it; remove role ")
                .name(implied),
            Self::Contradiction { holds, lacks } => implies(start, holds, lacks)
                .add(", so no user has role ")
                .name(holds)
                .add(" and not role ")
                .name(lacks)
                .add("; remove one of the two"),
            Self::Exclusive { first, second, because } => start
                .add(because)
                .add(", so no caller satisfies ")
                .rule(first)
                .add(" and ")
                .rule(second)
                .add("; remove one of the two"),
            Self::NoScopes(scope) => start
                .add("no user has scope ")
                .name(scope)
                .add(", because the claims have no scopes; mark a field with #[claims(scopes)]"),
            Self::Twice(rule) => {
                start.rule(rule).add(" appears twice, perhaps inside a named rule; remove one of the two")
            }
        }
    }
}

const fn implies(start: Message, holds: &str, implied: &str) -> Message {
    start.add("role ").name(holds).add(" implies role ").name(implied)
}

/// The first scope that a rule names.
pub(crate) const fn first_scope(rule: &Rule) -> Option<&'static str> {
    let mut number = 0;
    while let Some(condition) = rule.condition(number) {
        if let Rule::Scope(scope) = condition {
            return Some(scope);
        }
        number += 1;
    }
    None
}

/// The first flaw of a rule: a scope where no user can hold one, or otherwise a flaw of its parts.
const fn first_flaw(rule: &Rule, roles: RoleTable) -> Option<Flaw> {
    match first_scope(rule) {
        Some(scope) if !roles.scopes => Some(Flaw::NoScopes(scope)),
        _ => flaw(rule, roles),
    }
}

/// The first flaw of a rule, innermost parts first. An empty list is no flaw: it says openly that no caller passes.
pub(crate) const fn flaw(rule: &Rule, roles: RoleTable) -> Option<Flaw> {
    let (members, together) = match rule {
        Rule::All(members) if !members.is_empty() => (*members, true),
        Rule::Any(members) if !members.is_empty() => (*members, false),
        _ => return None,
    };
    let mut index = 0;
    while index < members.len() {
        if let Some(flaw) = flaw(&members[index], roles) {
            return Some(flaw);
        }
        index += 1;
    }
    if let Some(flaw) = of_pairs(members, together, roles) {
        return Some(flaw);
    }
    let Some(atoms) = Atoms::of(rule, roles) else {
        return match (has_opposites(members), together) {
            (false, _) => None,
            (true, true) => Some(Flaw::Never(*rule)),
            (true, false) => Some(Flaw::Always(*rule)),
        };
    };
    if atoms.table(rule, true).and(atoms.possible).is_empty() {
        return Some(Flaw::Never(*rule));
    }
    if atoms.table(rule, false).not().and(atoms.possible).is_empty() {
        return Some(Flaw::Always(*rule));
    }
    None
}

/// Whether the members include a role, scope or issuer and its negation.
const fn has_opposites(members: &[Rule]) -> bool {
    let mut negated = 0;
    while negated < members.len() {
        let mut plain = 0;
        while plain < members.len() {
            if let Rule::Not(rule @ (Rule::Role(_) | Rule::Scope(_) | Rule::Issuer(_))) = members[negated]
                && rule.is(&members[plain])
            {
                return true;
            }
            plain += 1;
        }
        negated += 1;
    }
    false
}

/// Whether no user can satisfy the rule as a whole. A rule with too many columns is judged by its direct members alone.
pub(crate) const fn is_never(rule: &Rule, roles: RoleTable) -> bool {
    match Atoms::of(rule, roles) {
        Some(atoms) => atoms.table(rule, true).and(atoms.possible).is_empty(),
        None => matches!(rule, Rule::All(members) if has_opposites(members)),
    }
}

const fn of_pairs(members: &[Rule], together: bool, roles: RoleTable) -> Option<Flaw> {
    let mut one = 0;
    while one < members.len() {
        let mut other = 0;
        while other < members.len() {
            let (first, second) = (&members[one], &members[other]);
            if one < other && first.is(second) {
                return Some(Flaw::Twice(*first));
            }
            if together && let Some(flaw) = of_pair(first, second, roles) {
                return Some(flaw);
            }
            other += 1;
        }
        one += 1;
    }
    None
}

/// A flaw of two parts that must hold together.
const fn of_pair(first: &Rule, second: &Rule, roles: RoleTable) -> Option<Flaw> {
    match (first, second) {
        (Rule::Role(holds), Rule::Role(implied)) if roles.implied(holds, implied) => {
            Some(Flaw::Implied { holds, implied })
        }
        (Rule::Role(holds), Rule::Not(Rule::Role(lacks))) if roles.implied(holds, lacks) => {
            Some(Flaw::Contradiction { holds, lacks })
        }
        _ => exclusion(first, second),
    }
}

/// The conditions in two parts that no token satisfies together; a named rule is often a conjunction itself.
const fn exclusion(first: &Rule, second: &Rule) -> Option<Flaw> {
    let (parts, other, is_first) = match (first, second) {
        (Rule::All(parts), other) => (*parts, other, true),
        (other, Rule::All(parts)) => (*parts, other, false),
        _ => {
            return match exclusive(first, second) {
                Some(because) => Some(Flaw::Exclusive { first: *first, second: *second, because }),
                None => None,
            };
        }
    };
    let mut index = 0;
    while index < parts.len() {
        let part = &parts[index];
        let found = if is_first { exclusion(part, other) } else { exclusion(other, part) };
        if found.is_some() {
            return found;
        }
        index += 1;
    }
    None
}

/// The reason why no token satisfies both conditions, if the kinds of tokens tell. The macros have the same reasons.
const fn exclusive(first: &Rule, second: &Rule) -> Option<&'static str> {
    match (first, second) {
        (Rule::Machine, Rule::Fresh(_)) => Some("a machine has not signed in"),
        (Rule::Machine, Rule::Live | Rule::BothTokens) => Some("a machine has no session of this server"),
        (Rule::Machine, Rule::Issuer(name)) if is_own(name) => {
            Some("this server signs in users, not machines")
        }
        (Rule::Issuer(name), Rule::Live | Rule::BothTokens) if !is_own(name) => {
            Some("only a token from this server has a session here")
        }
        (Rule::Issuer(one), Rule::Issuer(other)) if !same(one.as_bytes(), other.as_bytes()) => {
            Some("a token has one issuer")
        }
        _ => None,
    }
}

const fn is_own(issuer: &str) -> bool {
    same(issuer.as_bytes(), OWN_ISSUER.as_bytes())
}

/// The distinct roles, scopes and kinds of tokens of a rule, each with its column in a truth table.
struct Atoms {
    places: [Rule; Self::MOST],
    count: usize,
    /// The rows of callers who can exist: a user with a role also has the roles that it implies, a token has one issuer, and this server
    /// gives none to machines.
    possible: Table,
}

impl Atoms {
    /// With more columns the table would be long, and rustc would warn about the time to evaluate it.
    const MOST: usize = 10;

    /// `None` for a rule with too many of them.
    const fn of(rule: &Rule, roles: RoleTable) -> Option<Self> {
        let mut atoms = Self { places: [Rule::Live; Self::MOST], count: 0, possible: Table::EVERY };
        let mut number = 0;
        while let Some(condition) = rule.condition(number) {
            let has_column =
                matches!(condition, Rule::Role(_) | Rule::Scope(_) | Rule::Issuer(_) | Rule::Machine);
            if has_column && atoms.place(condition) == atoms.count {
                if atoms.count == Self::MOST {
                    return None;
                }
                atoms.places[atoms.count] = *condition;
                atoms.count += 1;
            }
            number += 1;
        }
        let mut holds = 0;
        while holds < atoms.count {
            let mut other = 0;
            while other < atoms.count {
                let (one, another) = (&atoms.places[holds], &atoms.places[other]);
                if let (Rule::Role(role), Rule::Role(name)) = (one, another)
                    && roles.implied(role, name)
                {
                    atoms.possible = atoms.possible.and(Table::of(holds).not().or(Table::of(other)));
                }
                if exclusive(one, another).is_some() {
                    atoms.possible = atoms.possible.and(Table::of(holds).and(Table::of(other)).not());
                }
                other += 1;
            }
            holds += 1;
        }
        Some(atoms)
    }

    const fn place(&self, atom: &Rule) -> usize {
        let mut place = 0;
        while place < self.count && !self.places[place].is(atom) {
            place += 1;
        }
        place
    }

    /// The rows in which the rule holds if every condition without a column is `others`, as far as the kind of token allows. These conditions
    /// cannot be negated, so `true` gives the most rows and `false` the fewest.
    const fn table(&self, rule: &Rule, others: bool) -> Table {
        match rule {
            Rule::Role(_) | Rule::Scope(_) | Rule::Issuer(_) | Rule::Machine => Table::of(self.place(rule)),
            Rule::Not(atom @ (Rule::Role(_) | Rule::Scope(_) | Rule::Issuer(_))) => {
                Table::of(self.place(atom)).not()
            }
            Rule::Not(_) | Rule::All([]) => Table::NONE,
            Rule::All(rules) => {
                let mut table = Table::EVERY;
                let mut index = 0;
                while index < rules.len() {
                    table = table.and(self.table(&rules[index], others));
                    index += 1;
                }
                table
            }
            Rule::Any(rules) => {
                let mut table = Table::NONE;
                let mut index = 0;
                while index < rules.len() {
                    table = table.or(self.table(&rules[index], others));
                    index += 1;
                }
                table
            }
            condition if others => self.without_exclusive(condition),
            _ => Table::NONE,
        }
    }

    /// The rows whose kinds of tokens allow the condition.
    const fn without_exclusive(&self, condition: &Rule) -> Table {
        let mut table = Table::EVERY;
        let mut place = 0;
        while place < self.count {
            if exclusive(&self.places[place], condition).is_some() {
                table = table.and(Table::of(place).not());
            }
            place += 1;
        }
        table
    }
}

/// A set of rows of the truth table of [`Atoms::MOST`] atoms: one bit for each row, and bit `i` of a row's number says whether atom `i`
/// holds in it.
#[derive(Clone, Copy)]
struct Table([u64; Self::WORDS]);

impl Table {
    const WORDS: usize = (1 << Atoms::MOST) / 64;
    const NONE: Self = Self([0; Self::WORDS]);
    const EVERY: Self = Self([u64::MAX; Self::WORDS]);

    /// The columns of the first six atoms, which are the same in every word.
    const COLUMNS: [u64; 6] = [
        0xAAAA_AAAA_AAAA_AAAA,
        0xCCCC_CCCC_CCCC_CCCC,
        0xF0F0_F0F0_F0F0_F0F0,
        0xFF00_FF00_FF00_FF00,
        0xFFFF_0000_FFFF_0000,
        0xFFFF_FFFF_0000_0000,
    ];

    /// The rows in which the atom at this place holds. A word has 64 rows, so the first six atoms alternate within a word, and the others
    /// from word to word.
    const fn of(place: usize) -> Self {
        let mut table = Self::NONE;
        let mut word = 0;
        while word < Self::WORDS {
            table.0[word] = match place {
                0..6 => Self::COLUMNS[place],
                _ if word >> (place - 6) & 1 == 1 => u64::MAX,
                _ => 0,
            };
            word += 1;
        }
        table
    }

    const fn and(mut self, other: Self) -> Self {
        let mut word = 0;
        while word < Self::WORDS {
            self.0[word] &= other.0[word];
            word += 1;
        }
        self
    }

    const fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    const fn not(mut self) -> Self {
        let mut word = 0;
        while word < Self::WORDS {
            self.0[word] = !self.0[word];
            word += 1;
        }
        self
    }

    const fn is_empty(&self) -> bool {
        let mut word = 0;
        while word < Self::WORDS && self.0[word] == 0 {
            word += 1;
        }
        word == Self::WORDS
    }
}

#[cfg(test)]
mod tests;
