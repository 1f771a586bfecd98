//! The tree: conditions under `&&` and `||`, with `!` on roles, scopes and issuers alone.

use std::mem::discriminant;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::{LitStr, Path};

use super::super::model::RoleRef;
use crate::errors::compact;

/// A rule in negation normal form. No group is directly in a group of its own kind, and each has two parts or more.
pub(crate) enum Rule {
    Atom(Atom),
    /// The negation of a role, a scope or an issuer.
    Not(Atom),
    All(Vec<Rule>),
    Any(Vec<Rule>),
}

/// A condition and its tokens.
pub(crate) struct Atom {
    pub(crate) condition: Condition,
    /// As the user wrote it.
    pub(crate) tokens: TokenStream,
}

pub(crate) enum Condition {
    Role(RoleRef),
    Scope(LitStr),
    /// A sign-in of at most this many seconds ago.
    Fresh(u64),
    Live,
    BothTokens,
    NotImpersonated,
    Issuer(LitStr),
    Machine,
    Check(Path),
    Named(Path),
}

impl Atom {
    pub(crate) fn span(&self) -> Span {
        self.tokens.span()
    }

    /// As a message shows it.
    pub(crate) fn text(&self) -> String {
        compact(&self.tokens)
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let text = |path: &Path| path.to_token_stream().to_string();
        match (&self.condition, &other.condition) {
            (Condition::Role(one), Condition::Role(other)) => one == other,
            (Condition::Scope(one), Condition::Scope(other))
            | (Condition::Issuer(one), Condition::Issuer(other)) => one.value() == other.value(),
            (Condition::Fresh(one), Condition::Fresh(other)) => one == other,
            (Condition::Check(one), Condition::Check(other))
            | (Condition::Named(one), Condition::Named(other)) => text(one) == text(other),
            (one, other) => discriminant(one) == discriminant(other),
        }
    }
}

impl Rule {
    pub(crate) fn all(rules: impl IntoIterator<Item = Self>) -> Self {
        let parts = rules.into_iter().flat_map(|rule| match rule {
            Self::All(inner) => inner,
            rule => vec![rule],
        });
        Self::of(parts.collect(), Self::All)
    }

    pub(crate) fn any(rules: impl IntoIterator<Item = Self>) -> Self {
        let parts = rules.into_iter().flat_map(|rule| match rule {
            Self::Any(inner) => inner,
            rule => vec![rule],
        });
        Self::of(parts.collect(), Self::Any)
    }

    /// A group, or its only part.
    fn of(mut parts: Vec<Self>, group: fn(Vec<Self>) -> Self) -> Self {
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => group(parts.into_iter().chain(last).collect()),
        }
    }

    /// Every condition, from left to right.
    pub(crate) fn atoms(&self) -> Vec<&Atom> {
        match self {
            Self::Atom(atom) | Self::Not(atom) => vec![atom],
            Self::All(rules) | Self::Any(rules) => rules.iter().flat_map(Self::atoms).collect(),
        }
    }

    pub(crate) fn mentions(&self, wanted: fn(&Condition) -> bool) -> bool {
        self.atoms().into_iter().any(|atom| wanted(&atom.condition))
    }

    /// The parts that all have to hold.
    pub(crate) fn conjuncts(&self) -> &[Self] {
        match self {
            Self::All(rules) => rules,
            rule => std::slice::from_ref(rule),
        }
    }

    /// Each role once, from left to right.
    pub(crate) fn roles(&self) -> Vec<&RoleRef> {
        let mut roles: Vec<&RoleRef> = Vec::new();
        for atom in self.atoms() {
            if let Condition::Role(role) = &atom.condition
                && !roles.contains(&role)
            {
                roles.push(role);
            }
        }
        roles
    }

    /// Each path of a named rule, from left to right.
    pub(crate) fn named(&self) -> impl Iterator<Item = &Path> {
        self.atoms().into_iter().filter_map(|atom| match &atom.condition {
            Condition::Named(path) => Some(path),
            _ => None,
        })
    }
}
