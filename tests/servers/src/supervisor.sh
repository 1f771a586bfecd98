# supervisor.sh KIND FOLDER-OF-THE-PROGRAMS [PORT-OF-THE-PRIMARY]
#
# Runs one server for a test. The test process holds the other end of standard input and writes commands into it, one a line;
# each gets a line as its answer. When that process ends, in whatever way, the input ends, and this script removes server and folder.
set -u
# A paused server stops this process group, and the system hangs up on stopped groups that are orphaned. A write to a
# closed pipe must not end this script either, since the server would stay behind.
trap '' HUP PIPE

kind=$1
programs=$2
primary=${3-}
as=
job=

folder=$(mktemp -d "${TMPDIR:-/tmp}/countersign-test.XXXXXX") || exit 1
cd "$folder" || exit 1
exec 2>"$folder/log"

prepare() {
    case $kind in postgres | pgbouncer) ;; *) return 0 ;; esac
    # PostgreSQL and PgBouncer refuse to run as root.
    if [ "$(id -u)" = 0 ]; then
        as='runuser -u postgres --'
        chown postgres "$folder" || return
    fi
    [ "$kind" = postgres ] || return 0
    if [ -n "$primary" ]; then
        $as "$programs/pg_basebackup" -h 127.0.0.1 -p "$primary" -U postgres -D "$folder/data" \
            -R -X stream -c fast --no-sync >&2 </dev/null
        return
    fi
    $as "$programs/initdb" -D "$folder/data" -A trust -U postgres --no-sync -E UTF8 --no-locale \
        >&2 </dev/null
}

start() {
    # Written data has to survive a stop and a start of the server, but not a loss of power.
    case $kind in
    postgres)
        set -- "$programs/postgres" -D "$folder/data" -p "$1" -c listen_addresses=127.0.0.1 \
            -c unix_socket_directories= -c dynamic_shared_memory_type=mmap -c max_connections=500 \
            -c shared_buffers=32MB -c fsync=off -c full_page_writes=off -c wal_retrieve_retry_interval=100ms
        ;;
    redis)
        set -- "$programs/redis-server" --port "$1" --bind 127.0.0.1 --dir "$folder" \
            --save '' --appendonly yes --appendfsync no
        ;;
    pgbouncer) set -- "$programs/pgbouncer" "$folder/config" ;;
    # A master is given up soon, and the others go on without it. Their port for each other is 10,000 above.
    redis-cluster)
        set -- "$programs/redis-server" --port "$1" --bind 127.0.0.1 --dir "$folder" \
            --save '' --appendonly yes --appendfsync no --repl-diskless-sync-delay 0 \
            --cluster-enabled yes --cluster-node-timeout 1000 --cluster-require-full-coverage no
        ;;
    nginx) set -- "$programs/nginx" -p "$folder" -c "$folder/config" -e stderr ;;
    esac
    rm -f pid ended
    : >log
    (
        $as sh -c 'echo $$ >"$0/pid"; exec "$@"' "$folder" "$@"
        : >ended
    ) </dev/null >log 2>&1 &
    job=$!

    tries=0
    # The first is also that of a standby, which accepts "read-only connections"; the second is PgBouncer; the last is nginx, which
    # listens before it chooses how to wait.
    until grep -qi -e 'ready to accept .*connections' -e 'process up' -e 'using the .* event method' log; do
        tries=$((tries + 1))
        if [ -e ended ] || [ $tries -gt 1200 ]; then
            stop
            echo failed
            return
        fi
        sleep 0.05
    done
    echo ready
}

# A crash: the server closes no connection and completes no file.
stop() {
    [ -n "$job" ] || return 0
    until [ -s pid ] || [ -e ended ]; do
        # The folder was removed from outside: only this process group is left.
        [ -d "$folder" ] || kill -KILL 0
        sleep 0.05
    done
    if [ ! -e ended ]; then
        # PostgreSQL's processes share memory, which SIGKILL would leave behind.
        case $kind in
        postgres) kill -QUIT "$(cat pid)" ;;
        redis* | nginx | pgbouncer) kill -KILL "$(cat pid)" ;;
        esac
    fi
    wait "$job"
    job=
}

echo "$folder"
if prepare; then echo prepared; else echo failed; fi

while read -r command port; do
    case $command in
    start) start "$port" ;;
    stop) stop && echo stopped ;;
    pause) kill -STOP "$(cat pid)" && echo paused ;;
    resume) kill -CONT "$(cat pid)" && echo resumed ;;
    esac
done

stop
cd /
rm -rf "$folder"
