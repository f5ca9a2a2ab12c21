// SPDX-License-Identifier: Apache-2.0
// MESSAGE_ID= of each event in the journal. systemd/install_cert.catalog explains each of them to
// `journalctl -x`, with the fields that are named here; a test holds the two together.
#pragma once

namespace install_cert::agent::message_id {

// INSTALL_CERT_NAME, _SERIAL, _NOT_AFTER (RFC 3339), _PATH (the directory)
inline constexpr const char* certificate_installed = "4f5b6b00c66c4f0f9ce81e6c0746607b";
// INSTALL_CERT_NAME, _WAY_OUT
inline constexpr const char* renewal_failed = "e865b211d3f741179940b27ff25df0ff";
// INSTALL_CERT_WAY_OUT
inline constexpr const char* token_refused = "66b2cd7000494df1badb3fa51b9d84dd";
// INSTALL_CERT_NAME, _WAY_OUT (the policy line that is missing)
inline constexpr const char* permission_missing = "5f960bf43624480f854c7bbb38777bc6";
// INSTALL_CERT_NAME, _PATH, _WAY_OUT
inline constexpr const char* destination_not_writable = "66bd45d191fa46ae82d2023c3c620abe";
// INSTALL_CERT_CONSUMER, _WAY_OUT
inline constexpr const char* reload_failed = "baa5a584ec3f453283d532a22ea29ba2";
// INSTALL_CERT_CONSUMER
inline constexpr const char* reload_paid = "266479aa1e1640668fc1978dfe27856c";
// INSTALL_CERT_NAME
inline constexpr const char* trust_published = "3d259380e6484c92bf9258de45afde71";
// INSTALL_CERT_WAY_OUT
inline constexpr const char* configuration_broken = "a15530bc41724a16ab741bd2b3c44c89";
// INSTALL_CERT_WAY_OUT
inline constexpr const char* configuration_kept = "26ad6c2e708a4784a49af0aa7dd132b0";
inline constexpr const char* clock_stepped = "6a07444bf0754343a4bfae445f8269d8";
// INSTALL_CERT_NAME, _NOT_AFTER
inline constexpr const char* expiring = "d9a77569eb464fe4917130ad6f64f263";
// INSTALL_CERT_NAME, _RETRY
inline constexpr const char* budget_spent = "5a694afc9c4c4db7a20eb026e3150396";
inline constexpr const char* ready = "f91fc5bafb6d4a98bb295a04ea359082";
// INSTALL_CERT_WAY_OUT
inline constexpr const char* not_ready = "13ed5c3ccc4c48098908513816b58f92";
// INSTALL_CERT_NOT_AFTER, _WAY_OUT
inline constexpr const char* token_ending = "a8418d43cd69490882416d6d50151c57";
// INSTALL_CERT_NAME
inline constexpr const char* drift_repaired = "358bb92a81b0497f86b400e9cd348f47";
// INSTALL_CERT_WAY_OUT
inline constexpr const char* turn_failed = "845124c3eadb4695ac622ef185628ddf";
inline constexpr const char* remark = "8f52337f10be4412bda72562eadc636c";

}  // namespace install_cert::agent::message_id
