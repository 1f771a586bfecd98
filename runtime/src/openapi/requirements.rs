//! The `security` of an operation: the roles and scopes that suffice, as alternatives.

use utoipa::openapi::security::SecurityRequirement;

use super::schemes::{IssuerNames, Names};
use crate::access::{Access, OWN_ISSUER, Rule};
use crate::claims::role::RoleTable;

/// More alternatives than this are not listed: a reader would learn nothing from them.
pub(super) const MOST_ALTERNATIVES: usize = 64;

/// The `security` of an operation: alternatives, of which a caller has to meet one; none for a public one.
///
/// OpenAPI 3.1 lets the list behind a scheme hold role names.
pub(super) fn requirements(access: &Access, roles: &RoleTable, names: &Names) -> Vec<SecurityRequirement> {
    let mut requirements = Vec::new();
    match access {
        Access::Public { .. } => return requirements,
        Access::Optional => requirements.push(SecurityRequirement::default()),
        Access::Authenticated | Access::Require(_) => {}
    }
    if names.issuers().is_empty() {
        let sets = alternatives(access, roles, None);
        own(&mut requirements, access, &names_of(&sets), names);
        return requirements;
    }
    for IssuerNames { issuer, schemes } in names.issuers() {
        if !access.can_be_met_from(issuer) {
            continue;
        }
        let sets = alternatives(access, roles, Some(issuer));
        if issuer == OWN_ISSUER {
            own(&mut requirements, access, &names_of(&sets), names);
            continue;
        }
        for (scheme, lists_roles) in schemes {
            let sets = if *lists_roles { names_of(&sets) } else { scopes_of(&sets) };
            for set in sets {
                add(&mut requirements, SecurityRequirement::new(scheme, set));
            }
        }
    }
    requirements
}

/// Adds the requirements for tokens of this server.
fn own(
    requirements: &mut Vec<SecurityRequirement>,
    access: &Access,
    sets: &[Vec<&'static str>],
    names: &Names,
) {
    let one_token = |place| sets.iter().map(move |set| SecurityRequirement::new(place, set.iter().copied()));
    if !access.asks_for_both_tokens() {
        requirements.extend(names.access().flat_map(one_token));
        return;
    }
    for refresh in names.refresh() {
        let with_refresh = |requirement: SecurityRequirement| requirement.add(refresh, [""; 0]);
        requirements.extend(names.access().flat_map(one_token).map(with_refresh));
    }
}

/// The role itself and every role that implies it, without private ones.
pub(super) fn sufficing(name: &'static str, roles: &RoleTable) -> impl Iterator<Item = &'static str> {
    let private = roles.private;
    let implying = roles.implies.iter().filter(move |(_, implied)| implied.contains(&name));
    std::iter::once(name)
        .chain(implying.map(|(implying, _)| *implying).filter(move |implying| *implying != name))
        .filter(move |role| !private.contains(role))
}

/// A part of an alternative.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    Role(&'static str),
    Scope(&'static str),
}

/// Names that suffice together.
type Alternative = Vec<Name>;

/// The access as "any of these sets of names", for tokens of this issuer if one is named. An alternative never promises more than the guard
/// grants.
///
/// Too many alternatives are listed without the roles that imply others. If that is still too many, the answer is "signed in", which is
/// true and not the whole truth. The same goes for a rule that no caller meets and one with a private role in every alternative.
fn alternatives(access: &Access, roles: &RoleTable, issuer: Option<&str>) -> Vec<Alternative> {
    let Access::Require(rule) = access else { return vec![Vec::new()] };
    let named = RoleTable { implies: &[], ..*roles };
    let found = found(rule, roles, issuer).or_else(|| found(rule, &named, issuer)).unwrap_or_default();
    if found.is_empty() { vec![Vec::new()] } else { found }
}

/// The alternatives as names.
fn names_of(alternatives: &[Alternative]) -> Vec<Vec<&'static str>> {
    let mut sets: Vec<Vec<&str>> = Vec::new();
    for alternative in alternatives {
        let set = alternative.iter().fold(Vec::new(), |mut set, name| {
            let (Name::Role(name) | Name::Scope(name)) = *name;
            add(&mut set, name);
            set
        });
        if !sets.iter().any(|other| is_same(other, &set)) {
            sets.push(set);
        }
    }
    sets
}

/// The alternatives for a scheme that lists scopes alone. Those that ask for roles too are left out if others do not; if all do, their scopes are
/// a part of the truth.
fn scopes_of(alternatives: &[Alternative]) -> Vec<Vec<&'static str>> {
    let has_role = |alternative: &Alternative| alternative.iter().any(|name| matches!(name, Name::Role(_)));
    let only_scopes: Vec<_> =
        alternatives.iter().filter(|alternative| !has_role(alternative)).cloned().collect();
    let kept = if only_scopes.is_empty() { alternatives } else { &only_scopes };
    let scopes = kept.iter().map(|alternative| {
        alternative.iter().copied().filter(|name| matches!(name, Name::Scope(_))).collect()
    });
    names_of(&scopes.collect::<Vec<Alternative>>())
}

/// Whether two sets have the same members. Each has every member once.
fn is_same(one: &[&str], other: &[&str]) -> bool {
    one.len() == other.len() && one.iter().all(|name| other.contains(name))
}

fn found(rule: &Rule, roles: &RoleTable, issuer: Option<&str>) -> Option<Vec<Alternative>> {
    let found = match rule {
        Rule::Role(name) => sufficing(name, roles).map(|name| vec![Name::Role(name)]).collect(),
        Rule::Scope(scope) => vec![vec![Name::Scope(scope)]],
        Rule::Any(rules) => {
            let mut all = Vec::new();
            for rule in *rules {
                found(rule, roles, issuer)?.into_iter().for_each(|alternative| add(&mut all, alternative));
            }
            all
        }
        Rule::All([]) => Vec::new(),
        Rule::All(rules) => {
            let mut all = vec![Vec::new()];
            for rule in *rules {
                all = products(&all, &found(rule, roles, issuer)?, roles);
                if all.len() > MOST_ALTERNATIVES {
                    return None;
                }
            }
            all
        }
        condition if issuer.is_some_and(|issuer| !condition.may_hold_for(issuer)) => Vec::new(),
        // Only roles and scopes have names here; the words of the access say the rest, and the refresh token is a scheme of its own. An
        // empty set means "signed in".
        _ => vec![Vec::new()],
    };
    (found.len() <= MOST_ALTERNATIVES).then_some(found)
}

/// Every alternative of one side together with every one of the other.
fn products(some: &[Alternative], others: &[Alternative], roles: &RoleTable) -> Vec<Alternative> {
    let mut all = Vec::new();
    for one in some {
        for other in others {
            let mut both = one.clone();
            other.iter().for_each(|name| add(&mut both, *name));
            add(&mut all, without_implied(&both, roles));
        }
    }
    all
}

/// Leaves out the roles that another role of the set implies.
fn without_implied(names: &[Name], roles: &RoleTable) -> Alternative {
    let is_implied = |implied: &str| {
        let mut hierarchy = roles.implies.iter();
        hierarchy.any(|(role, others)| names.contains(&Name::Role(role)) && others.contains(&implied))
    };
    let kept = names.iter().filter(|name| !matches!(name, Name::Role(role) if is_implied(role)));
    kept.copied().collect()
}

fn add<T: PartialEq>(items: &mut Vec<T>, item: T) {
    if !items.contains(&item) {
        items.push(item);
    }
}
