//! The tree: conditions under `&&` and `||`, with `!` on nothing but roles and scopes.

use std::mem::discriminant;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::{LitStr, Path};

use super::super::model::Role;
use crate::errors::compact;

/// In negation normal form; no group stands directly in a group of its own kind, and each has two parts or more.
pub(crate) enum Rule {
    Atom(Atom),
    /// Of a role or a scope.
    Not(Atom),
    All(Vec<Rule>),
    Any(Vec<Rule>),
}

/// One condition.
pub(crate) struct Atom {
    pub(crate) kind: Kind,
    /// As the user wrote it.
    pub(crate) tokens: TokenStream,
}

pub(crate) enum Kind {
    Role(Role),
    Scope(LitStr),
    /// In seconds.
    Fresh(u64),
    Live,
    BothTokens,
    NotImpersonated,
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
        match (&self.kind, &other.kind) {
            (Kind::Role(one), Kind::Role(other)) => one == other,
            (Kind::Scope(one), Kind::Scope(other)) => one.value() == other.value(),
            (Kind::Fresh(one), Kind::Fresh(other)) => one == other,
            (Kind::Check(one), Kind::Check(other)) | (Kind::Named(one), Kind::Named(other)) => {
                text(one) == text(other)
            }
            (one, other) => discriminant(one) == discriminant(other),
        }
    }
}

impl Rule {
    pub(crate) fn all(rules: impl IntoIterator<Item = Self>) -> Self {
        let mut parts = Vec::new();
        for rule in rules {
            match rule {
                Self::All(inner) => parts.extend(inner),
                rule => parts.push(rule),
            }
        }
        Self::of(parts, Self::All)
    }

    pub(crate) fn any(rules: impl IntoIterator<Item = Self>) -> Self {
        let mut parts = Vec::new();
        for rule in rules {
            match rule {
                Self::Any(inner) => parts.extend(inner),
                rule => parts.push(rule),
            }
        }
        Self::of(parts, Self::Any)
    }

    /// A group of one is that one.
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

    pub(crate) fn mentions(&self, wanted: fn(&Kind) -> bool) -> bool {
        self.atoms().into_iter().any(|atom| wanted(&atom.kind))
    }

    /// The parts that all have to hold.
    pub(crate) fn conjuncts(&self) -> &[Self] {
        match self {
            Self::All(rules) => rules,
            rule => std::slice::from_ref(rule),
        }
    }

    /// Each role once.
    pub(crate) fn roles(&self) -> Vec<&Role> {
        let mut roles: Vec<&Role> = Vec::new();
        for atom in self.atoms() {
            if let Kind::Role(role) = &atom.kind
                && !roles.contains(&role)
            {
                roles.push(role);
            }
        }
        roles
    }
}
