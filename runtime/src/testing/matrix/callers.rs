//! Who may call a route before and after: the same people, more, fewer, or others.
//!
//! Both demands are evaluated for every caller that they could tell apart. The evaluation is a copy of the server's on purpose: the
//! comparison reads a committed file, whose rules are not the server's constants any more.

use std::collections::BTreeSet;

use super::demand::{Demand, Tree};
use super::table::{Implied, Route};
use crate::access::OWN_ISSUER;

/// How the callers of now relate to those of before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Same,
    /// Every caller from before, and more.
    Wider,
    /// Some of the callers from before, and no others.
    Narrower,
    /// Some may no longer, others may now.
    Different,
    /// There are too many callers to ask about.
    Unknown,
}

/// With more atoms there would be too many callers: each atom doubles them.
const MOST_ATOMS: usize = 12;

pub(super) fn compare(before: &Route, now: &Route) -> Relation {
    let atoms = atoms(before, now);
    if atoms.len() > MOST_ATOMS {
        return Relation::Unknown;
    }
    let users = (0..1_u32 << atoms.len()).map(|bits| User { atoms: &atoms, bits });
    let callers = users.filter(User::is_possible).map(Caller::User);
    let lists_issuers = before.issuers.is_some() || now.issuers.is_some();
    let (mut more, mut fewer) = (false, false);
    for caller in [Caller::WithBadCredentials, Caller::Anonymous].into_iter().chain(callers) {
        let may_call = |route, side| match &caller {
            Caller::User(user) if lists_issuers && !user.is_accepted(route) => {
                matches!(route.demand, Demand::Public { .. })
            }
            caller => caller.may_call(&route.demand, side),
        };
        match (may_call(before, Side::Before), may_call(now, Side::Now)) {
            (false, true) => more = true,
            (true, false) => fewer = true,
            _ => {}
        }
    }
    match (more, fewer) {
        (false, false) => Relation::Same,
        (true, false) => Relation::Wider,
        (false, true) => Relation::Narrower,
        (true, true) => Relation::Different,
    }
}

/// A caller of the route.
enum Caller<'a> {
    WithBadCredentials,
    Anonymous,
    User(User<'a>),
}

/// The matrix whose hierarchy of roles counts.
#[derive(Clone, Copy)]
enum Side {
    Before,
    Now,
}

/// A property that a signed-in user has or lacks.
#[derive(Debug, PartialEq, Eq)]
enum Atom<'a> {
    /// The user has a role that grants these roles before, and these now.
    Role {
        before: BTreeSet<&'a str>,
        now: BTreeSet<&'a str>,
    },
    Scope(&'a str),
    Check(&'a str),
    /// The sign-in is at most this many seconds old.
    Fresh(u64),
    NotImpersonated,
    Live,
    BothTokens,
    Issuer(&'a str),
    Machine,
}

fn atoms<'a>(before: &'a Route, now: &'a Route) -> Vec<Atom<'a>> {
    let mut atoms = role_atoms(before, now);
    let mut add = |atom| {
        if !atoms.contains(&atom) {
            atoms.push(atom);
        }
    };
    for name in [before, now].into_iter().filter_map(|route| route.issuers.as_ref()).flatten() {
        add(Atom::Issuer(OWN_ISSUER));
        add(Atom::Issuer(name));
    }
    for tree in [before, now].into_iter().filter_map(rule).flat_map(Tree::atoms) {
        match tree {
            Tree::Scope(scope) => add(Atom::Scope(scope)),
            Tree::Check(name) => add(Atom::Check(name)),
            Tree::Fresh(age) => add(Atom::Fresh(*age)),
            Tree::NotImpersonated => add(Atom::NotImpersonated),
            Tree::Live | Tree::BothTokens => {
                add(Atom::Live);
                add(Atom::BothTokens);
            }
            // Beside others, this server is an issuer too: only its sessions can be looked up.
            Tree::Issuer(name) => {
                add(Atom::Issuer(OWN_ISSUER));
                add(Atom::Issuer(name));
            }
            Tree::Machine => {
                add(Atom::Issuer(OWN_ISSUER));
                add(Atom::Machine);
            }
            _ => {}
        }
    }
    atoms
}

fn rule(route: &Route) -> Option<&Tree> {
    match &route.demand {
        Demand::Require(tree) => Some(tree),
        _ => None,
    }
}

/// The atoms for roles. Roles that grant the same are one atom, so that a large hierarchy does not make too many.
fn role_atoms<'a>(before: &'a Route, now: &'a Route) -> Vec<Atom<'a>> {
    let named: BTreeSet<&str> = [before, now]
        .into_iter()
        .filter_map(rule)
        .flat_map(Tree::atoms)
        .filter_map(|tree| match tree {
            Tree::Role(name) => Some(&**name),
            _ => None,
        })
        .collect();
    let implying = [before, now].into_iter().flat_map(|route| route.implied.values().flatten());
    let roles: BTreeSet<&str> = named.iter().copied().chain(implying.map(|role| &**role)).collect();
    let held = |role: &str, implied: &Implied| -> BTreeSet<&str> {
        let grants = |name: &&str| {
            *name == role || implied.get(*name).is_some_and(|by| by.iter().any(|by| by == role))
        };
        named.iter().copied().filter(grants).collect()
    };
    let mut atoms = Vec::new();
    for role in roles {
        let atom = Atom::Role { before: held(role, &before.implied), now: held(role, &now.implied) };
        if !atoms.contains(&atom) {
            atoms.push(atom);
        }
    }
    atoms
}

/// A signed-in user. Bit n of `bits` says whether the user has atom n.
struct User<'a> {
    atoms: &'a [Atom<'a>],
    bits: u32,
}

impl User<'_> {
    fn any(&self, wanted: impl Fn(&Atom<'_>) -> bool) -> bool {
        self.count(wanted) > 0
    }

    fn count(&self, wanted: impl Fn(&Atom<'_>) -> bool) -> usize {
        let atoms = self.atoms.iter().enumerate();
        atoms.filter(|(bit, atom)| self.bits >> bit & 1 == 1 && wanted(atom)).count()
    }

    fn is(&self, wanted: &Atom<'_>) -> bool {
        self.any(|atom| atom == wanted)
    }

    /// Bits are independent, ages are not: a sign-in that is at most 5 minutes old is also at most 10 minutes old. A token has one issuer,
    /// sessions are of this server, and a machine has neither a session nor a sign-in.
    fn is_possible(&self) -> bool {
        let follows = |age| self.any(|atom| matches!(atom, Atom::Fresh(younger) if *younger < age));
        let ages =
            self.atoms.iter().all(|atom| !matches!(atom, Atom::Fresh(age) if follows(*age)) || self.is(atom));
        let issuers = self.count(|atom| matches!(atom, Atom::Issuer(_)));
        let has_session = self.any(|atom| matches!(atom, Atom::Live | Atom::BothTokens));
        let has_signed_in = has_session || self.any(|atom| matches!(atom, Atom::Fresh(_)));
        let is_own = !self.is_foreign();
        ages && issuers <= 1
            && (is_own || !has_session)
            && !(self.is(&Atom::Machine) && (has_signed_in || self.is(&Atom::Issuer(OWN_ISSUER))))
    }

    /// Whether the token is from another issuer than this server; without a rule that names one, none is known.
    fn is_foreign(&self) -> bool {
        let own = Atom::Issuer(OWN_ISSUER);
        self.atoms.contains(&own) && !self.is(&own)
    }

    /// Whether the server behind the route reads the token. Where only one of the two files lists issuers, the server of the other one knows
    /// itself alone, and those that its rule names.
    fn is_accepted(&self, route: &Route) -> bool {
        let atoms = self.atoms.iter().enumerate().filter(|(bit, _)| self.bits >> bit & 1 == 1);
        let issuer = atoms
            .filter_map(|(_, atom)| if let Atom::Issuer(name) = atom { Some(*name) } else { None })
            .next();
        let names = |tree: &Tree| tree.mentions(&|atom| matches!(atom, Tree::Issuer(_) | Tree::Machine));
        match &route.issuers {
            Some(accepted) => issuer.is_some_and(|issuer| accepted.contains(issuer)),
            None => !self.is_foreign() || rule(route).is_some_and(names),
        }
    }

    fn satisfies(&self, tree: &Tree, side: Side) -> bool {
        match tree {
            Tree::Role(name) => self.any(|atom| match (atom, side) {
                (Atom::Role { before, .. }, Side::Before) => before.contains(&**name),
                (Atom::Role { now, .. }, Side::Now) => now.contains(&**name),
                _ => false,
            }),
            Tree::Scope(scope) => self.is(&Atom::Scope(scope)),
            Tree::Check(name) => self.is(&Atom::Check(name)),
            Tree::Fresh(age) => self.is(&Atom::Fresh(*age)),
            Tree::NotImpersonated => self.is(&Atom::NotImpersonated),
            Tree::Live => self.is(&Atom::Live),
            Tree::BothTokens => self.is(&Atom::BothTokens),
            Tree::Issuer(name) => self.is(&Atom::Issuer(name)),
            Tree::Machine => self.is(&Atom::Machine),
            Tree::Not(tree) => {
                matches!(**tree, Tree::Role(_) | Tree::Scope(_) | Tree::Issuer(_))
                    && !self.satisfies(tree, side)
            }
            Tree::Any(trees) => trees.iter().any(|tree| self.satisfies(tree, side)),
            Tree::All(trees) => !trees.is_empty() && trees.iter().all(|tree| self.satisfies(tree, side)),
            Tree::NoCaller => false,
        }
    }
}

impl Caller<'_> {
    fn may_call(&self, demand: &Demand, side: Side) -> bool {
        match (demand, self) {
            (Demand::Public { .. }, _) | (Demand::Optional, Self::Anonymous | Self::User(_)) => true,
            (Demand::Authenticated, Self::User(user)) => !user.is(&Atom::Machine),
            (Demand::Require(tree), Self::User(user)) if user.is(&Atom::Machine) => {
                tree.considers_machines() && user.satisfies(tree, side)
            }
            (Demand::Require(tree), Self::User(user)) => {
                // Sessions and refresh tokens are looked up before the rule is evaluated, so `Live` and `BothTokens` demand them from
                // every caller with a session of this server, even inside an `Any`. A refresh token is only good while its session lives.
                let both_tokens = tree.mentions(&|atom| *atom == Tree::BothTokens) && !user.is_foreign();
                let live = both_tokens || tree.mentions(&|atom| *atom == Tree::Live) && !user.is_foreign();
                (!live || user.is(&Atom::Live))
                    && (!both_tokens || user.is(&Atom::BothTokens))
                    && user.satisfies(tree, side)
            }
            _ => false,
        }
    }
}
