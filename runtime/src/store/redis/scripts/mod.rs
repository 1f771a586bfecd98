//! The scripts, each of which the server runs in one step.
//!
//! A session is a hash, the record. Two sorted sets index it by its end: one for its user, one for all sessions. Records expire
//! by themselves while their entries stay in the sets, so a script treats an entry without a record as absent. An error does not
//! undo the commands before it, so a script first touches everything that may fail, and ends a session before it tidies indexes.
//!
//! The scripts use only commands of Redis 6.0. None passes a list that grows with the sessions to `unpack`, whose length Lua
//! limits.

use std::sync::LazyLock;

use redis::Script;

pub(super) static INSERT: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("keep.lua"), include_str!("insert.lua"))));
pub(super) static REPLACE: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("keep.lua"), include_str!("replace.lua"))));
pub(super) static REMOVE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("remove.lua")));
pub(super) static LIST: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("list.lua")));
pub(super) static REMOVE_ALL: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("remove_all.lua")));
pub(super) static PURGE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("purge.lua")));
