//! The conformance suite for session stores: one function for each case.
//!
//! [`store_conformance!`](super::store_conformance) makes a test of each. They can also be called one by one, from any runtime. A
//! case takes an empty store, and fails with a panic or with the store's error.

mod faults;
mod limits;
mod lives;
pub(crate) mod lost_answers;
mod reauthentication;
mod revocation;
mod sessions;
mod stores;
mod watched;

use std::error::Error;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::session::{
    DeviceKind, Fingerprint, Owner, Page, PartitionSalt, SessionError, SessionId, SessionMetadata,
    SessionRecord, TokenHash,
};
use crate::store::{SessionStore, StoreError};

pub use faults::*;
pub use limits::*;
pub use lives::*;
pub use lost_answers::{
    a_kept_token_is_not_displaced, a_late_retry_displaces_a_successor_that_was_never_presented,
    a_lost_answer_is_made_up_for_once, every_short_walk_of_presentations_is_answered_as_its_history_demands,
    parallel_late_retries_get_one_successor,
};
pub use reauthentication::*;
pub use revocation::*;
pub use sessions::*;
pub use stores::*;

/// The result of a case.
pub type CaseResult = Result<(), Box<dyn Error + Send + Sync>>;

/// Tests a session store: makes a module with one test for each case of [`conformance`](crate::testing::conformance).
///
/// The first argument names the module. The second is a future that makes an empty store, once for each test. The crate that
/// uses the macro needs `tokio` with the features `macros` and `rt` in its `[dev-dependencies]`. For a whole example, see
/// [`SessionStore`](crate::store::SessionStore).
///
/// ```
/// # fn main() {}
/// use countersign::store::MemoryStore;
/// use countersign::testing::store_conformance;
///
/// store_conformance!(memory, async { MemoryStore::default() });
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __store_conformance {
    ($name:ident, $make:expr $(,)?) => {
        async fn $name() -> impl $crate::store::SessionStore {
            $make.await
        }

        $crate::__store_conformance! { @cases $name
            every_field_comes_back
            every_character_comes_back
            every_kind_of_device_comes_back
            users_are_told_apart_by_every_character
            an_unknown_session_is_none
            an_identifier_is_taken_once
            a_replacement_needs_the_version
            a_replacement_does_not_bring_back_a_removed_record
            of_many_replacements_one_wins
            a_record_is_removed_once
            a_list_has_every_record_of_one_user
            removing_all_spares_other_users_and_the_exception
            a_purge_removes_what_has_expired
            the_first_salt_is_kept
            pages_have_every_record_once
            removing_each_names_those_that_existed
            a_purge_goes_in_steps
            one_server_at_a_time_is_told_to_purge
            announced_endings_are_read

            identifiers_at_their_limits_are_told_apart
            partitions_are_told_apart_at_their_limits
            long_users_are_told_apart
            access_not_before_comes_back
            metadata_of_every_shape_comes_back
            versions_are_compared_exactly
            a_user_may_have_ten_thousand_sessions
            a_purge_takes_nothing_that_was_just_prolonged
            removing_all_takes_what_is_being_written

            the_current_token_rotates
            a_retry_in_the_window_gets_the_same_successor
            the_window_is_not_prolonged_by_retries
            the_window_ends_when_the_successor_is_used
            a_retry_after_the_window_ends_the_session
            a_retry_with_another_successor_is_refused_and_the_session_goes_on
            a_foreign_token_ends_the_session
            parallel_refreshes_in_the_window_get_one_successor
            of_parallel_refreshes_without_a_window_one_succeeds
            near_expiry_keeps_the_token_until_its_end_is_near
            a_clock_that_steps_back_revives_nothing
            refreshing_does_not_move_the_absolute_end
            an_idle_session_ends
            expired_sessions_are_invisible_and_purged
            sessions_are_listed_newest_first
            only_the_owner_revokes_a_session
            ending_a_session_twice_is_no_error
            ending_all_sessions_spares_the_exception

            a_late_retry_displaces_a_successor_that_was_never_presented
            a_lost_answer_is_made_up_for_once
            parallel_late_retries_get_one_successor
            a_kept_token_is_not_displaced
            every_short_walk_of_presentations_is_answered_as_its_history_demands

            a_revocation_during_a_refresh_is_not_undone
            a_revocation_just_before_the_write_is_not_undone
            a_revocation_amid_many_refreshes_ends_every_session
            a_failed_revocation_during_a_refresh_is_whole_or_nothing
            a_refresh_that_failed_does_not_survive_a_revocation

            a_failing_store_consumes_nothing
            a_write_whose_answer_was_lost_can_be_retried
            refused_minting_consumes_nothing
            a_session_that_cannot_be_read_is_neither_live_nor_missing
            writes_that_fail_before_change_nothing
            writes_whose_answer_was_lost_can_be_repeated
            a_refresh_that_is_dropped_halfway_can_be_retried
            a_sign_in_beyond_the_limit_ends_the_idlest
            parallel_sign_ins_leave_the_sessions_used_last
            a_new_sign_in_stays_also_within_one_second
            parallel_sign_ins_keep_to_the_limit
            of_two_sign_ins_at_once_one_stays
            a_remembered_session_keeps_its_own_lifetimes
            expired_sessions_do_not_count_for_the_limit
            a_sign_in_that_cannot_make_room_fails
            a_touch_moves_the_last_use_and_nothing_else
            parallel_touches_write_once
            a_touch_that_fails_is_no_error
            a_touch_during_a_refresh_delays_it_and_no_more
            access_tokens_that_expire_during_a_refresh_put_it_off
            a_kept_token_moves_the_last_use
            expired_access_tokens_are_refused_and_later_ones_are_not
            only_a_session_of_the_user_is_live

            authenticated_at_comes_back
            a_reauthentication_moves_the_sign_in_and_the_idle_end
            a_token_from_before_a_reauthentication_is_refused_and_the_session_goes_on
            a_token_from_before_a_reauthentication_ends_the_session_after_the_window
            a_reauthentication_that_fails_consumes_nothing
            a_reauthentication_does_not_bring_back_an_ended_session
            parallel_reauthentications_leave_one_good_token
            access_tokens_that_expire_during_a_reauthentication_put_it_off
        }
    };
    (@cases $name:ident $($case:ident)*) => {
        mod $name {$(
            #[::tokio::test]
            async fn $case() -> $crate::testing::conformance::CaseResult {
                $crate::testing::conformance::$case(super::$name().await).await
            }
        )*}
    };
}

/// Characters that stores treat in different ways: quotes and patterns, two to four bytes, right to left, and one of two code points.
const EVERY_KIND_OF_CHARACTER: [&str; 5] =
    ["'\"\\;--%_", "é", "\u{202e}\u{feff}", "e\u{301}", "🦀\u{10ffff}"];

/// All ASCII characters, and [`EVERY_KIND_OF_CHARACTER`].
fn wild_text() -> String {
    let ascii = (0..=0x7f_u8).map(char::from);
    ascii.chain(EVERY_KIND_OF_CHARACTER.iter().flat_map(|text| text.chars())).collect()
}

const START: Timestamp = Timestamp::from_unix(1_700_000_000);

/// The owner of sessions for tests that call the store without the salt that it keeps.
pub(crate) fn owner(user_id: &str) -> Owner<'_> {
    Owner::new(&PartitionSalt::from_bytes(*b"a salt for tests"), user_id)
}

pub(crate) fn any_id() -> Result<SessionId, SessionError> {
    SessionId::generate(owner("").partition())
}

/// Inserts a record, and notes the sequence that the store gave it.
async fn insert<S: SessionStore>(store: &S, record: &mut SessionRecord) -> Result<(), StoreError> {
    record.sequence = store.insert(record.clone()).await?;
    Ok(())
}

/// All records of a user.
async fn list<S: SessionStore>(store: &S, user_id: &str) -> Result<Vec<SessionRecord>, StoreError> {
    store.list(&owner(user_id), Page::first(u32::MAX)).await
}

fn record(user_id: &str) -> Result<SessionRecord, Box<dyn Error + Send + Sync>> {
    let token = TokenHash::of(format!("first token of {user_id}"));
    let end = Timestamp::from_unix(1_800_000_000);
    Ok(SessionRecord::new(SessionId::generate(owner(user_id).partition())?, user_id, token, START, end, end))
}

/// A record with every field set, and no two fields alike.
fn full_record(user_id: &str) -> Result<SessionRecord, Box<dyn Error + Send + Sync>> {
    let mut record = record(user_id)?;
    record.previous = Some(TokenHash::of("the one before"));
    record.may_be_lost = true;
    record.rotated_at = Timestamp::from_unix(1_700_000_001);
    record.authenticated_at = Timestamp::from_unix(1_700_000_005);
    record.last_used_at = Timestamp::from_unix(1_700_000_002);
    record.idle_ttl = Some(Duration::from_secs(1_700_000_006));
    record.idle_expires_at = Timestamp::from_unix(1_700_000_003);
    record.absolute_expires_at = Timestamp::from_unix(253_402_300_800);
    record.access_not_before = Some(Timestamp::from_unix(1_700_000_004));
    record.ends_with_browser = true;
    record.version = u64::from(u32::MAX) + 7;
    record.metadata = SessionMetadata::default()
        .with_address([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into())
        .with_user_agent("Mozilla/5.0")
        .with_device_label("my phone")
        .with_device_kind(DeviceKind::Phone)
        .with_fingerprint(Fingerprint::from_bytes(std::array::from_fn(|place| place as u8)));
    Ok(record)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_in_the_macro() {
        let macro_text = include_str!("mod.rs");
        let files = [
            include_str!("faults.rs"),
            include_str!("limits.rs"),
            include_str!("lives.rs"),
            include_str!("lost_answers.rs"),
            include_str!("reauthentication.rs"),
            include_str!("revocation.rs"),
            include_str!("sessions.rs"),
            include_str!("stores.rs"),
        ];
        let cases = files
            .into_iter()
            .flat_map(str::lines)
            .filter_map(|line| line.strip_prefix("pub async fn "))
            .filter_map(|line| line.split('<').next());
        let mut count = 0;
        for case in cases {
            assert!(macro_text.lines().any(|line| line.trim() == case), "`{case}` is not run");
            count += 1;
        }
        assert!(count >= 58, "only {count} cases");
    }
}
