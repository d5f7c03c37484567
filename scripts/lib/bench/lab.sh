# Sourced by the benchmarks beside it, with the directory of the programs as $1: a directory for everything they make,
# an sshd of its own, and the end of all that.

set -euo pipefail
bin=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
user=$(id -un)
lab=$(mktemp -d "${TMPDIR:-/tmp}/eigensweep-bench.XXXXXX")
ends=()

# Runs a command when the benchmark is over, the last named first.
at_end() { ends=("$1" "${ends[@]}"); }

# The agents that serve a directory of this benchmark.
agents() { pgrep -f "serve --directory $lab/$1" || true; }

finish() {
    local pid
    for command in "${ends[@]}"; do eval "$command" 2>/dev/null || true; done
    for pid in $(agents ''); do kill "$pid" 2>/dev/null || true; done
    rm -rf "$lab"
}
trap finish EXIT

# Compiles a program beside this file; further words are options.
compile() { gcc -O2 "${@:2}" -o "$lab/${1%.c}" "$here/$1"; }

# Starts an sshd in the network namespace $1 ('' for this one) on port $2 with these further settings, and leaves
# $lab/ssh_config for its clients.
start_sshd() {
    local namespace=() port=$2
    local settings=("${@:3}")
    [ -z "$1" ] || namespace=(ip netns exec "$1")
    mkdir -p /run/sshd
    mkdir -m 700 "$lab/ssh"
    ssh-keygen -q -t ed25519 -N '' -f "$lab/ssh/host"
    ssh-keygen -q -t ed25519 -N '' -f "$lab/ssh/user"
    cp "$lab/ssh/user.pub" "$lab/ssh/authorized"
    cat >"$lab/ssh/sshd_config" <<C
Port $port
HostKey $lab/ssh/host
PidFile none
AuthorizedKeysFile $lab/ssh/authorized
StrictModes no
UsePAM no
MaxStartups 300
$(printf '%s\n' "${settings[@]}")
C
    "${namespace[@]}" "${sshd_before[@]}" /usr/sbin/sshd -D -f "$lab/ssh/sshd_config" 2>"$lab/ssh/log" &
    at_end "kill $!"
    cat >"$lab/ssh_config" <<C
Host *
  UserKnownHostsFile $lab/ssh/known
  IdentityFile $lab/ssh/user
  IdentitiesOnly yes
  LogLevel ERROR
C
    sleep 0.5
}
sshd_before=()

# The program that does nothing, and a sweep of $1 jobs of it.
make_noop_sweep() {
    compile noop.c -static
    echo x >"$lab/weights"
    cat >"$lab/noop.yaml" <<S
name: noop
dataset: {source: geometric, resolution: 8, channels: 1, count: 64, size: 4, held_out: 4}
model: {multipliers: [1], attention: [], scale: 4}
training: {steps: 1}
grid: {seed: {range: [0, $1]}}
measures: []
worker: {command: [./noop], upload: [$lab/noop, $lab/weights]}
S
}

# Two numbers' ratio with two digits.
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
least() { printf '%s\n' "$@" | sort -n | head -1; }
