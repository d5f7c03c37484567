# Sourced by the scripts beside it: goes to the repository's root, checks for Swift and installs Debian packages.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

build_packages=(
    g++ git
    libgfortran-12-dev libopenblas-dev libspng-dev libsqlite3-dev libssh-dev libturbojpeg0-dev libyaml-dev libzip-dev
    zlib1g-dev
    openssh-client pkg-config
)
figure_packages=(gnuplot-nox)
test_packages=(chromium iproute2 openssh-server procps python3-minimal sqlite3)

say() { printf '\n== %s\n' "$*"; }

need_swift() {
    if ! command -v swift >/dev/null; then
        echo "error: no 'swift' on the PATH. Install Swift 6.2 or later for Debian 12 from https://swift.org/install" >&2
        exit 1
    fi
}

# Installs those of the named Debian packages that are missing.
install_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    say "Installing ${missing[*]}"
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "error: these packages are missing and installing them needs root: ${missing[*]}" >&2
            exit 1
        fi
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}
