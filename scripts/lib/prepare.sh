# Sourced by the scripts beside it, with their arguments: answers --help, goes to the repository's root, checks for Swift,
# installs Debian packages and builds.

set -euo pipefail

# Answered before anything is installed, built or looked for: the comment at the head of the script.
for word in "$@"; do
    case $word in
    -h | --help)
        sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"
        exit 0
        ;;
    esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# All that a build needs beside Swift; scripts/lib/test-bare-root proves it.
build_packages=(
    g++ git
    libgfortran-12-dev libopenblas-dev libspng-dev libsqlite3-dev libssh-dev libssl-dev libturbojpeg0-dev libyaml-dev
    libzip-dev zlib1g-dev
    openssh-client
)
figure_packages=(gnuplot-nox)
test_packages=(
    chromium iproute2 mariadb-client-core mariadb-server-core munge ocl-icd-libopencl1 openssh-server pocl-opencl-icd procps python3 python3-numpy
    python3-venv slurm-client slurmctld slurmd slurmdbd sqlite3
)

say() { printf '\n== %s\n' "$*"; }

# Ends with status 2 and a sentence that says what was expected.
misused() {
    echo "error: $*; scripts/$(basename "$0") --help says how it is used" >&2
    exit 2
}

# Adds a line to docs/played.tsv, where what was played adds up over commits: of which kind, what and how much, and what
# was found. A tree with changes is no commit.
keep_record() {
    local kind=$1 what=$2 count=$3 findings=$4 commit
    commit=$(git rev-parse --short HEAD)
    [ -z "$(git status --porcelain --untracked-files=no -- Sources Tests Package.swift)" ] || commit+=+changes
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$(date -u +%F)" "$commit" \
        "$(grep -m1 'model name' /proc/cpuinfo | sed 's/.*: *//')" "$kind" "$what" "$count" "$findings" >>docs/played.tsv
}

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

# Makes .build/python, a Python with what tests of the package use where it is there: PyTorch for processors alone, if the
# package index has it (the usual wheel takes several gigabytes), xarray and pyarrow. Sets python to it, else to Debian's.
install_torch() {
    local own=.build/python/bin/python version
    python=/usr/bin/python3
    if ! "$own" -c 'import torch, xarray, matplotlib, pyarrow' 2>/dev/null; then
        say "Installing PyTorch"
        "$python" -m venv .build/python || return 0
        version=$("$own" -m pip index versions torch 2>/dev/null | grep -oE '[0-9.]+\+cpu' | head -n 1) || true
        if [ -z "$version" ]; then
            echo "the package index has no torch for processors alone: tests that need it are skipped"
            return 0
        fi
        if ! "$own" -m pip install -q "torch==$version" numpy xarray matplotlib pyarrow; then
            echo "torch $version cannot be installed: tests that need it are skipped"
            return 0
        fi
    fi
    python=$PWD/$own
}

# Finds or fetches CUDA's compiler of kernels, which needs no GPU. Of the oldest version whose work every driver from CUDA 12.0 on
# takes. Sets nvrtc to its library; empty where the package index does not have it.
install_nvrtc() {
    local version=12.0.140
    local folder=.build/nvrtc-$version
    nvrtc=$(find "$folder" -name 'libnvrtc.so.12' 2>/dev/null | head -n 1) || true
    if [ -z "$nvrtc" ]; then
        say "Fetching NVRTC"
        /usr/bin/python3 -m venv "$folder" && "$folder/bin/python" -m pip install -q --no-deps "nvidia-cuda-nvrtc-cu12==$version" || {
            echo "NVRTC cannot be fetched"
            return 0
        }
        nvrtc=$(find "$folder" -name 'libnvrtc.so.12' | head -n 1)
    fi
    nvrtc=$PWD/$nvrtc
}

# Builds the programs that are named, or all in one go, so that no core waits, and sets bin to their folder.
build_programs() {
    local product
    [ $# -gt 0 ] || swift build -c release >&2
    for product in "$@"; do swift build -c release --product "$product" >&2; done
    bin=$(swift build -c release --show-bin-path)
}
