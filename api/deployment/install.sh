#!/bin/sh
# Install steppedcare for a service, from its source folder and its hash-locked lists of packages:
#
#     install.sh SOURCE [TARGET]
#
# TARGET (/opt/steppedcare-VERSION) must not exist: nothing is installed over a version that may be running. When all
# checks have passed, the link /opt/steppedcare is pointed at it; the version before stays, for the way back.
#
# Run as root it also installs the Debian packages needed, and makes the user, /etc/steppedcare and the unit.
# Where the machine has no way to a package index, let PIP_NO_INDEX=1 and PIP_FIND_LINKS=FOLDER name a folder of
# packages; they must have the locked hashes all the same.
set -eu

source=$(cd "${1:?usage: install.sh SOURCE [TARGET]}" && pwd)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$source/pyproject.toml")
target=${2:-/opt/steppedcare-$version}
link=$(dirname "$target")/steppedcare
settings=/etc/steppedcare
is_root() { [ "$(id -u)" = 0 ]; }

if [ -e "$target" ]; then
    echo "install.sh: $target is there already; name another folder" >&2
    exit 2
fi

if is_root && command -v apt-get >/dev/null; then
    missing=
    for package in python3 python3-venv python3-dev gcc libc6-dev; do
        dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
            missing="$missing $package"
    done
    if [ -n "$missing" ]; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        # shellcheck disable=SC2086
        apt-get install --yes -qq --no-install-recommends $missing
    fi
fi

work=$(mktemp -d)
done=
clean() {
    rm -rf "$work"
    [ -n "$done" ] || rm -rf "$target"
}
trap clean EXIT

python=${PYTHON:-python3}
"$python" -m venv "$target"
locked() {
    "$target/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \
        --require-hashes --no-deps --only-binary :all: "$@"
}
locked --requirement "$source/.ci/build.lock"
CC=${CC:-cc} locked --no-binary durable-rules --no-build-isolation --requirement "$source/requirements.lock"
# Built from a copy: building leaves files behind.
for part in pyproject.toml README.md LICENSE schemas pathways rules api; do
    cp -R "$source/$part" "$work/"
done
"$target/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation "$work"
"$target/bin/python" -m pip check
# What builds does not serve.
"$target/bin/python" -m pip uninstall --quiet --yes setuptools wheel pip

"$target/bin/steppedcare" intact
"$target/bin/steppedcare" sbom --lock "$source/requirements.lock"
"$target/bin/steppedcare" cases check | tail -n 1

if is_root; then
    getent passwd steppedcare >/dev/null ||
        useradd --system --home-dir /var/lib/steppedcare --shell /usr/sbin/nologin steppedcare
    install -d -m 0750 -o root -g steppedcare "$settings"
    install -d -m 0700 -o steppedcare -g steppedcare /var/lib/steppedcare
    if [ ! -e "$settings/log.key" ]; then
        (umask 077 && head -c 32 /dev/urandom | base64 >"$settings/log.key")
        chown steppedcare: "$settings/log.key"
        chmod 0400 "$settings/log.key"
    fi
    [ -e "$settings/environment" ] ||
        install -m 0640 -g steppedcare "$source/api/deployment/environment" "$settings/environment"
    [ ! -d /etc/systemd/system ] ||
        install -m 0644 "$source/api/deployment/steppedcare.service" /etc/systemd/system/
fi

done=yes
ln -sfn "$target" "$link"
echo "installed: $target"
