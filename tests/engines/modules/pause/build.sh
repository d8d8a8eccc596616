#!/usr/bin/env bash
# build.sh FOLDER: pause, without any library, for an image that holds nothing else.
set -euo pipefail

gcc -static -O2 -Wall -Werror -o "$1/pause" "$(dirname "$0")/pause.c"
