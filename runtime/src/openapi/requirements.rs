//! The `security` of an operation: the roles and scopes that suffice, as alternatives.

use utoipa::openapi::security::SecurityRequirement;

use super::schemes::Names;
use crate::access::{Access, Rule};
use crate::claims::role::RoleTable;

/// More alternatives than this are not listed: a reader would learn nothing from them.
pub(super) const MOST_ALTERNATIVES: usize = 64;

/// The `security` of an operation: alternatives, of which a caller has to meet one; none for a public one.
///
/// OpenAPI 3.1 lets the list behind a scheme hold role names.
pub(super) fn requirements(access: &Access, roles: &RoleTable, names: &Names) -> Vec<SecurityRequirement> {
    let sets = match access {
        Access::Public { .. } => return Vec::new(),
        Access::Optional | Access::Authenticated => vec![Vec::new()],
        Access::Require(rule) => alternatives(rule, roles),
    };
    let mut requirements = Vec::new();
    if let Access::Optional = access {
        requirements.push(SecurityRequirement::default());
    }
    let one_token = |place| sets.iter().map(move |set| SecurityRequirement::new(place, set.iter().copied()));
    if !access.asks_for_both_tokens() {
        requirements.extend(names.access().flat_map(one_token));
        return requirements;
    }
    for refresh in names.refresh() {
        let with_refresh = |requirement: SecurityRequirement| requirement.add(refresh, [""; 0]);
        requirements.extend(names.access().flat_map(one_token).map(with_refresh));
    }
    requirements
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

/// The rule as "any of these sets of names". An alternative never promises more than the guard grants.
///
/// Too many alternatives are listed without the roles that imply others. If that is still too many, the answer is "signed in", which is
/// true and not the whole truth. The same goes for a rule that no caller meets and one with a private role in every alternative.
fn alternatives(rule: &Rule, roles: &RoleTable) -> Vec<Vec<&'static str>> {
    let named = RoleTable { implies: &[], ..*roles };
    let found = found(rule, roles).or_else(|| found(rule, &named)).unwrap_or_default();
    let mut sets: Vec<Vec<&str>> = Vec::new();
    for alternative in found {
        let set = alternative.iter().fold(Vec::new(), |mut set, name| {
            let (Name::Role(name) | Name::Scope(name)) = *name;
            add(&mut set, name);
            set
        });
        if !sets.iter().any(|other| is_same(other, &set)) {
            sets.push(set);
        }
    }
    if sets.is_empty() { vec![Vec::new()] } else { sets }
}

/// Whether two sets have the same members. Each has every member once.
fn is_same(one: &[&str], other: &[&str]) -> bool {
    one.len() == other.len() && one.iter().all(|name| other.contains(name))
}

fn found(rule: &Rule, roles: &RoleTable) -> Option<Vec<Alternative>> {
    let found = match rule {
        Rule::Role(name) => sufficing(name, roles).map(|name| vec![Name::Role(name)]).collect(),
        Rule::Scope(scope) => vec![vec![Name::Scope(scope)]],
        Rule::Any(rules) => {
            let mut all = Vec::new();
            for rule in *rules {
                found(rule, roles)?.into_iter().for_each(|alternative| add(&mut all, alternative));
            }
            all
        }
        Rule::All([]) => Vec::new(),
        Rule::All(rules) => {
            let mut all = vec![Vec::new()];
            for rule in *rules {
                all = products(&all, &found(rule, roles)?, roles);
                if all.len() > MOST_ALTERNATIVES {
                    return None;
                }
            }
            all
        }
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
