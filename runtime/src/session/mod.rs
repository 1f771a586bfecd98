//! Sessions: the server's record of a sign-in, and the rule by which a refresh token is exchanged for the next.
//!
//! A session is one [`SessionRecord`] in a [`SessionStore`]. It holds the SHA-256 of the current refresh token and of the
//! one before it, and nothing from which a token could be made.
//!
//! | a token that was signed for the session and | result |
//! |---|---|
//! | is the current one | [`Outcome::Rotated`]: a successor takes its place |
//! | is the one before, inside the window | [`Outcome::Repeated`]: the same successor once more, without a write |
//! | was the current one at a [reauthentication](Sessions::reauthenticate), inside the window | [`SessionError::Unrepeatable`]: the token that followed is not given out again, and the session goes on |
//! | is the one before, after the window, if its successor was never presented and [lost answers](Rotation::recover_lost_answers) are made up for | [`Outcome::Recovered`]: a new successor displaces the unused one, once |
//! | is any other | [`SessionError::Reused`]: a copy of it is in use, and the session ends (RFC 9700 section 4.14.2) |
//! | belongs to no session, or to one that ended | [`SessionError::Unknown`], [`SessionError::Expired`] |

mod cache;
mod device;
mod end;
mod endings;
mod erased;
mod error;
mod feed;
mod hash;
mod id;
mod lookup;
mod open;
mod outage;
// The example in the documentation of `SessionStore`, compiled here to run the conformance suite.
#[cfg(test)]
mod own_store;
mod page;
mod partition;
#[cfg(test)]
mod races;
mod record;
mod remember;
mod rotation;
mod service;
pub(crate) mod store;
#[cfg(not(target_family = "wasm"))]
mod watch;

pub use device::{DeviceKind, Fingerprint};
pub use endings::{Cursor, Ending, Endings, InvalidEnding};
pub(crate) use erased::ErasedStore;
pub use error::SessionError;
pub use hash::TokenHash;
pub use id::{InvalidSessionId, SessionId};
pub(crate) use open::Opening;
pub(crate) use outage::KnowsOutages;
pub use page::{InvalidPlace, Page, PageCursor, Place, SessionPage};
pub use partition::{Owner, Partition, PartitionSalt};
pub use record::{SessionMetadata, SessionRecord};
pub use remember::Remember;
pub use rotation::{Lifetimes, PolicyError, ReuseKind, Rotation, SessionPolicy, Successors};
pub use service::{Outcome, Prepared, Sessions};
use store::{Replaced, SessionStore, StoreError};
#[cfg(not(target_family = "wasm"))]
pub use watch::SessionEnd;
#[cfg(not(target_family = "wasm"))]
pub(crate) use watch::{Watch, Watched, Withdrawn};
