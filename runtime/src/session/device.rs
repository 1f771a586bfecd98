//! The client of a session: its kind, and a fingerprint to recognise it by.

use std::fmt;

use serde::Serialize;

/// The kind of device that a user signed in from, as the client describes itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::DeviceKind))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DeviceKind {
    /// A desktop or a laptop computer. A tablet whose browser asks for pages of a desktop is taken for one.
    Desktop,
    /// A phone.
    Phone,
    /// A tablet.
    Tablet,
    /// A program other than a browser: a command line tool, a library, a crawler.
    Program,
}

impl DeviceKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Desktop, Self::Phone, Self::Tablet, Self::Program];

    /// The name, as in a list of sessions: `desktop`, `phone`, `tablet`, `program`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Phone => "phone",
            Self::Tablet => "tablet",
            Self::Program => "program",
        }
    }

    /// The kind of this name, for a store that kept [`as_str`](Self::as_str); `None` for any other text.
    ///
    /// ```
    /// use countersign::session::DeviceKind;
    ///
    /// assert_eq!(DeviceKind::named("phone"), Some(DeviceKind::Phone));
    /// assert_eq!(DeviceKind::named("fridge"), None);
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A keyed hash of what a client says about itself, by which its user's other sessions are compared.
///
/// It depends on the user, so that a copy of the store does not tell which users share a device.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Restores a fingerprint from the bytes that [`as_bytes`](Self::as_bytes) gave to a store.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash, for a store to keep.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(..)")
    }
}
