//! Where the servers' programs are.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::give_up;

const INSTALL: &str = "apt-get install -y postgresql pgbouncer redis-server nginx";

/// The folder of PostgreSQL's programs: that of `initdb` in `PATH`, or Debian's folder of the newest version.
pub(crate) fn postgres() -> PathBuf {
    let found = in_path("initdb").or_else(newest_of_debian);
    found.unwrap_or_else(|| give_up(&format!("PostgreSQL is not installed; type: {INSTALL}")))
}

/// The folder of `redis-server`.
pub(crate) fn redis() -> PathBuf {
    let found = in_path("redis-server");
    found.unwrap_or_else(|| give_up(&format!("Redis is not installed; type: {INSTALL}")))
}

/// `redis-cli`, which Debian has in a package of its own that `redis-server` brings along.
pub(crate) fn redis_cli() -> PathBuf {
    let folder = in_path("redis-cli");
    let folder = folder.unwrap_or_else(|| give_up(&format!("`redis-cli` is not installed; type: {INSTALL}")));
    folder.join("redis-cli")
}

/// The folder of `nginx`, which Debian keeps away from the `PATH` of ordinary users.
pub(crate) fn nginx() -> PathBuf {
    let found = in_path("nginx").or_else(|| folder_of(Path::new("/usr/sbin/nginx")));
    found.unwrap_or_else(|| give_up(&format!("nginx is not installed; type: {INSTALL}")))
}

/// The folder of `pgbouncer`, where Debian puts it beside nginx.
pub(crate) fn pgbouncer() -> PathBuf {
    let found = in_path("pgbouncer").or_else(|| folder_of(Path::new("/usr/sbin/pgbouncer")));
    found.unwrap_or_else(|| give_up(&format!("PgBouncer is not installed; type: {INSTALL}")))
}

fn in_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).find_map(|folder| folder_of(&folder.join(program)))
}

/// Links are followed, since only one program of a set may be linked into `PATH`.
fn folder_of(program: &Path) -> Option<PathBuf> {
    let linked_folder = program.parent()?;
    let real = fs::canonicalize(program).ok()?;
    let same_name = real.file_name() == program.file_name();
    // `redis-server` may be a link to another program that goes by its name.
    Some(if same_name { real.parent()?.to_owned() } else { linked_folder.to_owned() })
}

fn newest_of_debian() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let number = |folder: &Path| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let installed =
        versions.map(|version| version.path()).filter(|folder| folder.join("bin/initdb").exists());
    installed.max_by_key(|folder| number(folder)).map(|folder| folder.join("bin"))
}
