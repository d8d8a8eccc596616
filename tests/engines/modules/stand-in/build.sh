#!/usr/bin/env bash
# build.sh FOLDER: the program of source/ as FOLDER/stand-in, without any library: it has to run in every image.
set -euo pipefail

target=$1
cd "$(dirname "$0")/source"
CGO_ENABLED=0 GOFLAGS='' GOWORK=off go build -mod=readonly -trimpath -ldflags '-s -w' -o "$target/stand-in" .
