#!/usr/bin/env bash
# Runs a command beside a Postgres server of its own, whose address it finds in TEST_DATABASE_URL:
#   end2end/postgres.sh cargo test --test app
# The server listens on a free port of the loopback interface, runs as somebody without privileges, keeps its data in a
# temporary folder, and is gone with it when the command ends. It forgoes durability: nothing in it is meant to last.
set -euo pipefail
programs=$("$(dirname "$0")/setup.sh" postgres)
folder=$(mktemp -d "${TMPDIR:-/tmp}/portico-postgres.XXXXXX")
as=()
if [ "$(id -u)" = 0 ]; then
    # Postgres refuses to run as root.
    user=postgres
    id "$user" > /dev/null 2>&1 || user=nobody
    chown "$user" "$folder"
    as=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups)
fi

finish() {
    if [ -f "$folder/data/postmaster.pid" ]; then
        (cd "$folder" && "${as[@]}" "$programs/pg_ctl" stop -D "$folder/data" -m immediate -s) || true
    fi
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
(
    cd "$folder"
    (umask 077 && echo "$password" > password)
    [ ${#as[@]} = 0 ] || chown "$user" password
    # Text sorts by a language's rules, unlike SQLite's bytes: a query that depends on either shows.
    "${as[@]}" "$programs/initdb" -D "$folder/data" -U portico --auth=password --pwfile=password -E UTF8 --locale=C.UTF-8 \
        --locale-provider=icu --icu-locale=en-US --no-sync > initdb.log 2>&1 || { cat initdb.log >&2; exit 1; }
    # Only the log is inherited: a server that keeps a pipe open would keep its reader waiting.
    "${as[@]}" "$programs/pg_ctl" start -D "$folder/data" -s -w -l "$folder/data/server.log" -o "-p $port -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories='' -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=400" \
        || { cat "$folder/data/server.log" >&2; exit 1; }
)
echo "postgres: $("$programs/postgres" --version | cut -d' ' -f3) on port $port" >&2
TEST_DATABASE_URL="postgres://portico:$password@127.0.0.1:$port/postgres" "$@"
