//! Definitions with different names, none of which contains itself.

use syn::{Attribute, Ident, Visibility};

use crate::access::rule::Rule;
use crate::errors::{Errors, Message};

/// A rule and its name.
pub(super) struct Definition {
    pub(super) attrs: Vec<Attribute>,
    pub(super) vis: Visibility,
    pub(super) ident: Ident,
    /// `None` after a mistake.
    pub(super) rule: Option<Rule>,
}

/// The first definition of each name, without the rules that close a circle. Both are reported.
pub(super) fn valid(definitions: Vec<Definition>, errors: &Errors) -> Vec<Definition> {
    let mut valid: Vec<Definition> = Vec::new();
    for definition in definitions {
        if valid.iter().any(|other| other.ident == definition.ident) {
            let message = Message::new(format!("rule! defines `{}` twice", definition.ident));
            errors.push(&definition.ident, message.help("rename one of the two"));
        } else {
            valid.push(definition);
        }
    }
    break_circles(&mut valid, errors);
    valid
}

/// Reports each circle of rules that contain each other, at the name that closes it.
fn break_circles(definitions: &mut [Definition], errors: &Errors) {
    for start in 0..definitions.len() {
        let mut path = vec![start];
        let Some(closing) = circle(definitions, &mut path) else { continue };
        let circle = path.iter().chain([&start]).filter_map(|index| definitions.get(*index));
        let names: Vec<_> = circle.map(|definition| definition.ident.to_string()).collect();
        let message = format!("rules in rule! contain each other in a circle: {}", names.join(", "));
        let help = format!("write the conditions of `{closing}` out here");
        errors.push(&closing, Message::new(message).help(help));
        if let Some(last) = path.last().and_then(|last| definitions.get_mut(*last)) {
            last.rule = None;
        }
    }
}

/// Follows the rules that the last one of `path` contains. Returns the name that leads back to the first one, and leaves
/// the way there in `path`.
fn circle(definitions: &[Definition], path: &mut Vec<usize>) -> Option<Ident> {
    let rule = definitions.get(*path.last()?)?.rule.as_ref()?;
    for name in rule.named().filter_map(|path| path.get_ident()) {
        let Some(next) = definitions.iter().position(|other| other.ident == *name) else { continue };
        if path.first() == Some(&next) {
            return Some(name.clone());
        }
        if path.contains(&next) {
            continue;
        }
        path.push(next);
        if let Some(closing) = circle(definitions, path) {
            return Some(closing);
        }
        path.pop();
    }
    None
}
