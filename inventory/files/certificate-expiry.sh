#!/bin/sh
# Prints when each certificate below a directory ends, as metrics. Without OpenSSL: the two times of
# validity are the only ones of their kind in a certificate (RFC 5280, 4.1.2.5).
set -eu

node=${NODE:?}
directory=${CERTIFICATES:?}

# The first certificate of a PEM file as hexadecimal digits.
digits() {
  sed -n '/-BEGIN CERTIFICATE-/,/-END CERTIFICATE-/p' "$1" | sed -e '/-END CERTIFICATE-/q' |
    sed -e '/-----/d' | base64 -d | od -An -v -tx1 | tr -d ' \n'
}

# Its end as YYYYMMDDhhmmss. Two digits of the year (tag 17) mean 2000 to 2049, four (tag 18) are later.
# Each digit is a byte 3X.
ends() {
  digits "$1" | sed -n \
    -e 's/.*170d\(3[0-9]\)\{12\}5a170d\(\(3[0-9]\)\{12\}\)5a.*/3230\2/p' \
    -e 's/.*170d\(3[0-9]\)\{12\}5a180f\(\(3[0-9]\)\{14\}\)5a.*/\2/p' |
    sed -e 's/3\([0-9]\)/\1/g'
}

# YYYYMMDDhhmmss in UTC as seconds since 1970.
seconds() {
  date -u -d "$(echo "$1" | sed 's/\(....\)\(..\)\(..\)\(..\)\(..\)\(..\)/\1-\2-\3 \4:\5:\6/')" +%s
}

echo '# HELP dojot_certificate_expiry_timestamp_seconds When a certificate of this node ends.'
echo '# TYPE dojot_certificate_expiry_timestamp_seconds gauge'
find "$directory" -name '*.crt' -type f | sort | while read -r path; do
  end=$(ends "$path")
  if [ -z "$end" ]; then
    echo "failed: $path holds no certificate" >&2
    exit 1
  fi
  printf 'dojot_certificate_expiry_timestamp_seconds{node="%s",path="%s"} %s\n' "$node" "$path" "$(seconds "$end")"
done
