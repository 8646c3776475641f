#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The steps of Dockerfile.ci_stm32, on Debian 12:
#
#   install.sh packages           as root: Debian packages, and the user "ci", 1000
#   install.sh wheel CHECKOUT     as ci: build the wheel, install it into /opt/tvm_stm32, with TVM_STM32_EXTRAS or test
#   install.sh sanity CHECKOUT    as ci: what was installed compiles networks, and emulated boards run them
set -eu

ENVIRONMENT=/opt/tvm_stm32

# Upstream versions; Debian's own revisions, which bring security fixes, come as they are.
PACKAGES='
    gcc-arm-none-eabi=15:12.2.rel1-*
    libnewlib-arm-none-eabi=3.3.0-*
    libstdc++-arm-none-eabi-newlib=15:12.2.rel1-*
    qemu-system-arm=1:7.2+*
    cmake=3.25.1-*
    ninja-build=1.11.1-*
    make=4.3-*
    pkgconf=1.8.1-*
    g++=4:12.2.0-*
    libc6-dev=2.36-*
    clang=1:14.0-*
    python3-venv=3.11.2-*
'

# A part of each core: Cortex-M0, M0+, M3, M4, M7, M33, M55.
PARTS='STM32F030R8 STM32G071RB STM32F103RB STM32F405RG STM32H743ZI STM32U575ZI STM32N657X0'

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 2
}

packages() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    # shellcheck disable=SC2086  # a list of words, whose stars are for apt-get
    (set -f && apt-get -qq -y install --no-install-recommends $PACKAGES >/dev/null)
    apt-get clean
    rm -rf /var/lib/apt/lists/*
    useradd --uid 1000 --user-group --home-dir /opt/ci --create-home --shell /bin/bash ci
    install -d -o ci -g ci "$ENVIRONMENT"
}

wheel() {
    wheels=$(mktemp -d)
    python3 -m venv --clear "$ENVIRONMENT"
    # As variables, so that they hold for build tools (setuptools) too; older pips read the first, newer the second.
    export PIP_CONSTRAINT="$1/constraints.txt" PIP_BUILD_CONSTRAINT="$1/constraints.txt"
    "$ENVIRONMENT/bin/pip" wheel --quiet --no-deps --wheel-dir "$wheels" "$1"
    "$ENVIRONMENT/bin/pip" install --quiet --no-cache-dir "$(echo "$wheels"/tvm_stm32-*.whl)[${TVM_STM32_EXTRAS:-test}]"
    rm -rf "$wheels"
}

# The examples and the tests of CHECKOUT with the package that is installed, in a folder of their own.
sanity() {
    PATH=$ENVIRONMENT/bin:$PATH
    package=$(cd / && python -c 'import tvm_stm32; print(tvm_stm32.__path__[0])')
    case $package in
    "$ENVIRONMENT"/*) ;;
    *) fail "the package is $package, not the one that was installed" ;;
    esac
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    for name in SConstruct site_scons examples tests benchmarks docker pyproject.toml; do
        cp -r "$1/$name" "$folder"
    done
    ln -s "$package" "$folder/tvm_stm32"
    cd "$folder"

    echo '--- the digits example, on an emulated STM32F405'
    python -m SCons -Q run

    echo '--- a network through each interface, on an emulated STM32F405'
    python -m pytest -p no:cacheprovider --basetemp "$folder/pytest" tests/api/test_network.py

    echo '--- a new project for a part of each core, on emulated boards'
    expected=$(python docker/expected.py examples/digits/digits_int8.onnx)
    for part in $PARTS; do
        tvm-stm32 new-project "$part" --model examples/digits/digits_int8.onnx --part "$part" >/dev/null
        printed=$(cd "$part" && python -m SCons -Q run | tail -n 1)
        [ "$printed" = "$expected" ] || fail "$part prints '$printed', onnxruntime '$expected'"
        echo "$part: $printed"
    done
}

case ${1-} in
packages) packages ;;
wheel | sanity)
    [ -f "${2-}/constraints.txt" ] || fail "'${2-}' is no checkout"
    "$1" "$2"
    ;;
*) fail "which step: packages, wheel CHECKOUT, or sanity CHECKOUT" ;;
esac
