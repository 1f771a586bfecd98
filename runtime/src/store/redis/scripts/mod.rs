//! The scripts, each of which the server runs in one step.
//!
//! A session is a hash, the record. Two sorted sets name it: the sessions of its user by their sequence, and the sessions under its
//! hash tag by their end. The second may name an end that has moved to a later time since; a purge then corrects it. Records expire by
//! themselves while their entries stay in the sets, so an entry without a record counts for nothing. An error does not undo the
//! commands before it, so a script first touches everything that may fail.
//!
//! The scripts use only commands of Redis 6.0. All but one access only keys that they declare: while a slot of a cluster moves to
//! another node, a script with several keys then fails before it has done anything, and one with a single key finds it.

use std::sync::LazyLock;

use redis::{
    Cmd, ErrorKind, FromRedisValue, RedisResult, Script, ServerErrorKind, ToRedisArgs, aio::ConnectionLike,
};

pub(super) static INSERT: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("insert.lua")));
pub(super) static REPLACE: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("replace.lua")));
pub(super) static REPLACE_KEYS: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("replace_keys.lua")));
pub(super) static REMOVE_EACH: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("remove_each.lua")));
pub(super) static REMOVE_ALL: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("remove_all.lua")));
pub(super) static PURGE: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("purge.lua")));
pub(super) static CLAIM: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("claim.lua")));
pub(super) static ANNOUNCE: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("announce.lua")));
pub(super) static TRIM: LazyLock<Lua> = LazyLock::new(|| Lua::new(include_str!("trim.lua")));

pub(super) struct Lua {
    text: &'static str,
    hash: String,
}

impl Lua {
    fn new(text: &'static str) -> Self {
        Self { text, hash: Script::new(text).get_hash().to_owned() }
    }

    /// Calls the script by its hash, and sends its text if the server does not have it.
    ///
    /// The text goes where the keys are. `SCRIPT LOAD`, which the crate `redis` would use, goes to every master of a cluster and fails
    /// while one of them is down.
    pub(super) async fn call<T: FromRedisValue>(
        &self,
        connection: &mut impl ConnectionLike,
        keys: &[String],
        arguments: impl ToRedisArgs,
    ) -> RedisResult<T> {
        let command = |name, script: &str| {
            let mut command = redis::cmd(name);
            command.arg(script).arg(keys.len()).arg(keys).arg(&arguments);
            command
        };
        let called: RedisResult<T> = query(command("EVALSHA", &self.hash), connection).await;
        match called {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                query(command("EVAL", self.text), connection).await
            }
            result => result,
        }
    }
}

async fn query<T: FromRedisValue>(command: Cmd, connection: &mut impl ConnectionLike) -> RedisResult<T> {
    command.query_async(connection).await
}
