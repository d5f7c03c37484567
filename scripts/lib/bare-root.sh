# Sourced behind prepare.sh by tests that need a root of their own: make_root makes one that holds Debian's base, in $root;
# inside runs a command there. What this made is gone when the script ends.

skip() {
    echo "${0##*/test-}: skipped, for $*"
    exit 0
}

mounts=()
log=$(mktemp)
root=
finish() {
    local place process
    # An agent stays for a while after its coordinator.
    for process in /proc/[0-9]*; do
        [ -z "$root" ] || [ "$(readlink "$process/root")" != "$root" ] || kill -KILL "${process#/proc/}"
    done
    [ ${#mounts[@]} = 0 ] || sleep 0.5
    for place in "${mounts[@]}"; do umount "$root$place"; done
    # A mount that stayed keeps everything below it.
    [ -z "$root" ] || rm -rf --one-file-system "$root"
    rm -rf "$log"
}
trap finish EXIT

# Runs a command, and shows what it printed if it fails.
quietly() {
    "$@" >"$log" 2>&1 || {
        cat "$log"
        return 1
    }
}

make_root() {
    local codename mirror
    [ "$(id -u)" = 0 ] || skip "making a root needs root"
    codename=$(. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME") || skip "this is no Debian"
    install_packages debootstrap
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
        awk -v codename="$codename" '$2 == codename { print $1; exit }')
    [ -n "$mirror" ] || skip "apt knows no archive of $codename"
    root=$(mktemp -d /tmp/eigensweep-root.XXXXXX)
    say "A bare root of $codename"
    quietly debootstrap --variant=minbase "$codename" "$root" "$mirror"
}

# Gives the root a place of this system.
bind() {
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
    mounts=("$1" "${mounts[@]}")
}

inside() { chroot "$root" env -i HOME=/root PATH="${inside_path:-/usr/sbin:/usr/bin:/sbin:/bin}" "$@"; }
install_inside() {
    quietly inside env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}
