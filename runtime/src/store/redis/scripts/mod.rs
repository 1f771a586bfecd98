//! What the server does in one step each.
//!
//! Nothing newer than Redis 6.0 is called. No script hands a list to `unpack` that grows with the sessions: Lua has a limit there.

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
