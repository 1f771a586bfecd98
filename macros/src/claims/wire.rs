//! The claims as a token holds them: a structure that serde derives on the user's behalf.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::Type;
use syn::ext::IdentExt as _;

use super::model::{Claims, Marked, Plain, Wire};
use super::serde::DefaultValue;
use crate::krate::Private;

/// `struct __Wire`, a remote derive for the user's struct, and what its attributes name.
pub(super) fn wire(claims: &Claims, private: &Private) -> TokenStream {
    let remote = claims.ident.to_string();
    let serde = private.text("serde");
    let deny = claims.deny_unknown_fields.then(|| quote!(#[serde(deny_unknown_fields)]));
    let marked = marked(claims);
    let plain = claims.plain.iter().map(|field| plain(field, claims));
    let aliases = aliases(claims, private);
    let defaults = claims.plain.iter().filter_map(|field| default_function(field, claims));

    quote! {
        #[derive(#private::serde::Serialize, #private::serde::Deserialize)]
        #[serde(remote = #remote, crate = #serde)]
        #deny
        struct __Wire {
            #marked
            #(#plain)*
        }

        #aliases
        #(#defaults)*
    }
}

fn marked(claims: &Claims) -> TokenStream {
    let Marked { ident, ty, .. } = &claims.subject;
    let roles = claims.roles.as_ref().map(|Marked { ident, ty, default }| {
        let default = default.iter();
        quote! {
            #[serde(rename = "roles", with = "__Roles" #(, #default)*)]
            #ident: #ty,
        }
    });
    let scopes = claims.scopes.as_ref().map(|Marked { ident, ty, default }| {
        let default = default.as_ref().unwrap_or(&DefaultValue::Trait);
        quote! {
            #[serde(rename = "scope", with = "__Scopes", #default, skip_serializing_if = "__Scopes::is_empty")]
            #ident: #ty,
        }
    });
    quote! {
        #[serde(rename = "sub", with = "__Subject")]
        #ident: #ty,
        #roles
        #scopes
    }
}

/// The runtime's functions for each marked field, under names that serde's attributes can hold.
fn aliases(claims: &Claims, private: &Private) -> TokenStream {
    let subject = &claims.subject.ty;
    let fits = fits(Some(subject), claims.roles.as_ref().map(|roles| &roles.ty), private);
    let roles = claims.roles.as_ref().map(|Marked { ty, .. }| quote!(type __Roles = #private::RolesOf<#ty>;));
    let scopes = claims.scopes.as_ref().map(|Marked { ty, .. }| {
        quote! {
            type __Scopes = #private::ScopesOf<#ty>;
            const _: bool = #private::scopes_fit::<#ty>();
        }
    });
    quote! {
        use #private::Unfit as _;
        #fits
        type __Subject = #private::SubjectOf<#subject>;
        #roles
        #scopes
    }
}

/// The constants that say that the types of the marked fields fit. A type that does not is an error in its constant, and in no other place:
/// rustc has no complaints about code that uses a constant with an error in it.
pub(super) fn fits(subject: Option<&Type>, roles: Option<&Type>, private: &Private) -> TokenStream {
    let subject = subject.map(|ty| quote!(const __SUBJECT_FITS: bool = #private::subject_fits::<#ty>();));
    let roles = roles.map(|ty| quote!(const __ROLES_FIT: bool = #private::roles_fit::<#ty>();));
    quote!(#subject #roles)
}

fn plain(field: &Plain, claims: &Claims) -> TokenStream {
    let Plain { ident, ty, wire, default, functions } = field;
    let name = match wire {
        Wire::Skipped => quote!(skip),
        Wire::Named { name, aliases } => quote!(rename = #name #(, alias = #aliases)*),
    };
    let default = match (default, &claims.default) {
        (Some(default), _) => Some(quote!(, #default)),
        (None, Some(_)) => {
            let function = default_ident(ident).to_string();
            Some(quote!(, default = #function))
        }
        (None, None) => None,
    };
    quote! {
        #[serde(#name #default #(, #functions)*)]
        #ident: #ty,
    }
}

/// serde's `default` on the struct, for one field: on the wire's struct it would invent a subject and roles as well.
fn default_function(field: &Plain, claims: &Claims) -> Option<TokenStream> {
    let default = match (&field.default, claims.default.as_ref()?) {
        (Some(_), _) => return None,
        (None, DefaultValue::Trait) => quote!(::core::default::Default::default),
        (None, DefaultValue::Path(path, _)) => quote!(#path),
    };
    let Plain { ident, ty, .. } = field;
    let claims_ident = &claims.ident;
    let function = default_ident(ident);
    Some(quote! {
        fn #function() -> #ty {
            let claims: #claims_ident = #default();
            claims.#ident
        }
    })
}

fn default_ident(field: &Ident) -> Ident {
    format_ident!("__default_{}", field.unraw())
}
