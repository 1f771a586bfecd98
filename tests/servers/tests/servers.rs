//! The servers start, serve, stop, and leave nothing behind.

#![allow(clippy::unwrap_used, reason = "in a test that is how it fails")]

use std::env;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use test_servers::{Nginx, PgBouncer, Postgres, Redis, RedisCluster};

fn ping(redis: &Redis) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(("127.0.0.1", redis.port()))?;
    connection.set_read_timeout(Some(Duration::from_millis(200)))?;
    connection.write_all(b"PING\r\n")?;
    let mut answer = [0; 7];
    connection.read_exact(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn is_up(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[test]
fn redis_answers_unless_it_is_stopped_or_paused() {
    let redis = Redis::start();
    assert_eq!(ping(&redis).unwrap(), "+PONG\r\n");
    redis.pause();
    assert!(ping(&redis).is_err());
    redis.resume();
    assert_eq!(ping(&redis).unwrap(), "+PONG\r\n");
    redis.stop();
    assert!(!is_up(redis.port()));
    redis.start_again();
    assert_eq!(ping(&redis).unwrap(), "+PONG\r\n");
}

#[test]
fn postgres_stops_and_starts_with_its_databases() {
    let postgres = Postgres::start();
    let [first, second] = [postgres.database(), postgres.database()];
    assert_ne!(first, second);
    postgres.stop();
    assert!(!is_up(postgres.port()));
    postgres.start_again();
    assert!(is_up(postgres.port()));
    postgres.database();
}

#[test]
fn pooler_stops_and_starts() {
    let postgres = Postgres::start();
    let pooler = PgBouncer::in_front_of(&postgres);
    assert!(pooler.database().contains(&format!(":{}/test_", pooler.port())));
    pooler.stop();
    assert!(!is_up(pooler.port()) && is_up(postgres.port()));
    pooler.start_again();
    assert!(is_up(pooler.port()));
}

/// A standby has what was confirmed on a primary that waits for it, and takes writes once it is promoted.
#[test]
fn standby_takes_over() {
    let primary = Postgres::start();
    let standby = Postgres::standby_of(&primary);
    primary.wait_for_standby();
    let database = primary.database();
    primary.stop();
    standby.promote();
    let name = database.rsplit_once('/').unwrap().1;
    let port = standby.port().to_string();
    let listed = Command::new("psql")
        .args([
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            "postgres",
            "-At",
            "-c",
            "SELECT datname FROM pg_database",
        ])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).lines().any(|line| line == name), "{listed:?}");
    assert_ne!(standby.database(), "");
}

#[test]
fn a_cluster_replaces_a_master_and_moves_slots() {
    let cluster = RedisCluster::start();
    let ports: Vec<u16> =
        cluster.urls().iter().map(|url| url.rsplit_once(':').unwrap().1.parse().unwrap()).collect();
    assert_eq!(ports.iter().filter(|port| is_up(**port)).count(), 6);
    // From the specification of Redis Cluster.
    assert_eq!((cluster.slot_of("123456789"), cluster.slot_of("x{123456789}y")), (0x31c3, 0x31c3));
    cluster.begin_to_move(0x31c3).finish();
    cluster.move_slots_of_master_of(0, 5);
    cluster.kill_master_of(0);
    assert_eq!(ports.iter().filter(|port| is_up(**port)).count(), 5);
    cluster.start_again();
    assert_eq!(ports.iter().filter(|port| is_up(**port)).count(), 6);
    drop(cluster);
    assert!(!ports.iter().any(|port| is_up(*port)));
}

#[test]
fn servers_that_are_dropped_leave_nothing() {
    let redis = Redis::start();
    let postgres = Postgres::start();
    let nginx = Nginx::caching(redis.port());
    let pooler = PgBouncer::in_front_of(&postgres);
    let (port, pooler_port) = (nginx.port(), pooler.port());
    drop(pooler);
    assert!(is_up(port) && !is_up(pooler_port));
    let left = [(redis.port(), redis.folder().to_owned()), (postgres.port(), postgres.folder().to_owned())];
    drop((redis, postgres, nginx));
    assert!(!is_up(port));
    for (port, folder) in left {
        assert!(!is_up(port) && !folder.exists(), "{}", folder.display());
    }
}

const ROLE: &str = "TEST_SERVERS_ROLE";

/// Run by the tests below in a process of its own, which never ends by itself.
#[test]
fn process_with_servers() {
    let Ok(role) = env::var(ROLE) else { return };
    let (postgres, redis) = (Postgres::shared(), Redis::shared());
    println!("\n{}\n{}", postgres.folder().display(), redis.folder().display());
    match role.as_str() {
        "paused" => redis.pause(),
        "exits" => std::process::exit(3),
        _ => {}
    }
    loop {
        thread::park();
    }
}

/// The process, and the folders of its servers.
fn process_with_servers_as(role: &str) -> (Child, [PathBuf; 2]) {
    let mut process = Command::new(env::current_exe().unwrap())
        .args(["--exact", "process_with_servers", "--nocapture"])
        .env(ROLE, role)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
    let folders: Vec<_> = lines.filter(|line| line.starts_with('/')).take(2).map(PathBuf::from).collect();
    (process, folders.try_into().unwrap())
}

fn wait_until_gone(folder: &Path) {
    let start = Instant::now();
    while folder.exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "{} is left", folder.display());
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn process_that_is_killed_leaves_nothing() {
    for role in ["waits", "paused"] {
        let (mut process, folders) = process_with_servers_as(role);
        assert!(folders.iter().all(|folder| folder.exists()));
        process.kill().unwrap();
        process.wait().unwrap();
        folders.iter().for_each(|folder| wait_until_gone(folder));
    }
}

#[test]
fn process_that_exits_leaves_nothing() {
    let (mut process, folders) = process_with_servers_as("exits");
    assert_eq!(process.wait().unwrap().code(), Some(3));
    folders.iter().for_each(|folder| wait_until_gone(folder));
}
