#!/usr/bin/env bash
# A real server of the kind that `--model http://...` asks: llama-cpp-python's, with a GGUF file.
#
#   scripts/model-server.sh setup            makes it ready (the first time compiles it: some minutes)
#   scripts/model-server.sh MODEL.gguf PORT  starts it on this machine alone, until it is ended
#
# It lives in target/model-server, apart from the system's Python packages, which are used where they fit.
set -euo pipefail
cd "$(dirname "$0")/.."

VERSION=0.3.36
FOLDER=target/model-server
PYTHON=$FOLDER/bin/python

fail() { printf 'model-server: %s\n' "$*" >&2; exit 1; }

ready() { "$PYTHON" -c 'import llama_cpp.server.app, uvicorn' 2>/dev/null; }

setup() {
    mkdir -p target
    exec 9>target/model-server.lock
    # Tests that run beside each other make it once.
    if command -v flock >/dev/null; then flock 9; fi
    ready && return
    command -v python3 >/dev/null || fail "there is no python3: install Python 3.9 or later"
    rm -rf "$FOLDER"
    python3 -m venv --system-site-packages "$FOLDER" ||
        fail "python3 cannot make a virtual environment: install its venv package (python3-venv)"
    # Two cores at most: compiling is heavy, and the machine may be somebody's desk.
    CMAKE_BUILD_PARALLEL_LEVEL=2 "$PYTHON" -m pip install --disable-pip-version-check --quiet \
        "llama-cpp-python[server]==$VERSION" >&2 ||
        fail "llama-cpp-python[server]==$VERSION cannot be installed: it needs a package index that pip reaches, and a C++ compiler"
    ready || fail "the server cannot be loaded; remove $FOLDER and try again"
}

case ${1:-} in
    setup) setup ;;
    "") fail "give a GGUF file and a port, or setup" ;;
    *)
        [ -f "$1" ] || fail "there is no model file $1: fetch one with perennial model pull"
        setup
        exec 9>&-
        # Its log says every request, never a key.
        exec "$PYTHON" -m llama_cpp.server --model "$1" --host 127.0.0.1 --port "${2:?give a port}" \
            --n_threads 2 --verbose false ${MODEL_SERVER_KEY:+--api_key "$MODEL_SERVER_KEY"}
        ;;
esac
