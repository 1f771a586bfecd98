//! The tree as a constant, and as the types that stand for its roles and checks.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Path;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::super::model::Role;
use super::model::{Kind, Rule};
use crate::krate::Private;
use crate::span::{located, moved, own};

/// The constant that the guard decides with.
pub(crate) fn constant(rule: &Rule, private: &Private) -> TokenStream {
    let list = |rules: &[Rule]| {
        let rules = rules.iter().map(|rule| constant(rule, private));
        quote!(&[#(#rules),*])
    };
    match rule {
        Rule::Atom(atom) => condition(&atom.kind, private),
        Rule::Not(atom) => {
            let condition = condition(&atom.kind, private);
            quote!(#private::Rule::Not(&#condition))
        }
        Rule::All(rules) => {
            let rules = list(rules);
            quote!(#private::Rule::All(#rules))
        }
        Rule::Any(rules) => {
            let rules = list(rules);
            quote!(#private::Rule::Any(#rules))
        }
    }
}

fn condition(kind: &Kind, private: &Private) -> TokenStream {
    match kind {
        Kind::Role(role) => {
            let name = role.name();
            quote!(#private::Rule::Role(#name))
        }
        Kind::Scope(name) => quote!(#private::Rule::Scope(#name)),
        Kind::Fresh(seconds) => quote!(#private::Rule::Fresh(::core::time::Duration::from_secs(#seconds))),
        Kind::Live => quote!(#private::Rule::Live),
        Kind::BothTokens => quote!(#private::Rule::BothTokens),
        Kind::NotImpersonated => quote!(#private::Rule::NotImpersonated),
        Kind::Check(path) => qualified(path, "CheckRule", "RULE", private),
        Kind::Named(path) => qualified(path, "NamedRule", "RULE", private),
    }
}

/// `<path as Trait>::item`, which rustc complains about once, although it stands in several places.
fn qualified(path: &Path, of: &str, item: &str, private: &Private) -> TokenStream {
    let place = path.span();
    let span = located(place);
    let (of, item, private) = (Ident::new(of, span), Ident::new(item, span), moved(private, place));
    let path = own(path);
    quote_spanned!(span=> <#path as #private::#of>::#item)
}

/// The types as one nested tuple; what rustc says of it stands at the type that it is about.
fn nested(types: impl DoubleEndedIterator<Item = TokenStream>) -> TokenStream {
    types.rev().fold(quote!(()), |rest, ty| {
        let span = ty.clone().into_iter().next().map_or_else(Span::call_site, |first| first.span());
        quote_spanned!(located(span)=> (#ty, #rest))
    })
}

/// Asks at compile time whether somebody can meet the rule and somebody cannot. `question` is the runtime's function for it, with the
/// caret on the whole rule. One condition cannot contradict itself.
pub(crate) fn consistency(
    rule: &Rule,
    question: &TokenStream,
    arguments: TokenStream,
) -> Option<TokenStream> {
    let atoms = rule.atoms();
    let (first, last) = (atoms.first()?, atoms.get(1..)?.last()?);
    let question = moved(question, first.span());
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(located(last.span()));
    Some(quote!(#question #arguments;))
}

/// The checks from left to right, those of named rules among them.
pub(crate) fn checks(rule: &Rule, private: &Private) -> TokenStream {
    let atoms = rule.atoms().into_iter();
    let checks: Vec<_> = atoms
        .filter_map(|atom| match &atom.kind {
            // In parentheses it cannot be taken for a constant.
            Kind::Check(path) => {
                let path = own(path);
                Some(quote!(#private::One<(#path)>))
            }
            Kind::Named(path) => Some(qualified(path, "NamedRule", "Checks", private)),
            _ => None,
        })
        .collect();
    nested(checks.into_iter())
}

/// The named rules that hold whenever the rule does, as far as somebody in the signature asks.
pub(crate) fn proves(rule: &Rule, asked: impl Fn(&Path) -> bool) -> TokenStream {
    let proves: Vec<_> = rule
        .conjuncts()
        .iter()
        .filter_map(|part| match part {
            Rule::Atom(atom) => match &atom.kind {
                Kind::Named(path) if asked(path) => Some(own(path)),
                _ => None,
            },
            _ => None,
        })
        .collect();
    nested(proves.into_iter())
}

/// A type for each role, named after it: rustc shows the name when the role does not exist.
pub(crate) struct Markers<'a> {
    roles: Vec<(&'a Role, Ident)>,
    rule: &'a Rule,
}

impl<'a> Markers<'a> {
    /// `beside`: another name that is needed where the markers stand.
    pub(crate) fn of(rule: &'a Rule, beside: &Ident) -> Self {
        let words = rule.atoms().into_iter().filter_map(|atom| first_word(&atom.kind));
        let mut taken: Vec<String> = words.chain([beside.unraw().to_string()]).collect();
        let roles = rule.roles().into_iter().map(|role| {
            let mut word: String =
                role.word().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            while taken.contains(&word) || syn::parse_str::<Ident>(&word).is_err() {
                let prefix = if word.starts_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
                word = format!("{prefix}{word}_");
            }
            taken.push(word.clone());
            (role, Ident::new(&word, Span::call_site()))
        });
        Self { roles: roles.collect(), rule }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    pub(crate) fn declarations(&self, private: &Private) -> TokenStream {
        let declarations = self.roles.iter().map(|(role, marker)| {
            let name = role.name();
            let declared = quote_spanned!(located(role.span())=> pub enum #marker {});
            quote! {
                #[allow(non_camel_case_types)]
                #declared

                #[diagnostic::do_not_recommend]
                impl<__R: #private::Declares<{ #private::role_hash(#name) }>, __N> #private::DeclaredBy<__R, __N> for #marker {}
            }
        });
        quote!(#(#declarations)*)
    }

    /// The markers, as `own` leaves them, and those of named rules.
    pub(crate) fn list(
        &self,
        private: &Private,
        own: impl FnOnce(TokenStream) -> TokenStream,
    ) -> TokenStream {
        let named: Vec<_> = self
            .rule
            .atoms()
            .into_iter()
            .filter_map(|atom| match &atom.kind {
                Kind::Named(path) => Some(qualified(path, "NamedRule", "Roles", private)),
                _ => None,
            })
            .collect();
        let roles = nested(self.roles.iter().map(|(_, marker)| quote!(#marker)));
        match (self.roles.is_empty(), named.is_empty()) {
            (_, true) => own(roles),
            (true, false) => nested(named.into_iter()),
            (false, false) => nested([own(roles)].into_iter().chain(named)),
        }
    }
}

/// A name that a path needs, and that a marker beside it must not take.
fn first_word(kind: &Kind) -> Option<String> {
    let path = match kind {
        Kind::Role(Role::Path(path)) | Kind::Check(path) | Kind::Named(path) => path,
        _ => return None,
    };
    path.segments.first().map(|segment| segment.ident.to_string())
}
