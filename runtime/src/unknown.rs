//! Names of roles that do not exist, and the nearest that do.

use crate::access::{Rule, same};
use crate::role::Roles;
use crate::sentence::Sentence;

pub(crate) const fn contains(names: &[&str], name: &str) -> bool {
    let mut index = 0;
    while index < names.len() {
        if distance(names[index], name) == 0 {
            return true;
        }
        index += 1;
    }
    false
}

const LONGEST: usize = 64;

/// Letters to change, insert or remove between two names; a long name is far from every other.
const fn distance(from: &str, to: &str) -> usize {
    let (from, to) = (from.as_bytes(), to.as_bytes());
    if from.len() >= LONGEST || to.len() >= LONGEST {
        return if same(from, to) { 0 } else { LONGEST };
    }
    let mut row = [0; LONGEST];
    let mut column = 0;
    while column <= to.len() {
        row[column] = column;
        column += 1;
    }
    let mut line = 0;
    while line < from.len() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        let mut column = 0;
        while column < to.len() {
            let replaced = diagonal + (from[line] != to[column]) as usize;
            diagonal = row[column + 1];
            row[column + 1] = least(replaced, least(diagonal, row[column]) + 1);
            column += 1;
        }
        line += 1;
    }
    row[to.len()]
}

const fn least(one: usize, other: usize) -> usize {
    if one < other { one } else { other }
}

/// Refuses to compile when a rule names a role that is not among these. A name behind `!` would let everybody in.
///
/// `routes!` asks the first argument of a handler. This is for every guard and proof, wherever it stands: in a plain router of axum, or behind
/// other arguments.
///
/// ```
/// # use axum::{Router, routing::get};
/// # use countersign::{Auth, Role, SessionClaims, require};
/// # #[derive(Role, Clone, Copy)]
/// # enum Role { Member, Blocked }
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: u64, #[claims(roles)] roles: Vec<Role> }
/// # fn main() { let _: Router<Auth<User>> = Router::new().route("/", get(write)); }
/// #[require(!role("blocked"))]
/// async fn write() {}
/// ```
///
/// ```compile_fail,E0080
/// # use axum::{Router, routing::get};
/// # use countersign::{Auth, Role, SessionClaims, require};
/// # #[derive(Role, Clone, Copy)]
/// # enum Role { Member, Blocked }
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: u64, #[claims(roles)] roles: Vec<Role> }
/// # fn main() { let _: Router<Auth<User>> = Router::new().route("/", get(write)); }
/// #[require(!role("blokced"))]
/// async fn write() {}
/// ```
///
/// ```compile_fail,E0080
/// # use countersign::{Auth, AuthRouter, Proof, Role, SessionClaims, routes, rule};
/// # #[derive(Role, Clone, Copy)]
/// # enum Role { Member, Blocked }
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: u64, #[claims(roles)] roles: Vec<Role> }
/// # rule! { NotBlocked = !role("blokced"); }
/// # fn main() { let _ = AuthRouter::<Auth<User>>::new().routes(routes!(write)); }
/// #[utoipa::path(post, path = "/posts")]
/// async fn write(_: User, _: Proof<NotBlocked>) {}
/// ```
#[expect(clippy::panic, reason = "runs at compile time only")]
pub(crate) const fn check_names(rule: &Rule, roles: Roles) {
    match (rule, roles.names) {
        (Rule::Role(role), Some(names)) if !contains(names, role) => {
            let start = Sentence::new().add("a guard demands a role, and the claims type of its router");
            panic!("{}", no_role(start, role, names).text());
        }
        (Rule::Not(rule), _) => check_names(rule, roles),
        (Rule::Any(rules) | Rule::All(rules), _) => {
            let mut index = 0;
            while index < rules.len() {
                check_names(&rules[index], roles);
                index += 1;
            }
        }
        _ => {}
    }
}

/// What is wrong with a role that `names` does not have; `start` says whose names these are.
pub(crate) const fn no_role(start: Sentence, role: &str, names: &[&str]) -> Sentence {
    if names.is_empty() {
        return start.add(" carries no roles; mark a field of the claims with #[claims(roles)]");
    }
    let mut sentence = start.add(" has no role `").add(role).add("`");
    let mut nearest = 0;
    let mut index = 0;
    while index < names.len() {
        if distance(names[index], role) < distance(names[nearest], role) {
            nearest = index;
        }
        index += 1;
    }
    if distance(names[nearest], role) <= least(role.len() / 3 + 1, 3) {
        sentence = sentence.add("; did you mean `").add(names[nearest]).add("`?");
    }
    sentence = sentence.add(" (its roles are ");
    let mut index = 0;
    while index < names.len() {
        sentence = sentence.add(if index == 0 { "`" } else { ", `" }).add(names[index]).add("`");
        index += 1;
    }
    sentence.add(")")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_role_is_explained_with_the_nearest_and_all() {
        assert_eq!(
            no_role(Sentence::new().add("`User`"), "admln", &["member", "admin"]).text(),
            "`User` has no role `admln`; did you mean `admin`? (its roles are `member`, `admin`)"
        );
        assert_eq!(
            no_role(Sentence::new().add("`User`"), "owner", &["member", "admin"]).text(),
            "`User` has no role `owner` (its roles are `member`, `admin`)"
        );
    }

    #[test]
    fn claims_without_roles_are_told_where_roles_come_from() {
        assert_eq!(
            no_role(Sentence::new().add("`Session<User>`"), "admin", &[]).text(),
            "`Session<User>` carries no roles; mark a field of the claims with #[claims(roles)]"
        );
    }

    #[test]
    fn a_long_list_of_roles_is_cut_between_names() {
        let names = ["a-role-with-a-name-that-takes-some-room"; 40];
        let sentence = no_role(Sentence::new().add("`User`"), "é", &names);
        assert!(sentence.text().len() <= Sentence::SIZE);
        assert!(sentence.text().starts_with("`User` has no role `é`"));
    }

    #[test]
    #[should_panic = "a guard demands a role, and the claims type of its router has no role `blokced`; did you mean `blocked`?"]
    fn a_role_behind_a_negation_has_to_exist() {
        const RULE: Rule = Rule::Any(&[Rule::Live, Rule::Not(&Rule::Role("blokced"))]);
        check_names(&RULE, Roles { names: Some(&["member", "blocked"]), ..Roles::NONE });
    }

    #[test]
    fn every_name_of_a_rule_may_exist() {
        const RULE: Rule = Rule::All(&[Rule::Scope("x"), Rule::Role("a"), Rule::Not(&Rule::Role("b"))]);
        check_names(&RULE, Roles { names: Some(&["a", "b"]), ..Roles::NONE });
        check_names(&RULE, Roles::NONE);
    }

    #[test]
    fn distances_count_letters() {
        assert_eq!(distance("admin", "admin"), 0);
        assert_eq!(distance("admln", "admin"), 1);
        assert_eq!(distance("", "admin"), 5);
        assert_eq!(distance(&"x".repeat(LONGEST), "x"), LONGEST);
        assert_eq!(distance(&"x".repeat(LONGEST), &"x".repeat(LONGEST)), 0);
    }
}
