#!/usr/bin/env bash
# What `make run` does once the program is built: fills an empty data folder with the demo, tells how to sign in, serves.
set -euo pipefail
: "${DATA:=data}" "${LISTEN:=127.0.0.1:3000}"
program=target/release/portico
mkdir -p "$DATA"
if ! [ -s "$DATA/demo.txt" ]; then
    echo "run: filling $DATA with the demo"
    "$program" --data "$DATA" demo > "$DATA/demo.txt.part"
    mv "$DATA/demo.txt.part" "$DATA/demo.txt"
fi
cat "$DATA/demo.txt"
echo
echo "A code for the second step of signing in:  $program --data $DATA totp EMAIL"
exec "$program" --data "$DATA" serve --listen "$LISTEN"
