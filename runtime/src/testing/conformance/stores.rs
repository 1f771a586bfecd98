//! The operations of a store, without [`Sessions`](crate::session::Sessions).

use std::collections::HashSet;

use futures_util::future::{join, join_all};

use super::{
    CaseResult, EVERY_KIND_OF_CHARACTER, START, any_id, full_record, insert, list, owner, record, wild_text,
};
use crate::clock::Timestamp;
use crate::session::{
    DeviceKind, Ending, Fingerprint, Page, PartitionSalt, SessionMetadata, SessionRecord, TokenHash,
};
use crate::store::{Replaced, SessionStore};

/// A record is loaded and listed exactly as it was inserted, and as it was replaced.
pub async fn every_field_comes_back<S: SessionStore>(store: S) -> CaseResult {
    let mut bare = record("ann")?;
    insert(&store, &mut bare).await?;
    assert_eq!(store.load(&bare.id).await?.as_ref(), Some(&bare));

    let mut full = full_record("ann")?;
    insert(&store, &mut full).await?;
    assert_eq!(store.load(&full.id).await?.as_ref(), Some(&full));
    assert_eq!(list(&store, "ann").await?, [full.clone(), bare.clone()]);

    // Both ways: every field that changes is set, and is taken away.
    for (kept, changed) in [(&bare, &full), (&full, &bare)] {
        let next = SessionRecord {
            current: changed.current.clone(),
            previous: changed.previous.clone(),
            may_be_lost: changed.may_be_lost,
            rotated_at: changed.rotated_at,
            authenticated_at: changed.authenticated_at,
            last_used_at: changed.last_used_at,
            idle_expires_at: changed.idle_expires_at,
            access_not_before: changed.access_not_before,
            version: kept.version + 1,
            ..kept.clone()
        };
        assert_eq!(store.replace(next.clone(), kept.version).await?, Replaced::Yes);
        assert_eq!(store.load(&kept.id).await?, Some(next));
    }

    let mut other = full_record("bob")?;
    other.created_at = Timestamp::from_unix(-1);
    insert(&store, &mut other).await?;
    assert_eq!(store.load(&other.id).await?.as_ref(), Some(&other));
    assert_eq!(list(&store, "bob").await?, [other]);
    Ok(())
}

/// User ids and metadata keep every character, including NUL and line ends, and an empty string is not `None`.
pub async fn every_character_comes_back<S: SessionStore>(store: S) -> CaseResult {
    let text = wild_text();
    let mut wild = record(&text)?;
    wild.metadata = SessionMetadata::default().with_user_agent(text.clone()).with_device_label(text.clone());
    insert(&store, &mut wild).await?;
    assert_eq!(store.load(&wild.id).await?.as_ref(), Some(&wild));
    assert_eq!(list(&store, &text).await?, [wild]);

    let mut empty = record("")?;
    empty.metadata = SessionMetadata::default().with_user_agent("").with_device_label("");
    insert(&store, &mut empty).await?;
    assert_eq!(store.load(&empty.id).await?.as_ref(), Some(&empty));
    assert_eq!(store.remove_all(&owner(&text), None).await?, 1);
    assert_eq!(list(&store, "").await?, [empty]);
    Ok(())
}

/// Each kind of device comes back, and so does none.
pub async fn every_kind_of_device_comes_back<S: SessionStore>(store: S) -> CaseResult {
    for kind in DeviceKind::ALL.map(Some).into_iter().chain([None]) {
        let mut record = record("ann")?;
        if let Some(kind) = kind {
            let fingerprint = Fingerprint::from_bytes([kind as u8; 32]);
            record.metadata = record.metadata.with_device_kind(kind).with_fingerprint(fingerprint);
        }
        insert(&store, &mut record).await?;
        assert_eq!(store.load(&record.id).await?.as_ref(), Some(&record));
        assert_eq!(list(&store, "ann").await?.first(), Some(&record));
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
        let found = list(&store, user).await?;
        assert_eq!(found.len(), 1, "{user:?}");
        assert_eq!(found.iter().map(|record| record.user_id.as_str()).collect::<Vec<_>>(), [*user]);
    }
    assert_eq!(store.remove_all(&owner("ann"), None).await?, 1);
    assert_eq!(store.remove_all(&owner("an%"), None).await?, 1);
    assert_eq!(list(&store, "Ann").await?.len(), 1);
    Ok(())
}

/// An empty store has no records to load, list or remove.
pub async fn an_unknown_session_is_none<S: SessionStore>(store: S) -> CaseResult {
    let id = any_id()?;
    assert_eq!(store.load(&id).await?, None);
    assert!(!store.remove(&id).await?);
    assert_eq!(list(&store, "ann").await?, []);
    assert_eq!(store.remove_all(&owner("ann"), None).await?, 0);
    assert_eq!(store.remove_all(&owner("ann"), Some(&id)).await?, 0);
    assert_eq!(store.purge_expired(START, 100_000).await?, 0);
    Ok(())
}

/// A second record with the same identifier is an error, and the first one stays.
pub async fn an_identifier_is_taken_once<S: SessionStore>(store: S) -> CaseResult {
    let mut first = record("ann")?;
    let mut second = record("bob")?;
    second.id = first.id;
    insert(&store, &mut first).await?;
    assert!(store.insert(second).await.is_err());
    assert!(store.insert(first.clone()).await.is_err());
    assert_eq!(store.load(&first.id).await?, Some(first));
    assert_eq!(list(&store, "bob").await?, []);
    Ok(())
}

/// A replacement is written if, and only if, the version is the expected one.
pub async fn a_replacement_needs_the_version<S: SessionStore>(store: S) -> CaseResult {
    let mut first = record("ann")?;
    insert(&store, &mut first).await?;
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
    insert(&store, &mut record).await?;
    assert!(store.remove(&record.id).await?);
    record.version = 1;
    assert_eq!(store.replace(record.clone(), 0).await?, Replaced::Conflict);
    assert_eq!(store.load(&record.id).await?, None);
    assert_eq!(list(&store, "ann").await?, []);
    Ok(())
}

/// Row 76. Of many replacements that expect the same version, one is written.
pub async fn of_many_replacements_one_wins<S: SessionStore>(store: S) -> CaseResult {
    let mut first = record("ann")?;
    insert(&store, &mut first).await?;
    let attempts = (0..50_u8).map(|number| {
        let mut next = first.clone();
        next.version = 1;
        next.current = TokenHash::of([number]);
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
    let mut gone = record("ann")?;
    let mut kept = record("ann")?;
    insert(&store, &mut gone).await?;
    insert(&store, &mut kept).await?;
    assert!(store.remove(&gone.id).await?);
    assert!(!store.remove(&gone.id).await?);
    assert_eq!(store.load(&gone.id).await?, None);
    assert_eq!(list(&store, "ann").await?, [kept]);
    store.insert(gone).await?;
    assert_eq!(list(&store, "ann").await?.len(), 2);
    Ok(())
}

/// A list has all records of the user, expired ones too, and none of other users.
pub async fn a_list_has_every_record_of_one_user<S: SessionStore>(store: S) -> CaseResult {
    let mut expected = Vec::new();
    for _ in 0..25 {
        let mut mine = record("ann")?;
        mine.idle_expires_at = START;
        insert(&store, &mut mine).await?;
        store.insert(record("bob")?).await?;
        expected.push(mine);
    }
    let mut listed = list(&store, "ann").await?;
    listed.sort_by_key(|record| record.id);
    expected.sort_by_key(|record| record.id);
    assert_eq!(listed, expected);
    Ok(())
}

/// All records of the user are removed except one. An exception that belongs to another user spares nothing.
pub async fn removing_all_spares_other_users_and_the_exception<S: SessionStore>(store: S) -> CaseResult {
    let [mut kept, mut foreign] = [record("ann")?, record("bob")?];
    for record in [&mut kept, &mut foreign, &mut record("ann")?, &mut record("ann")?] {
        insert(&store, record).await?;
    }
    assert_eq!(store.remove_all(&owner("ann"), Some(&kept.id)).await?, 2);
    assert_eq!(list(&store, "ann").await?, [kept]);
    assert_eq!(store.remove_all(&owner("ann"), Some(&foreign.id)).await?, 1);
    assert_eq!(list(&store, "ann").await?, []);
    assert_eq!(store.remove_all(&owner("bob"), None).await?, 1);
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
        insert(&store, &mut record).await?;
        if !record.is_expired(now) {
            survivors.push(record);
        }
    }
    assert_eq!(survivors.len(), 1);
    assert_eq!(store.purge_expired(now, 100_000).await?, 5);
    assert_eq!(store.purge_expired(now, 100_000).await?, 0);
    assert_eq!(list(&store, "ann").await?, survivors);
    Ok(())
}

/// Row 160. The first salt that is proposed stays, of many at once too.
pub async fn the_first_salt_is_kept<S: SessionStore>(store: S) -> CaseResult {
    let proposals = (0..20_u8).map(|number| PartitionSalt::from_bytes([number; 16]));
    let kept = join_all(proposals.clone().map(|salt| store.salt(salt))).await;
    let kept = kept.into_iter().collect::<Result<Vec<_>, _>>()?;
    let Some(first) = kept.first() else { return Err("none".into()) };
    assert!(proposals.clone().any(|salt| salt == *first));
    assert!(kept.iter().all(|salt| salt == first));
    store.purge_expired(Timestamp::from_unix(i64::MAX), 1000).await?;
    for salt in proposals {
        assert_eq!(store.salt(salt).await?, *first);
    }
    Ok(())
}

/// A list is read in pages of any size, the newest first, and a session that ends meanwhile hides no other.
pub async fn pages_have_every_record_once<S: SessionStore>(store: S) -> CaseResult {
    let mut newest_first = Vec::new();
    for _ in 0..10 {
        let mut mine = record("ann")?;
        insert(&store, &mut mine).await?;
        store.insert(record("bob")?).await?;
        newest_first.insert(0, mine);
    }
    let sequences: Vec<_> = newest_first.iter().map(|record| record.sequence).collect();
    assert!(sequences.is_sorted_by(|newer, older| newer > older), "{sequences:?}");
    let ann = owner("ann");
    for limit in [1, 3, 5, 9, 10, 11] {
        let (mut read, mut after) = (Vec::new(), None);
        loop {
            let page = store.list(&ann, Page { after, limit }).await?;
            assert!(u32::try_from(page.len())? <= limit);
            let Some(last) = page.last() else { break };
            after = Some(last.place());
            read.extend(page);
        }
        assert_eq!(read, newest_first, "pages of {limit}");
    }
    assert_eq!(store.list(&ann, Page::first(0)).await?, []);

    // The place of a session that has ended is a place still.
    let gone = newest_first.remove(4);
    assert!(store.remove(&gone.id).await?);
    let behind = store.list(&ann, Page { after: Some(gone.place()), limit: 100 }).await?;
    assert_eq!(behind, newest_first[4..]);
    // A rotation moves nothing.
    let mut rotated = newest_first[2].clone();
    rotated.version += 1;
    assert_eq!(store.replace(rotated.clone(), 0).await?, Replaced::Yes);
    newest_first[2] = rotated;
    assert_eq!(store.list(&ann, Page::first(100)).await?, newest_first);
    Ok(())
}

/// Many records are removed at once, and those that existed are named.
pub async fn removing_each_names_those_that_existed<S: SessionStore>(store: S) -> CaseResult {
    let mut ids = Vec::new();
    for _ in 0..1200 {
        let record = record("ann")?;
        ids.push(record.id);
        store.insert(record).await?;
    }
    let kept = record("ann")?;
    store.insert(kept.clone()).await?;
    assert!(store.remove(&ids[7]).await?);
    let mut removed = store.remove_each(&ids[..1000]).await?;
    removed.sort();
    let mut expected: Vec<_> = ids[..1000].iter().copied().filter(|id| *id != ids[7]).collect();
    expected.sort();
    assert_eq!(removed, expected);
    assert_eq!(store.remove_each(&ids[..1000]).await?, []);
    assert_eq!(store.remove_each(&[]).await?, []);
    assert_eq!(store.remove_each(&ids[1000..]).await?.len(), 200);
    let left = list(&store, "ann").await?;
    assert_eq!(left.iter().map(|record| record.id).collect::<Vec<_>>(), [kept.id]);
    Ok(())
}

/// Row 162. A purge goes in steps: each removes as many as it may, until there are no more.
pub async fn a_purge_goes_in_steps<S: SessionStore>(store: S) -> CaseResult {
    let mut kept = Vec::new();
    for number in 0..30 {
        let mut record = record(if number % 2 == 0 { "ann" } else { "bob" })?;
        if number % 5 == 0 {
            kept.push(record.id);
        } else {
            record.idle_expires_at = Timestamp::from_unix(START.unix() - 40 * 86_400 * (number % 3));
        }
        store.insert(record).await?;
    }
    let mut steps = Vec::new();
    while steps.last().is_none_or(|removed| *removed == 7) {
        steps.push(store.purge_expired(START, 7).await?);
    }
    assert_eq!(steps, [7, 7, 7, 3]);
    assert_eq!(store.purge_expired(START, 7).await?, 0);
    for id in kept {
        assert!(store.load(&id).await?.is_some());
    }
    Ok(())
}

/// One of many servers may purge, until its time is over.
pub async fn one_server_at_a_time_is_told_to_purge<S: SessionStore>(store: S) -> CaseResult {
    let later = |seconds| Timestamp::from_unix(START.unix() + seconds);
    let claims = join_all((0..20).map(|_| store.claim_purge(START, later(60)))).await;
    let claims = claims.into_iter().collect::<Result<Vec<_>, _>>()?;
    let told = claims.iter().filter(|told| **told).count();
    // A store may leave this out.
    if told == claims.len() {
        return Ok(());
    }
    assert_eq!(told, 1);
    assert!(!store.claim_purge(later(59), later(119)).await?);
    assert!(store.claim_purge(later(60), later(120)).await?);
    assert!(!store.claim_purge(later(60), later(120)).await?);
    Ok(())
}

/// Row 163. The log has every announcement, for a reader who begins and for one who goes on, until its time is over.
pub async fn announced_endings_are_read<S: SessionStore>(store: S) -> CaseResult {
    let ids = (0..2500).map(|_| any_id()).collect::<Result<Vec<_>, _>>()?;
    let endings: Vec<_> = ids.iter().copied().map(Ending::Session).collect();
    let of_user = Ending::of_user(&owner("ann"));
    let until = Timestamp::from_unix(START.unix() + 600);
    store.announce(&endings[..1], until).await?;
    // A store may leave this out.
    let Some(begun) = store.endings(None).await? else { return Ok(()) };
    assert_eq!(begun.endings, endings[..1]);

    store.announce(&[], until).await?;
    store.announce(&endings[1..1001], until).await?;
    store.announce(&[of_user], until).await?;
    let announcements =
        endings[1001..1101].iter().map(|ending| store.announce(std::slice::from_ref(ending), until));
    join_all(announcements).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let expected: HashSet<_> = endings[..1101].iter().copied().chain([of_user]).collect();
    let Some(from_start) = store.endings(None).await? else { return Err("the log is gone".into()) };
    assert_eq!(from_start.endings.into_iter().collect::<HashSet<_>>(), expected);
    let Some(gone_on) = store.endings(Some(&begun.next)).await? else { return Err("the log is gone".into()) };
    let new: HashSet<_> = gone_on.endings.iter().copied().collect();
    assert!(
        new.is_subset(&expected)
            && new.is_superset(&expected.iter().copied().filter(|it| *it != endings[0]).collect())
    );

    // Read on and on while others announce: none is missed.
    let mut read = HashSet::new();
    let mut cursor = gone_on.next;
    for chunk in endings[1101..].chunks(100) {
        let announcing =
            join_all(chunk.iter().map(|ending| store.announce(std::slice::from_ref(ending), until)));
        let reading = async {
            for _ in 0..3 {
                let Some(some) = store.endings(Some(&cursor)).await? else {
                    return Err("the log is gone".into());
                };
                read.extend(some.endings);
                cursor = some.next;
            }
            CaseResult::Ok(())
        };
        let (announced, reading) = join(announcing, reading).await;
        announced.into_iter().collect::<Result<Vec<_>, _>>()?;
        reading?;
    }
    let Some(last) = store.endings(Some(&cursor)).await? else { return Err("the log is gone".into()) };
    read.extend(last.endings);
    assert!(endings[1101..].iter().all(|ending| read.contains(ending)));
    Ok(())
}
