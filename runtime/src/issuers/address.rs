//! The addresses of issuers, and of their documents.

use std::fmt;

use http::Uri;

/// The address of an issuer or of its keys: `https`, or `http` on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    text: String,
    secure: bool,
    host: String,
    port: u16,
    path: String,
}

/// Why an address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressError {
    /// No URL with a scheme and a host.
    NotAUrl,
    /// It has a user, a fragment, or a character that clients read in different ways.
    NotPlain,
    /// It has a query (OpenID Connect Discovery 1.0 section 3 forbids it in an issuer).
    Query,
    /// `http` on another machine, so an attacker on the network could give other keys.
    Insecure,
}

impl AddressError {
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::NotAUrl => "it is no URL such as https://login.example.com",
            Self::NotPlain => "it has a user, a fragment or a character that does not belong into a URL",
            Self::Query => "the address of an issuer has no query",
            Self::Insecure => {
                "only `https` is safe from changes on the way; `http` is for loopback addresses"
            }
        }
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl Address {
    /// Reads the address of a document, which may have a query.
    pub(crate) fn of_document(text: &str) -> Result<Self, AddressError> {
        // Clients repair such characters, each in its own way: one reads the host where another reads a user or a path.
        let is_plain = |it: char| it.is_ascii_graphic() && !"\\#@<>\"`{}^|".contains(it);
        if !text.chars().all(is_plain) {
            return Err(AddressError::NotPlain);
        }
        let uri = text.parse::<Uri>().map_err(|_| AddressError::NotAUrl)?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(AddressError::NotAUrl),
        };
        let authority = uri.authority().ok_or(AddressError::NotAUrl)?;
        let host = authority.host().to_ascii_lowercase();
        let is_of_a_host = |it: char| it.is_ascii_alphanumeric() || "-._[]:".contains(it);
        if host.is_empty() || !host.chars().all(is_of_a_host) {
            return Err(AddressError::NotAUrl);
        }
        let has_port = authority.as_str().len() > host.len();
        let port = match authority.port_u16() {
            Some(port) => port,
            None if has_port => return Err(AddressError::NotAUrl),
            None if secure => 443,
            None => 80,
        };
        let path = uri.path().to_owned();
        let address = Self { text: text.to_owned(), secure, host, port, path };
        if secure || address.is_loopback() { Ok(address) } else { Err(AddressError::Insecure) }
    }

    /// Reads the address of an issuer (RFC 8414 section 2, but for loopback).
    pub(crate) fn of_issuer(text: &str) -> Result<Self, AddressError> {
        let address = Self::of_document(text)?;
        if text.contains('?') { Err(AddressError::Query) } else { Ok(address) }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is on this machine, so that an attacker on the network cannot change what it answers.
    pub(super) fn is_loopback(&self) -> bool {
        matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "[::1]") || self.host.ends_with(".localhost")
    }

    pub(super) fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether the text is an address of the same scheme, host and port.
    pub(super) fn has_origin_of(&self, text: &str) -> bool {
        Self::of_document(text).is_ok_and(|other| {
            (other.secure, other.port, other.host.as_str()) == (self.secure, self.port, self.host.as_str())
        })
    }

    /// The discovery document of an issuer: at its end (OpenID Connect Discovery 1.0 section 4.1) and, as authorization servers without
    /// OpenID Connect have it, between its host and its path (RFC 8414 section 3.1).
    pub(super) fn discovery_documents(&self) -> [String; 2] {
        let issuer = self.text.strip_suffix('/').unwrap_or(&self.text);
        let path = self.path.strip_suffix('/').unwrap_or(&self.path);
        let origin = issuer.strip_suffix(path).unwrap_or(issuer);
        [
            format!("{issuer}/.well-known/openid-configuration"),
            format!("{origin}/.well-known/oauth-authorization-server{path}"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_or_on_this_machine() {
        for good in [
            "https://login.example.com",
            "https://login.example.com/realms/acme/",
            "https://LOGIN.example.com:8443/keys?p=policy&x=%2F",
            "https://[2001:db8::1]:8443/keys",
            "http://localhost:3000",
            "http://127.0.0.1:3000/keys",
            "http://[::1]:3000/keys",
            "http://op.localhost/keys",
        ] {
            assert!(Address::of_document(good).is_ok(), "{good}");
        }
        for (bad, error) in [
            ("", AddressError::NotAUrl),
            ("login.example.com", AddressError::NotAUrl),
            ("/realms/acme", AddressError::NotAUrl),
            ("ftp://login.example.com", AddressError::NotAUrl),
            ("https:///keys", AddressError::NotAUrl),
            ("https://login.example.com:/keys", AddressError::NotAUrl),
            ("https://login.example.com:99999/keys", AddressError::NotAUrl),
            ("https://login%2eexample.com/keys", AddressError::NotAUrl),
            ("https://user@login.example.com", AddressError::NotPlain),
            ("https://login.example.com\\@evil.example", AddressError::NotPlain),
            ("https://login.example.com/#keys", AddressError::NotPlain),
            ("https://login.example.com/a b", AddressError::NotPlain),
            ("https://münchen.example", AddressError::NotPlain),
            ("https://login.example.com\n", AddressError::NotPlain),
            ("http://login.example.com", AddressError::Insecure),
            ("http://localhost.evil.example", AddressError::Insecure),
            ("http://127.0.0.1.evil.example", AddressError::Insecure),
            ("http://10.0.0.1/keys", AddressError::Insecure),
        ] {
            assert_eq!(Address::of_document(bad), Err(error), "{bad}");
        }
        assert_eq!(Address::of_issuer("https://login.example.com/?a=b"), Err(AddressError::Query));
    }

    #[test]
    fn the_discovery_document_has_one_slash_before_its_name() {
        let oidc = "/.well-known/openid-configuration";
        let oauth = "/.well-known/oauth-authorization-server";
        for (issuer, origin, path) in [
            ("https://a.example", "https://a.example", ""),
            ("https://a.example/", "https://a.example", ""),
            ("https://a.example/realms/acme", "https://a.example", "/realms/acme"),
            ("https://a.example/realms/acme/", "https://a.example", "/realms/acme"),
            ("http://localhost:3000/x", "http://localhost:3000", "/x"),
        ] {
            let [first, second] = Address::of_issuer(issuer).unwrap().discovery_documents();
            assert_eq!(first, format!("{origin}{path}{oidc}"), "{issuer}");
            assert_eq!(second, format!("{origin}{oauth}{path}"), "{issuer}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let address = Address::of_document("https://a.example/keys").unwrap();
        for same in ["https://a.example/", "https://A.example:443/other?x", "https://a.example"] {
            assert!(address.has_origin_of(same), "{same}");
        }
        for other in
            ["http://a.example/keys", "https://a.example:8443/keys", "https://b.example/keys", "", "/keys"]
        {
            assert!(!address.has_origin_of(other), "{other}");
        }
    }
}
