#!/bin/sh
# Puts a load on a metallic-sched daemon with ghz (https://ghz.sh): loads a weight
# by name, then multiplies vectors by it. What callers multiply by the same
# operand at the same time is batched.
#
#   [RATE=500] [DURATION=10s] [M=768] [K=768] [N=1] deploy/ghz/run.sh [HOST:PORT] [flags of ghz]
#
# --async sends at the rate, whatever became of the requests before; without it
# --concurrency callers wait for each answer, and a slow server is asked less.
set -eu

host=localhost:7433
case "${1:-}" in
"" | -*) ;;
*) host=$1 && shift ;;
esac
m=${M:-768} k=${K:-768} n=${N:-1} # K is a multiple of 3

work=$(mktemp -d)
trap 'rm -rf "$work"; ghz --insecure --call metallic.v1.OperandService.Release --data "{\"name\": \"ghz-${m}x$k\"}" --total 1 --concurrency 1 "$host" >/dev/null' EXIT

# twos writes the base64 of so many f32, a multiple of 3: three of the value 2 are
# 16 letters.
twos() { yes AAAAQAAAAEAAAABA | head -n $(($1 / 3)) | tr -d '\n'; }

{
	printf '[{"header": {"name": "ghz-%dx%d", "content": {"dtype": "DTYPE_F32", "dims": [%d, %d]}}, "data": "' "$m" "$k" "$m" "$k"
	twos $((m * k))
	printf '"}]'
} >"$work/load.json"
{
	printf '{"job": {"tenant": "ghz", "matmul": {"a": {"name": "ghz-%dx%d"}, "b": {"dims": [%d, %d], "data": "' "$m" "$k" "$k" "$n"
	twos $((k * n))
	printf '"}}}}'
} >"$work/submit.json"

ghz --insecure --call metallic.v1.OperandService.Load --data-file "$work/load.json" --total 1 --concurrency 1 "$host" |
	grep -q '\[OK\] *1 ' || {
	echo "the weight could not be loaded on $host" >&2
	exit 1
}
ghz --insecure --call metallic.v1.JobService.Submit --data-file "$work/submit.json" \
	--rps "${RATE:-500}" --duration "${DURATION:-10s}" --duration-stop wait --async --concurrency 64 --connections 4 "$@" "$host"
