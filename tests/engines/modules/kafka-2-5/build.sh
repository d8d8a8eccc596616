#!/usr/bin/env bash
# build.sh FOLDER: Kafka and ZooKeeper (FOLDER/jars), checked against the list of sums beside this script, and the part
# of this machine's Java that they need (FOLDER/java).
set -euo pipefail

folder=$1
here=$(cd "$(dirname "$0")" && pwd)

mvn --quiet --batch-mode --file "$here/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
  "-DoutputDirectory=$folder/jars" -DincludeScope=runtime
(cd "$folder/jars" && sha256sum --check --quiet "$here/sums")

# Kafka 2.5 runs on Java 17, not on what comes after.
jlink=$(echo /usr/lib/jvm/java-17-openjdk-*/bin/jlink)
"$jlink" --strip-debug --no-header-files --no-man-pages --compress 0 --output "$folder/java" --add-modules \
  java.base,java.logging,java.management,java.naming,java.security.jgss,java.security.sasl,java.sql,java.xml,jdk.management,jdk.unsupported
# Classes as they are in memory: each command of the image starts in half the time.
"$folder/java/bin/java" -Xshare:dump >/dev/null
touch "$folder/complete"
