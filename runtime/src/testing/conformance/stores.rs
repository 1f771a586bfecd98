//! The operations of a store, without [`Sessions`](crate::session::Sessions).

use futures_util::future::join_all;

use super::{CaseResult, EVERY_KIND_OF_CHARACTER, START, full_record, record, wild_text};
use crate::clock::Timestamp;
use crate::session::{DeviceKind, Fingerprint, SessionId, SessionMetadata, TokenHash};
use crate::store::{Replaced, SessionStore};

/// A record is loaded and listed exactly as it was inserted or replaced.
pub async fn every_field_comes_back<S: SessionStore>(store: S) -> CaseResult {
    let bare = record("ann")?;
    store.insert(bare.clone()).await?;
    assert_eq!(store.load(&bare.id).await?.as_ref(), Some(&bare));

    let mut full = full_record("ann")?;
    full.id = bare.id.clone();
    assert_eq!(store.replace(full.clone(), bare.version).await?, Replaced::Yes);
    assert_eq!(store.load(&full.id).await?.as_ref(), Some(&full));
    assert_eq!(store.list("ann").await?, [full.clone()]);

    let mut other = full_record("bob")?;
    other.created_at = Timestamp::from_unix(-1);
    store.insert(other.clone()).await?;
    assert_eq!(store.load(&other.id).await?.as_ref(), Some(&other));
    assert_eq!(store.load(&full.id).await?, Some(full));
    Ok(())
}

/// User ids and metadata keep every character, including NUL and line ends, and an empty string is not `None`.
pub async fn every_character_comes_back<S: SessionStore>(store: S) -> CaseResult {
    let text = wild_text();
    let mut wild = record(&text)?;
    wild.metadata = SessionMetadata::default().with_user_agent(text.clone()).with_device_label(text.clone());
    store.insert(wild.clone()).await?;
    assert_eq!(store.load(&wild.id).await?.as_ref(), Some(&wild));
    assert_eq!(store.list(&text).await?, [wild]);

    let mut empty = record("")?;
    empty.metadata = SessionMetadata::default().with_user_agent("").with_device_label("");
    store.insert(empty.clone()).await?;
    assert_eq!(store.load(&empty.id).await?.as_ref(), Some(&empty));
    assert_eq!(store.remove_all(&text, None).await?, 1);
    assert_eq!(store.list("").await?, [empty]);
    Ok(())
}

/// Each kind of device comes back, also after another one, and so does none.
pub async fn every_kind_of_device_comes_back<S: SessionStore>(store: S) -> CaseResult {
    let mut record = record("ann")?;
    store.insert(record.clone()).await?;
    for kind in DeviceKind::ALL.map(Some).into_iter().chain([None]) {
        let expected = record.version;
        record.version += 1;
        record.metadata = SessionMetadata::default();
        if let Some(kind) = kind {
            let fingerprint = Fingerprint::from_bytes([kind as u8; 32]);
            record.metadata = record.metadata.with_device_kind(kind).with_fingerprint(fingerprint);
        }
        assert_eq!(store.replace(record.clone(), expected).await?, Replaced::Yes);
        assert_eq!(store.load(&record.id).await?.as_ref(), Some(&record));
        assert_eq!(store.list("ann").await?, [record.clone()]);
    }
    Ok(())
}

/// User ids are compared exactly: no case folding, no truncation at NUL or spaces, no patterns.
pub async fn users_are_told_apart_by_every_character<S: SessionStore>(store: S) -> CaseResult {
    let mut users =
        vec!["ann", "Ann", "ann ", " ann", "ann\0", "ann\0x", "ann\n", "an%", "an_", "*", "ann:x", "1", "01"];
    users.extend(EVERY_KIND_OF_CHARACTER);
    for user in &users {
        store.insert(record(user)?).await?;
    }
    for user in &users {
        let found = store.list(user).await?;
        assert_eq!(found.len(), 1, "{user:?}");
        assert_eq!(found.iter().map(|record| record.user_id.as_str()).collect::<Vec<_>>(), [*user]);
    }
    assert_eq!(store.remove_all("ann", None).await?, 1);
    assert_eq!(store.remove_all("an%", None).await?, 1);
    assert_eq!(store.list("Ann").await?.len(), 1);
    Ok(())
}

/// An empty store has no records to load, list or remove.
pub async fn an_unknown_session_is_none<S: SessionStore>(store: S) -> CaseResult {
    let id = SessionId::generate()?;
    assert_eq!(store.load(&id).await?, None);
    assert!(!store.remove(&id).await?);
    assert_eq!(store.list("ann").await?, []);
    assert_eq!(store.remove_all("ann", None).await?, 0);
    assert_eq!(store.remove_all("ann", Some(&id)).await?, 0);
    assert_eq!(store.purge_expired(START).await?, 0);
    Ok(())
}

/// A second record with the same identifier is an error, and the first one stays.
pub async fn an_identifier_is_taken_once<S: SessionStore>(store: S) -> CaseResult {
    let first = record("ann")?;
    let mut second = record("bob")?;
    second.id = first.id.clone();
    store.insert(first.clone()).await?;
    assert!(store.insert(second).await.is_err());
    assert!(store.insert(first.clone()).await.is_err());
    assert_eq!(store.load(&first.id).await?, Some(first));
    assert_eq!(store.list("bob").await?, []);
    Ok(())
}

/// A replacement is written if, and only if, the version is the expected one.
pub async fn a_replacement_needs_the_version<S: SessionStore>(store: S) -> CaseResult {
    let first = record("ann")?;
    store.insert(first.clone()).await?;
    let mut second = first.clone();
    second.version = 1;
    second.current = TokenHash::of("second");
    assert_eq!(store.replace(second.clone(), 1).await?, Replaced::Conflict);
    assert_eq!(store.load(&first.id).await?.as_ref(), Some(&first));
    assert_eq!(store.replace(second.clone(), 0).await?, Replaced::Yes);

    let mut late = first;
    late.version = 1;
    late.current = TokenHash::of("late");
    assert_eq!(store.replace(late, 0).await?, Replaced::Conflict);
    assert_eq!(store.load(&second.id).await?, Some(second));
    Ok(())
}

/// The replacement of a missing record is a conflict and does not create it.
pub async fn a_replacement_does_not_bring_back_a_removed_record<S: SessionStore>(store: S) -> CaseResult {
    let mut record = record("ann")?;
    assert_eq!(store.replace(record.clone(), 0).await?, Replaced::Conflict);
    store.insert(record.clone()).await?;
    assert!(store.remove(&record.id).await?);
    record.version = 1;
    assert_eq!(store.replace(record.clone(), 0).await?, Replaced::Conflict);
    assert_eq!(store.load(&record.id).await?, None);
    assert_eq!(store.list("ann").await?, []);
    Ok(())
}

/// Row 76. Of many replacements that expect the same version, one is written.
pub async fn of_many_replacements_one_wins<S: SessionStore>(store: S) -> CaseResult {
    let first = record("ann")?;
    store.insert(first.clone()).await?;
    let attempts = (0..50).map(|number| {
        let mut next = first.clone();
        next.version = 1;
        next.metadata = SessionMetadata::default().with_device_label(number.to_string());
        let store = &store;
        async move { store.replace(next.clone(), 0).await.map(|replaced| (replaced, next)) }
    });
    let results = join_all(attempts).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let winners: Vec<_> = results.into_iter().filter(|(replaced, _)| *replaced == Replaced::Yes).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(store.load(&first.id).await?.as_ref(), winners.first().map(|(_, written)| written));
    Ok(())
}

/// A removal returns whether the record existed.
pub async fn a_record_is_removed_once<S: SessionStore>(store: S) -> CaseResult {
    let gone = record("ann")?;
    let kept = record("ann")?;
    store.insert(gone.clone()).await?;
    store.insert(kept.clone()).await?;
    assert!(store.remove(&gone.id).await?);
    assert!(!store.remove(&gone.id).await?);
    assert_eq!(store.load(&gone.id).await?, None);
    assert_eq!(store.list("ann").await?, [kept]);
    store.insert(gone).await?;
    assert_eq!(store.list("ann").await?.len(), 2);
    Ok(())
}

/// A list has all records of the user, expired ones too, and none of other users.
pub async fn a_list_has_every_record_of_one_user<S: SessionStore>(store: S) -> CaseResult {
    let mut expected = Vec::new();
    for _ in 0..25 {
        let mut mine = record("ann")?;
        mine.idle_expires_at = START;
        store.insert(mine.clone()).await?;
        store.insert(record("bob")?).await?;
        expected.push(mine);
    }
    let mut listed = store.list("ann").await?;
    listed.sort_by(|a, b| a.id.cmp(&b.id));
    expected.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(listed, expected);
    Ok(())
}

/// All records of the user are removed except one. An exception that belongs to another user spares nothing.
pub async fn removing_all_spares_other_users_and_the_exception<S: SessionStore>(store: S) -> CaseResult {
    let kept = record("ann")?;
    let foreign = record("bob")?;
    for record in [kept.clone(), foreign.clone(), record("ann")?, record("ann")?] {
        store.insert(record).await?;
    }
    assert_eq!(store.remove_all("ann", Some(&kept.id)).await?, 2);
    assert_eq!(store.list("ann").await?, [kept]);
    assert_eq!(store.remove_all("ann", Some(&foreign.id)).await?, 1);
    assert_eq!(store.list("ann").await?, []);
    assert_eq!(store.remove_all("bob", None).await?, 1);
    assert_eq!(store.load(&foreign.id).await?, None);
    Ok(())
}

/// A purge removes the records that have reached either limit, at that very second, and no others.
pub async fn a_purge_removes_what_has_expired<S: SessionStore>(store: S) -> CaseResult {
    let now = START;
    let [before, after] = [now.unix() - 1, now.unix() + 1].map(Timestamp::from_unix);
    let mut survivors = Vec::new();
    for (idle_end, absolute_end) in
        [(before, after), (now, after), (after, now), (after, before), (before, before), (after, after)]
    {
        let mut record = record("ann")?;
        record.idle_expires_at = idle_end;
        record.absolute_expires_at = absolute_end;
        store.insert(record.clone()).await?;
        if !record.is_expired(now) {
            survivors.push(record);
        }
    }
    assert_eq!(survivors.len(), 1);
    assert_eq!(store.purge_expired(now).await?, 5);
    assert_eq!(store.purge_expired(now).await?, 0);
    assert_eq!(store.list("ann").await?, survivors);
    Ok(())
}
