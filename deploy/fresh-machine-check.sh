#!/usr/bin/env bash
# Does a fresh machine do? A minimal Debian with python3, python3-venv, make and nothing else; the last commit in it;
# an unprivileged user who runs the README's commands there. Needs root and debootstrap; leaves nothing but its cache.
#
#   deploy/fresh-machine-check.sh                     make demo ARGS="--once --json", then make test
#   deploy/fresh-machine-check.sh 'make check'        any other command line
set -euo pipefail
cd "$(dirname "$0")/.."

suite=bookworm
cache=${XDG_CACHE_HOME:-$HOME/.cache}/caudal/fresh/$suite.tar
line=${1:-'make demo ARGS="--once --json" && make test'}

command -v debootstrap >/dev/null || { echo "debootstrap is missing: apt install debootstrap"; exit 2; }
[ "$(id -u)" = 0 ] || { echo "root is needed to build the machine; inside it nothing runs as root"; exit 2; }

root=$(mktemp -d -t caudal-fresh-XXXXXX)
trap 'rm -rf --one-file-system "$root"' EXIT

if [ ! -e "$cache" ]; then
    echo "Building a minimal Debian $suite ..."
    debootstrap --variant=minbase --include=python3,python3-venv,make,ca-certificates "$suite" "$root" >"$root.log" 2>&1 ||
        { tail -5 "$root.log"; exit 1; }
    rm -f "$root.log"
    mkdir -p "$(dirname "$cache")"
    tar -C "$root" --one-file-system -cf "$cache.new" . && mv "$cache.new" "$cache"
else
    tar -C "$root" -xf "$cache"
fi

chmod 755 "$root"
chroot "$root" useradd --create-home shopper
mkdir "$root/home/shopper/caudal"
git archive HEAD | tar -x -C "$root/home/shopper/caudal"
chroot "$root" chown -R shopper:shopper /home/shopper
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
# Behind a proxy that re-signs, the host's certificates are the ones that count.
certificates=/etc/ssl/certs/ca-certificates.crt
[ ! -e "$certificates" ] || cp -L "$certificates" "$root$certificates"

tell() { # what the machine has, and has not
    echo "python3: $(chroot "$root" python3 --version)"
    for absent in gcc curl git java redis-server docker; do
        ! chroot "$root" sh -c "command -v $absent" >/dev/null || echo "note: $absent is there"
    done
    [ -z "$(find "$root/usr/lib" "$root/lib" -name 'libgomp.so*')" ] || echo "note: libgomp is there"
}
tell

# The mounts live in a namespace of their own and go with it, whatever happens to the command.
export root line certificates
unshare --mount --pid --fork --kill-child bash -euc '
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    chroot "$root" env -i su shopper --login --command "
        export SSL_CERT_FILE=$certificates PIP_CERT=$certificates PIP_DEFAULT_TIMEOUT=${PIP_DEFAULT_TIMEOUT:-60}
        cd caudal && $line"
'
