# Sourced by tools/run, tools/test and tools/ci/*: where the project is, what it needs from Debian, how it builds.
# Everything here is safe to repeat and to interrupt.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# What compiling needs: FFmpeg, ZeroMQ, SQLite and PostgreSQL headers, libxml2 and zlib for the metadata of cameras, and pkg-config to find them.
packages_build=(
    pkg-config libavformat-dev libavcodec-dev libavutil-dev libswscale-dev libzmq3-dev libsqlite3-dev libpq-dev libxml2-dev
    zlib1g-dev
)
# What running needs beyond that: Leaflet, which the console serves itself, and curl to wait for it.
packages_run=(libjs-leaflet curl)
# What tests need: a real browser with a Chinese font, an RTSP server that is not ours with its encoders, pytest, a validator of JSON Schema
# that is not ours for the pipelines, ZeroMQ for Python to follow the feed as a stranger would, a PostgreSQL server, of which the tests start
# a cluster of their own, and a C compiler for the library that lets system calls fail.
packages_test=(
    chromium fonts-wqy-microhei
    gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
    gstreamer1.0-plugins-ugly
    python3 python3-venv python3-pytest python3-yaml python3-jsonschema python3-zmq postgresql
    gcc libc6-dev
)

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
fail() { printf '%s\n' "$1" >&2; exit "${2:-69}"; }

# install_packages NAME…: installs from Debian what is not installed yet.
install_packages() {
    local missing=() name as_root=()
    for name in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "These Debian packages are missing and only root can install them: ${missing[*]}"
        as_root=(sudo)
    fi
    say "installing from Debian: ${missing[*]}"
    "${as_root[@]}" apt-get update -q >&2 || fail "apt-get update failed: is there a network?"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2 \
        || fail "these Debian packages could not be installed: ${missing[*]}"
}

# The toolchain is the one thing a newcomer brings along.
need_swift() {
    command -v swift >/dev/null || fail "Swift 6.3 is needed and not installed: see https://www.swift.org/install/linux/"
}

# build_release PRODUCT…: optimised binaries under .build/release.
build_release() {
    local product
    for product in "$@"; do
        say "building $product (release); a first build takes 5 to 10 minutes"
        swift build --package-path "$project" -c release --product "$product" >&2 || fail "building $product failed" 70
    done
}
