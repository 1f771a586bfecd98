//! The names of keys.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::session::{Partition, SessionId};

/// How many hash tags there are.
///
/// A tag is the first 12 bits of a partition, so 16 partitions share it. A cluster has 16,384 slots, and 4,096 tags spread evenly over
/// any number of nodes that is in use. A purge has to look under every tag, since an index of tags would be a key that every sign-in
/// writes: 4,096 look-ups take some ten milliseconds, 65,536 would take half a second even if there is nothing to purge.
pub(super) const TAGS: u16 = 1 << 12;

/// Makes the names of keys. All keys of a session and its indexes have one hash tag, the part in braces, so a cluster keeps them in one
/// slot.
#[derive(Clone)]
pub(super) struct Keys {
    prefix: Arc<str>,
}

/// The part of a key that says in which slot it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag(u16);

impl Tag {
    pub(super) const fn of(partition: Partition) -> Self {
        Self(partition.number() >> 4)
    }

    /// Counts round: behind the last one comes the first.
    pub(super) const fn numbered(number: u16) -> Self {
        Self(number % TAGS)
    }
}

impl Keys {
    /// Braces in the prefix would take the place of the tag, so they are written as in a URL, and so is the percent sign.
    pub(super) fn with_prefix(prefix: &str) -> Self {
        let mut escaped = String::new();
        for character in prefix.chars() {
            match character {
                '{' | '}' | '%' => {
                    // A `String` takes everything.
                    let _ = write!(escaped, "%{:02X}", u32::from(character));
                }
                other => escaped.push(other),
            }
        }
        Self { prefix: escaped.into() }
    }

    fn tagged(&self, Tag(number): Tag, name: &str) -> String {
        format!("{}{{{number:03x}}}{name}", self.prefix)
    }

    /// What all keys of records under the tag begin with; the identifier follows.
    pub(super) fn records(&self, tag: Tag) -> String {
        self.tagged(tag, "session:")
    }

    pub(super) fn record(&self, id: &SessionId) -> String {
        self.records(Tag::of(id.partition())) + id.as_str()
    }

    pub(super) fn sessions_of(&self, tag: Tag, name_of_user: &str) -> String {
        self.tagged(tag, "user:") + name_of_user
    }

    pub(super) fn ends(&self, tag: Tag) -> String {
        self.tagged(tag, "ends")
    }

    pub(super) fn last_sequence(&self, tag: Tag) -> String {
        self.tagged(tag, "sequence")
    }

    /// A key of the deployment, which is in a slot of its own.
    pub(super) fn of_deployment(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    #[cfg(test)]
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The part of a key that is hashed, by the words of Redis' specification of clusters.
    fn hashed(key: &str) -> &str {
        let Some(open) = key.find('{') else { return key };
        match key[open + 1..].find('}') {
            None | Some(0) => key,
            Some(length) => &key[open + 1..][..length],
        }
    }

    #[test]
    fn the_tag_alone_says_where_keys_are_whatever_the_prefix() {
        for prefix in
            ["", "myapp:", "{myapp}:", "{", "}", "{}", "{}{a}", "a}", "}a{", "%7Bmyapp%7D:", "{{a}}", "é{"]
        {
            let keys = Keys::with_prefix(prefix);
            let partition = Partition::new(0xabcd);
            let tag = Tag::of(partition);
            for key in [
                keys.record(&partition.first()),
                keys.record(&partition.last()),
                keys.sessions_of(tag, "ann"),
                keys.ends(tag),
                keys.last_sequence(tag),
            ] {
                assert_eq!(hashed(&key), "abc", "{key}");
            }
            let key = keys.of_deployment("salt");
            assert_eq!(hashed(&key), key);
        }
    }

    #[test]
    fn different_prefixes_have_different_keys() {
        let prefixes = ["", "a", "{a}", "%7Ba%7D", "%257Ba%257D", "(a)", "a:"];
        let keys: std::collections::HashSet<_> =
            prefixes.iter().map(|prefix| Keys::with_prefix(prefix).ends(Tag(0))).collect();
        assert_eq!(keys.len(), prefixes.len());
        assert_eq!(Keys::with_prefix("myapp:").ends(Tag(0x2f)), "myapp:{02f}ends");
    }
}
