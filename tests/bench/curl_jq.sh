#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What hosts ran before: for each certificate one curl, its answer kept, three times jq.
# usage: curl_jq.sh ADDRESS CA_FILE TOKEN_FILE ISSUE_PATH DIRECTORY N
set -euo pipefail
address=$1 ca=$2 token_file=$3 path=$4 directory=$5 n=$6
umask 077
for ((i = 0; i < n; i++)); do
    bundle=$directory/c$i.certs
    curl --silent --fail --cacert "$ca" --header "X-Vault-Token: $(<"$token_file")" \
        --data "{\"common_name\":\"c$i.bench.example.com\",\"ip_sans\":\"127.0.0.1\",\"ttl\":\"720h\"}" \
        "$address/v1/$path" >"$bundle"
    jq -r .data.issuing_ca "$bundle" >"$directory/c$i-ca.pem"
    jq -r .data.certificate "$bundle" >"$directory/c$i.pem"
    jq -r .data.private_key "$bundle" >"$directory/c$i-key.pem"
done
