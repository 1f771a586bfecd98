//! The tree as a constant, and as types for its roles and checks.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Path;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::super::model::{RoleRef, role_at};
use super::model::{Atom, Condition, Rule};
use crate::krate::Private;
use crate::scope_token::identifiers;
use crate::span::{located, moved, own};

/// The constant that the guard decides with.
pub(crate) fn constant(rule: &Rule, private: &Private) -> TokenStream {
    let (group, rules) = match rule {
        Rule::Atom(atom) => return condition(&atom.condition, private),
        Rule::Not(atom) => {
            let condition = condition(&atom.condition, private);
            return quote!(#private::Rule::Not(&#condition));
        }
        Rule::All(rules) => (quote!(All), rules),
        Rule::Any(rules) => (quote!(Any), rules),
    };
    let rules = rules.iter().map(|rule| constant(rule, private));
    quote!(#private::Rule::#group(&[#(#rules),*]))
}

fn condition(condition: &Condition, private: &Private) -> TokenStream {
    match condition {
        Condition::Role(role) => {
            let name = role.name(private);
            quote!(#private::Rule::Role(#name))
        }
        Condition::Scope(name) => quote!(#private::Rule::Scope(#name)),
        Condition::Fresh(seconds) => {
            quote!(#private::Rule::Fresh(::core::time::Duration::from_secs(#seconds)))
        }
        Condition::Live => quote!(#private::Rule::Live),
        Condition::BothTokens => quote!(#private::Rule::BothTokens),
        Condition::NotImpersonated => quote!(#private::Rule::NotImpersonated),
        Condition::Issuer(name) => quote!(#private::Rule::Issuer(#name)),
        Condition::Machine => quote!(#private::Rule::Machine),
        Condition::Check(path) => qualified(path, "CheckRule", "RULE", private),
        Condition::Named(path) => qualified(path, "NamedRule", "RULE", private),
    }
}

/// `<path as Trait>::item`, spanned so that rustc complains about it once, although it is generated several times.
fn qualified(path: &Path, of: &str, item: &str, private: &Private) -> TokenStream {
    let place = path.span();
    let span = located(place);
    let (of, item, private) = (Ident::new(of, span), Ident::new(item, span), moved(private, place));
    let path = own(path);
    quote_spanned!(span=> <#path as #private::#of>::#item)
}

/// The types as one nested tuple, spanned so that an error is shown at the type that causes it.
fn nested(types: impl DoubleEndedIterator<Item = TokenStream>) -> TokenStream {
    types.rev().fold(quote!(()), |rest, ty| {
        let span = ty.clone().into_iter().next().map_or_else(Span::call_site, |first| first.span());
        quote_spanned!(located(span)=> (#ty, #rest))
    })
}

/// Asks at compile time whether one user can satisfy the rule and another cannot. `question` is the runtime's function for
/// it. A rule of one condition cannot contradict itself and is not asked about.
///
/// The function is spanned to the first condition and its parentheses to the last one: rustc joins the two, so that the
/// caret is under the whole rule.
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
        .filter_map(|atom| match &atom.condition {
            // In parentheses, rustc reads the path as a type; bare, it could be a constant argument.
            Condition::Check(path) => {
                let path = own(path);
                Some(quote!(#private::OneCheck<(#path)>))
            }
            Condition::Named(path) => Some(qualified(path, "NamedRule", "Checks", private)),
            _ => None,
        })
        .collect();
    nested(checks.into_iter())
}

/// The named rules that hold whenever the rule does, those that `asked` accepts.
pub(crate) fn proves(rule: &Rule, asked: impl Fn(&Path) -> bool) -> TokenStream {
    let proves: Vec<_> = rule
        .conjuncts()
        .iter()
        .filter_map(|part| match part {
            Rule::Atom(Atom { condition: Condition::Named(path), .. }) if asked(path) => Some(own(path)),
            _ => None,
        })
        .collect();
    nested(proves.into_iter())
}

/// A type for each role, named after it: rustc shows the type when the role does not exist.
pub(crate) struct Markers<'a> {
    roles: Vec<(&'a RoleRef, Ident)>,
    rule: &'a Rule,
}

impl<'a> Markers<'a> {
    /// `beside`: another name that is needed next to the markers.
    pub(crate) fn of(rule: &'a Rule, beside: &Ident) -> Self {
        let words = rule.atoms().into_iter().filter_map(|atom| first_word(&atom.condition));
        let taken = words.chain([beside.unraw().to_string()]).collect();
        let roles = rule.roles();
        let markers = identifiers(roles.iter().map(|role| role.word()), taken);
        Self { roles: roles.into_iter().zip(markers).collect(), rule }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    pub(crate) fn declarations(&self, private: &Private) -> TokenStream {
        let declarations = self.roles.iter().map(|(role, marker)| {
            let name = role.name(private);
            // In these messages braces are around parameters.
            let written = role.written().replace('{', "{{").replace('}', "}}");
            let here = moved(private, role.span());
            let (hash, message) = match role {
                RoleRef::Name(_) => {
                    (quote!(#private::role_hash(#name)), format!("`{{Self}}` has no role `{written}`"))
                }
                RoleRef::Path(path) => {
                    let value = role_at(path, private);
                    let hash = quote_spanned!(located(path.span())=> #here::role_path_hash(#value, #name));
                    (hash, format!("`{written}` is not a role of `{{Self}}`"))
                }
            };
            let label = format!("this handler requires the role `{written}`");
            let has_role = format_ident!("HasRole_{marker}", span = located(role.span()));
            let declared = quote_spanned!(located(role.span())=> pub enum #marker {});
            let listed = quote_spanned! {located(role.span())=>
                impl<__R: #has_role<__N>, __N> #here::DeclaredBy<__R, __N> for #marker {}
            };
            quote! {
                #declared

                #[diagnostic::on_unimplemented(
                    message = #message,
                    label = #label,
                    note = "the roles of `{Self}` are `{Names}`",
                    note = "a role has the name of its variant in snake_case, unless #[role(rename = \"...\")] renames it; `_dash_` in the list is a `-`",
                    note = "`NoRole` means that the claims carry no roles: mark a field with #[claims(roles)]"
                )]
                pub trait #has_role<Names> {}

                #[diagnostic::do_not_recommend]
                impl<__R: #private::Declares<{ #hash }>, __N> #has_role<__N> for __R {}

                #listed
            }
        });
        quote!(#(#declarations)*)
    }

    /// The markers, wrapped by `own`, and those of named rules.
    pub(crate) fn list(
        &self,
        private: &Private,
        own: impl FnOnce(TokenStream) -> TokenStream,
    ) -> TokenStream {
        let named = self.rule.named().map(|path| qualified(path, "NamedRule", "Roles", private));
        let named: Vec<_> = named.collect();
        let roles = nested(self.roles.iter().map(|(_, marker)| quote!(#marker)));
        match (self.roles.is_empty(), named.is_empty()) {
            (_, true) => own(roles),
            (true, false) => nested(named.into_iter()),
            (false, false) => nested([own(roles)].into_iter().chain(named)),
        }
    }
}

/// The first word of a path: a marker beside it must not shadow it.
fn first_word(condition: &Condition) -> Option<String> {
    let path = match condition {
        Condition::Role(RoleRef::Path(path)) | Condition::Check(path) | Condition::Named(path) => path,
        _ => return None,
    };
    path.segments.first().map(|segment| segment.ident.to_string())
}
