//! The content of Redis.

use super::*;

/// Compares a time to live in milliseconds with the expected one. A slow machine may take up to a minute of it.
fn is_about(actual: i64, expected: Duration) -> bool {
    let expected = i64::try_from(expected.as_millis()).unwrap();
    (expected - 60_000..=expected).contains(&actual)
}

/// A day so that not each rotation has to prolong it, and an hour for clocks.
const GRACE: Duration = Duration::from_secs(25 * 60 * 60);

/// A rotation does not prolong the life of indexes, so they live as long as their sessions may.
const INDEX_GRACE: Duration = Duration::from_secs(2 * 24 * 60 * 60);

#[tokio::test]
async fn every_key_expires_soon_after_what_it_is_for() {
    let store = fresh_store().await;
    let mut long = record("ann");
    long.idle_expires_at = START + 3 * DAY;
    let short = record("ann");
    let mut ended = record("bob");
    ended.idle_expires_at = START - DAY;
    ended.absolute_expires_at = START - DAY;
    for record in [&ended, &long, &short] {
        store.insert(record.clone()).await.unwrap();
    }

    let mut keys = store.keys().await;
    for user in ["ann", "bob"] {
        assert_eq!(keys.remove(&store.sequence_of(user)), Some(-1), "one key for a hash tag, for ever");
    }
    let expected = [
        (store.record(&long.id), 3 * DAY + GRACE),
        (store.record(&short.id), DAY + GRACE),
        (store.record(&ended.id), GRACE),
        (store.index_of("ann"), 7 * DAY + INDEX_GRACE),
        (store.ends_of("ann"), 7 * DAY + INDEX_GRACE),
        (store.index_of("bob"), INDEX_GRACE),
        (store.ends_of("bob"), INDEX_GRACE),
    ];
    assert_eq!(keys.len(), expected.len());
    for (key, life) in expected {
        assert!(is_about(keys[&key], life), "{key}: {}", keys[&key]);
    }
}

#[tokio::test]
async fn a_rotation_prolongs_the_life_of_its_record_once_a_day() {
    let store = fresh_store().await;
    let mut record = record("ann");
    store.add(&mut record).await;
    let life = async || store.keys().await[&store.record(&record.id)];
    let mut previous = record.clone();
    let mut rotate = async |used: Duration, end: Duration| {
        let mut rotated = next(&previous);
        rotated.last_used_at = START + used;
        rotated.idle_expires_at = START + end;
        assert_eq!(store.replace(rotated.clone(), previous.version).await.unwrap(), Replaced::Yes);
        previous = rotated;
    };
    rotate(DAY / 2, DAY * 3 / 2).await;
    rotate(DAY, 2 * DAY).await;
    assert!(is_about(life().await, DAY + GRACE), "the day that the sign-in has added is not over");
    rotate(DAY + Duration::from_secs(1), 2 * DAY + Duration::from_secs(1)).await;
    assert!(is_about(life().await, DAY + GRACE));
    rotate(DAY, 6 * DAY).await;
    assert!(is_about(life().await, 5 * DAY + GRACE));
    rotate(2 * DAY, 2 * DAY).await;
    assert!(is_about(life().await, 5 * DAY + GRACE), "a shorter life may wait for the purge");

    let mut refused = record.clone();
    refused.idle_expires_at = START + 300 * DAY;
    refused.absolute_expires_at = START + 300 * DAY;
    assert_eq!(store.replace(refused, 0).await.unwrap(), Replaced::Conflict);
    assert!(is_about(life().await, 5 * DAY + GRACE));
}

#[tokio::test]
async fn times_at_the_end_of_the_calendar_are_kept() {
    let store = fresh_store().await;
    let [first, last] = [i64::MIN, i64::MAX].map(Timestamp::from_unix);
    for (created_at, ends_at) in [(first, last), (first, first), (last, last), (last, first)] {
        let mut record = record("ann");
        record.created_at = created_at;
        record.last_used_at = created_at;
        record.idle_expires_at = ends_at;
        record.absolute_expires_at = ends_at;
        store.add(&mut record).await;
        assert_eq!(store.load(&record.id).await.unwrap().as_ref(), Some(&record));
        assert_eq!(store.replace(next(&record), 0).await.unwrap(), Replaced::Yes);
    }
    assert!(store.keys().await.iter().all(|(key, life)| *life > 0 || key.ends_with("}sequence")));
    assert_eq!(store.purge_expired(START, 1000).await.unwrap(), 2);
}

/// Row 89.
#[tokio::test]
async fn keys_name_no_user_and_values_hold_no_token() {
    let store = fresh_store().await;
    let sessions = sessions(&store);
    let user = "ann@example.com";
    let [jti, next_jti] = ["the identifier of the first token", "the identifier of its successor"];
    let [first, second] = [jti, next_jti].map(TokenHash::of);
    let id = sessions.open(user, first.clone(), SessionMetadata::default()).await.unwrap().id;
    let prepared = sessions.prepare(&id, &first, &second).await.unwrap();
    sessions.commit(prepared, |_, _| Ok::<_, SessionError>(())).await.unwrap();

    let keys = store.keys().await;
    assert!(keys.keys().all(|key| !key.contains("ann") && !key.contains("example")), "{keys:?}");
    let fields: HashMap<String, String> = store.ask(&["HGETALL", &store.record(&id)]).await;
    let mut values: Vec<_> = fields.into_values().collect();
    for index in [store.index_of(user), store.ends_of(user)] {
        values.extend(store.ask::<Vec<String>>(&["ZRANGE", &index, "0", "-1"]).await);
    }
    let dump = values.join("\n");
    assert!(dump.contains(user) && dump.contains(id.as_str()));
    assert!(!dump.contains(jti) && !dump.contains(next_jti));
}

#[tokio::test]
async fn only_the_sequence_is_left_when_every_session_is_gone() {
    let store = fresh_store().await;
    let records: Vec<_> = (0..6).map(|_| record("ann")).collect();
    for record in &records {
        store.insert(record.clone()).await.unwrap();
    }
    let sizes = async || {
        let [of_user, ends] = [store.index_of("ann"), store.ends_of("ann")];
        [store.ask::<u32>(&["ZCARD", &of_user]).await, store.ask::<u32>(&["ZCARD", &ends]).await]
    };
    assert!(store.remove(&records[0].id).await.unwrap());
    assert_eq!(sizes().await, [5, 5]);
    assert_eq!(store.remove_each(&[records[0].id, records[2].id]).await.unwrap(), [records[2].id]);
    assert_eq!(sizes().await, [4, 4]);
    assert_eq!(store.remove_all(&owner("ann"), Some(&records[1].id)).await.unwrap(), 3);
    assert_eq!(sizes().await, [1, 1]);
    assert_eq!(store.purge_expired(START + DAY, 1000).await.unwrap(), 1);
    assert_eq!(store.keys().await, HashMap::from([(store.sequence_of("ann"), -1)]));
}

#[tokio::test]
async fn a_list_forgets_records_that_have_expired_away() {
    let store = fresh_store().await;
    let mut records: Vec<_> = (0..9).map(|_| record("ann")).collect();
    for record in &mut records {
        store.add(record).await;
    }
    records.reverse();
    for gone in [8, 7, 3, 2, 0] {
        let gone = records.remove(gone);
        let _: u32 = store.ask(&["DEL", &store.record(&gone.id)]).await;
    }
    // A page is full although entries without a record are between those with one.
    assert_eq!(store.list(&owner("ann"), Page::first(2)).await.unwrap(), records[..2]);
    assert_eq!(store.ask::<u32>(&["ZCARD", &store.index_of("ann")]).await, 6);
    assert_eq!(store.list_of("ann").await, records);
    assert_eq!(store.ask::<u32>(&["ZCARD", &store.index_of("ann")]).await, 4);
    assert_eq!(store.purge_expired(START, 1000).await.unwrap(), 0);
    assert_eq!(store.remove_all(&owner("ann"), None).await.unwrap(), 4);
}

/// `purge_expired` need not be called, and the sessions that live longest may be the oldest ones.
#[tokio::test]
async fn indexes_shrink_as_records_are_added_after_others_have_expired_away() {
    const LIVING: u32 = 10;
    let store = fresh_store().await;
    let mut gone = Vec::new();
    for number in 0..100 {
        let record = record("ann");
        store.insert(record.clone()).await.unwrap();
        if number >= LIVING {
            gone.push(store.record(&record.id));
        }
    }
    for key in gone {
        let _: u32 = store.ask(&["DEL", &key]).await;
    }
    for _ in 0..200 {
        let short = record("ann");
        store.insert(short.clone()).await.unwrap();
        let _: u32 = store.ask(&["DEL", &store.record(&short.id)]).await;
    }
    for index in [store.index_of("ann"), store.ends_of("ann")] {
        let size = store.ask::<u32>(&["ZCARD", &index]).await;
        // Each sign-in adds one entry and looks at two.
        assert!((LIVING..5 * LIVING).contains(&size), "{size}");
    }
    assert_eq!(store.list_of("ann").await.len(), LIVING as usize);
}

#[tokio::test]
async fn a_damaged_record_is_an_error_and_no_session() {
    let store = fresh_store().await;
    let mut record = record("ann");
    let key = store.record(&record.id);
    store.add(&mut record).await;
    let whole: HashMap<String, String> = store.ask(&["HGETALL", &key]).await;
    let [data, state] = ["data", "state"].map(|field| &*whole[field]);
    let with = |field: &str| [data, state].map(|json| json.replacen('{', &format!("{{{field},"), 1));

    let [unknown_data, unknown_state] = with("\"ends_early\":true");
    let [no_address, address_in_state] = with("\"address\":\"nowhere\"");
    let other_user = data.replacen("\"ann\"", "\"bob\"", 1);
    let no_id = data.replacen(record.id.as_str(), "../../etc/passwd", 1);
    let no_user = data.replacen("\"user_id\":\"ann\",", "", 1);
    let short_hash = state.replacen(&stored_hash(&record.current), "AAAA", 1);
    let no_end = state.replacen("\"idle_expires_at\"", "\"ends_at\"", 1);
    let numbers = ["", "-1", "1.0", "18446744073709551616", "one"];
    let damages = ["", "null", "\u{0}", &unknown_data, &no_address, &no_id, &no_user]
        .map(|damage| ("data", damage))
        .into_iter()
        .chain(
            ["", "null", "{}", &unknown_state, &address_in_state, &short_hash, &no_end]
                .map(|damage| ("state", damage)),
        )
        .chain(numbers.map(|damage| ("version", damage)))
        .chain(numbers.map(|damage| ("sequence", damage)));
    for (field, damage) in damages {
        assert_ne!(whole[field], damage);
        let _: u32 = store.ask(&["HSET", &key, field, damage]).await;
        let error = store.load(&record.id).await.unwrap_err();
        assert!(!format!("{error:?}").contains("ann"), "{error:?}");
        assert!(store.list(&owner("ann"), Page::first(1000)).await.is_err(), "{field} {damage:?}");
        let _: u32 = store.ask(&["HSET", &key, field, &whole[field]]).await;
        assert_eq!(store.load(&record.id).await.unwrap().as_ref(), Some(&record));
    }
    for field in ["data", "state", "version", "sequence"] {
        let _: u32 = store.ask(&["HDEL", &key, field]).await;
        assert!(store.load(&record.id).await.is_err());
        assert!(store.list(&owner("ann"), Page::first(1000)).await.is_err());
        let _: u32 = store.ask(&["HSET", &key, field, &whole[field]]).await;
    }
    // The record of another user is in no list.
    let _: u32 = store.ask(&["HSET", &key, "data", &other_user]).await;
    assert!(store.list(&owner("ann"), Page::first(1000)).await.is_err());
}

fn stored_hash(hash: &TokenHash) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash.as_bytes())
}

#[tokio::test]
async fn a_record_in_the_place_of_another_is_an_error() {
    let store = fresh_store().await;
    let [mine, other] = [record("ann"), record("ann")];
    store.insert(mine.clone()).await.unwrap();
    let _: () = store.ask(&["RENAME", &store.record(&mine.id), &store.record(&other.id)]).await;
    assert!(store.load(&other.id).await.is_err());
    let _: u32 = store.ask(&["ZADD", &store.index_of("ann"), "9", other.id.as_str()]).await;
    assert!(store.list(&owner("ann"), Page::first(1000)).await.is_err());
}

#[tokio::test]
async fn a_damaged_salt_is_an_error() {
    let store = fresh_store().await;
    let key = store.keys.of_deployment("salt");
    for salt in ["", "short", "sixteen and more bytes"] {
        let _: () = store.ask(&["SET", &key, salt]).await;
        assert!(store.salt(PartitionSalt::from_bytes([7; 16])).await.is_err());
    }
}
