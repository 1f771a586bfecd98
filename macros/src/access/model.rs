//! A handler and its access, both known to be well-formed.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{LitStr, Path};

use super::rule::Rule;
use crate::errors::compact;
use crate::krate::{Krate, Private};
use crate::span::{located, moved, own};

/// One of the access attributes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attribute {
    Authenticated,
    Public,
    Require,
    RequireRole,
    RequireScope,
}

impl Attribute {
    pub(crate) const ALL: [Self; 5] =
        [Self::Authenticated, Self::Public, Self::Require, Self::RequireRole, Self::RequireScope];

    /// The attribute's name, without `#[...]`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Authenticated => "authenticated",
            Self::Public => "public",
            Self::Require => "require",
            Self::RequireRole => "require_role",
            Self::RequireScope => "require_scope",
        }
    }
}

/// An access attribute with its arguments.
pub(crate) struct Declaration {
    pub(crate) attribute: Attribute,
    pub(crate) access: Access,
    pub(crate) krate: Krate,
}

/// The requests that the handler lets in.
pub(crate) enum Access {
    Authenticated,
    /// The arguments were reported as mistaken, so the handler lets in no request.
    Mistaken,
    Public(LitStr),
    Require(Rule),
}

impl Access {
    /// The rule, if there is one.
    pub(crate) fn rule(&self) -> Option<&Rule> {
        match self {
            Self::Require(rule) => Some(rule),
            Self::Authenticated | Self::Mistaken | Self::Public(_) => None,
        }
    }
}

/// A role as the user wrote it.
pub(crate) enum RoleRef {
    Name(LitStr),
    Path(Path),
}

impl RoleRef {
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Name(name) => name.span(),
            Self::Path(path) => path.span(),
        }
    }

    /// The name as a constant expression.
    pub(crate) fn name(&self, private: &Private) -> TokenStream {
        match self {
            Self::Name(name) => name.to_token_stream(),
            Self::Path(path) => {
                let (role, span) = (role_at(path, private), located(path.span()));
                quote_spanned!(span=> #role.as_str())
            }
        }
    }

    /// As the user wrote it, without quotes.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::Name(name) => name.value(),
            Self::Path(path) => compact(path),
        }
    }

    /// The last word of the name, which a message can show.
    pub(crate) fn word(&self) -> String {
        match self {
            Self::Name(name) => name.value(),
            Self::Path(path) => last_word(path),
        }
    }
}

impl PartialEq for RoleRef {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(one), Self::Name(other)) => one.value() == other.value(),
            (Self::Path(one), Self::Path(other)) => {
                one.to_token_stream().to_string() == other.to_token_stream().to_string()
            }
            _ => false,
        }
    }
}

/// The value of a path that names a role. rustc reports a path that is no role here, and has no complaints about what is done with the value.
///
/// The path is written twice: the first says which type it has.
pub(crate) fn role_at(path: &Path, private: &Private) -> TokenStream {
    let (private, span, path) = (moved(private, path.span()), located(path.span()), own(path));
    quote_spanned!(span=> #private::role_at(&#path, &#path))
}

/// The last word of a path. Its first letter tells a type or a variant from a function or a module.
pub(crate) fn last_word(path: &Path) -> String {
    path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
}
