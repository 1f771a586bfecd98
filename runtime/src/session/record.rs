//! The server's record of a session.

use std::net::IpAddr;
use std::time::Duration;

use super::{DeviceKind, Fingerprint, Place, SessionId, TokenHash};
use crate::clock::Timestamp;

/// One session, as a store keeps it.
///
/// A store rebuilds it with [`SessionRecord::new`] and then sets the fields that are not arguments. It changes no value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionRecord {
    /// Names the session; `sid` in its tokens.
    pub id: SessionId,
    /// The owner of the session: the subject of its tokens.
    pub user_id: String,
    /// The current refresh token.
    pub current: TokenHash,
    /// The refresh token before it; `None` until the first rotation.
    pub previous: Option<TokenHash>,
    /// Whether the answer with `current` may have been lost: a refresh gave it out, it was not presented, and it did not replace a lost
    /// one. Always `false` unless [`Rotation::recover_lost_answers`](super::Rotation::recover_lost_answers) is on.
    pub may_be_lost: bool,
    /// When `current` became the current one.
    pub rotated_at: Timestamp,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// The order of the user's sessions: larger for one that was opened later. The store sets it when it adds the record.
    pub sequence: u64,
    /// When the user last authenticated: at sign-in, and at each [reauthentication](super::Sessions::reauthenticate). It is the
    /// `auth_time` of the session's access tokens.
    pub authenticated_at: Timestamp,
    /// When the session was last used. It moves at each rotation, and between rotations at most once in every
    /// [touch interval](super::SessionPolicy::touch_interval) in which the session is looked up.
    pub last_used_at: Timestamp,
    /// How long this session lives without being refreshed, in whole seconds; `None` if as configured. See
    /// [`Remember`](super::Remember).
    pub idle_ttl: Option<Duration>,
    /// When the session ends unless it is used; `current` ends with it.
    pub idle_expires_at: Timestamp,
    /// When the session ends, however much it is used.
    pub absolute_expires_at: Timestamp,
    /// Access tokens that were issued at this time or before are refused where the session is looked up.
    pub access_not_before: Option<Timestamp>,
    /// Whether the cookies of the session end with the browser. See [`Remember`](super::Remember).
    pub ends_with_browser: bool,
    /// The client, for the user's list of sessions.
    pub metadata: SessionMetadata,
    /// Grows with every write; stores compare it before they replace a record.
    pub version: u64,
}

impl SessionRecord {
    /// A session that starts at `created_at` with its first refresh token, at version 0 and without metadata.
    ///
    /// ```
    /// use std::time::Duration;
    /// use countersign::Timestamp;
    /// use countersign::session::{Partition, SessionId, SessionRecord, TokenHash};
    ///
    /// let now = Timestamp::from_unix(1_700_000_000);
    /// let day = Duration::from_secs(86_400);
    /// let id = SessionId::generate(Partition::new(7))?;
    /// let record = SessionRecord::new(id, "42", TokenHash::of("jti"), now, now + day, now + 7 * day);
    /// assert!(!record.is_expired(now));
    /// assert!(record.is_expired(now + day));
    /// # Ok::<(), countersign::session::SessionError>(())
    /// ```
    pub fn new(
        id: SessionId,
        user_id: impl Into<String>,
        current: TokenHash,
        created_at: Timestamp,
        idle_expires_at: Timestamp,
        absolute_expires_at: Timestamp,
    ) -> Self {
        Self {
            id,
            user_id: user_id.into(),
            current,
            previous: None,
            may_be_lost: false,
            rotated_at: created_at,
            created_at,
            sequence: 0,
            authenticated_at: created_at,
            last_used_at: created_at,
            idle_ttl: None,
            idle_expires_at,
            absolute_expires_at,
            access_not_before: None,
            ends_with_browser: false,
            metadata: SessionMetadata::default(),
            version: 0,
        }
    }

    /// Where the session is in the list of its user.
    pub const fn place(&self) -> Place {
        Place { sequence: self.sequence, id: self.id }
    }

    /// Whether the session has ended at `now`. At the second of expiry itself it has (RFC 7519 section 4.1.4).
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.idle_expires_at || now >= self.absolute_expires_at
    }
}

/// The longest user agent and device label that are kept, in bytes.
const TEXT_LIMIT: usize = 512;

/// The client that signed in, so that the user recognises it in a list. No decision depends on it.
///
/// ```
/// use countersign::session::{DeviceKind, SessionMetadata};
///
/// let metadata = SessionMetadata::default()
///     .with_address([192, 0, 2, 7].into())
///     .with_user_agent("curl/8.5.0")
///     .with_device_label("x".repeat(10_000))
///     .with_device_kind(DeviceKind::Program);
/// assert_eq!(metadata.user_agent(), Some("curl/8.5.0"));
/// assert_eq!(metadata.device_kind(), Some(DeviceKind::Program));
/// assert_eq!(metadata.device_label().map(str::len), Some(512));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionMetadata {
    address: Option<IpAddr>,
    user_agent: Option<Box<str>>,
    device_label: Option<Box<str>>,
    device_kind: Option<DeviceKind>,
    fingerprint: Option<Fingerprint>,
    /// What the client says about itself besides its user agent, until the sign-in makes a fingerprint of it. It is never stored.
    hints: Option<Box<str>>,
}

impl SessionMetadata {
    /// The metadata that a store has kept.
    #[cfg(any(feature = "postgres", feature = "redis", feature = "sqlite"))]
    pub(crate) fn restored(
        address: Option<IpAddr>,
        user_agent: Option<String>,
        device_label: Option<String>,
        device_kind: Option<DeviceKind>,
        fingerprint: Option<Fingerprint>,
    ) -> Self {
        let (user_agent, device_label) = (user_agent.map(cut), device_label.map(cut));
        Self { address, user_agent, device_label, device_kind, fingerprint, hints: None }
    }

    /// Sets the client's address.
    #[must_use]
    pub fn with_address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Sets the client's user agent, truncated to 512 bytes.
    #[must_use]
    pub fn with_user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(cut(user_agent.into()));
        self
    }

    /// Sets the name that the user gave the device, truncated to 512 bytes.
    #[must_use]
    pub fn with_device_label(mut self, device_label: impl Into<String>) -> Self {
        self.device_label = Some(cut(device_label.into()));
        self
    }

    /// Sets the kind of device.
    #[must_use]
    pub fn with_device_kind(mut self, device_kind: DeviceKind) -> Self {
        self.device_kind = Some(device_kind);
        self
    }

    /// Sets the fingerprint: for a store that rebuilds a record. A sign-in makes the fingerprint of a client itself.
    #[must_use]
    pub fn with_fingerprint(mut self, fingerprint: Fingerprint) -> Self {
        self.fingerprint = Some(fingerprint);
        self
    }

    /// What the client says about itself besides its user agent.
    pub(crate) fn with_hints(mut self, hints: String) -> Self {
        self.hints = Some(cut(hints));
        self
    }

    /// The text of which a sign-in makes the fingerprint, and nothing of it afterwards; `None` if the client has said nothing.
    ///
    /// The user agent is taken without digits, dots and underscores, so that an update of the browser makes no other client of it.
    pub(crate) fn take_description(&mut self) -> Option<[String; 2]> {
        let hints = self.hints.take();
        let is_stable = |character: &char| !matches!(character, '0'..='9' | '.' | '_');
        let user_agent: Option<String> =
            self.user_agent.as_ref().map(|text| text.chars().filter(is_stable).collect());
        match (user_agent, hints) {
            (None, None) => None,
            (user_agent, hints) => Some([user_agent.unwrap_or_default(), hints.unwrap_or_default().into()]),
        }
    }

    /// The client's address.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The client's own name for itself.
    pub fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }

    /// The name that the user gave the device.
    pub fn device_label(&self) -> Option<&str> {
        self.device_label.as_deref()
    }

    /// The kind of device, as the client describes itself.
    pub fn device_kind(&self) -> Option<DeviceKind> {
        self.device_kind
    }

    /// A keyed hash of what the client says about itself. It is there once the session is open, if the client was known.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.fingerprint
    }
}

fn cut(mut text: String) -> Box<str> {
    let end = (0..=TEXT_LIMIT.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    text.truncate(end.unwrap_or(0));
    text.into_boxed_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_of_a_browser_does_not_change_its_description() {
        let describe = |user_agent: &str| {
            SessionMetadata::default().with_user_agent(user_agent).take_description().unwrap()
        };
        let firefox = |version: &str| {
            format!("Mozilla/5.0 (X11; Linux x86_64; rv:{version}) Gecko/20100101 Firefox/{version}")
        };
        assert_eq!(describe(&firefox("145.0")), describe(&firefox("146.0.1")));
        assert_ne!(describe(&firefox("145.0")), describe("curl/8.5.0"));
        let mut metadata = SessionMetadata::default().with_hints("en".to_owned());
        assert_eq!(metadata.take_description(), Some([String::new(), "en".to_owned()]));
        assert_eq!(metadata, SessionMetadata::default());
        assert_eq!(metadata.take_description(), None);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let cut =
            |text: String| SessionMetadata::default().with_user_agent(text).user_agent().map(str::to_owned);
        assert_eq!(cut("a".repeat(512)), Some("a".repeat(512)));
        assert_eq!(cut("a".repeat(513)), Some("a".repeat(512)));
        assert_eq!(cut(format!("{}🦀", "a".repeat(510))), Some("a".repeat(510)));
        assert_eq!(cut(String::new()), Some(String::new()));
    }
}
