// SPDX-License-Identifier: Apache-2.0
// A PKI mount's answer, part by part.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace install_cert::testing {

// As a JSON text.
inline std::string escaped(std::string_view text) {
    std::string json = "\"";
    for (const char c : text) {
        if (c == '\n') {
            json += "\\n";
        } else if (c == '\r') {
            json += "\\r";
        } else {
            json += c;
        }
    }
    return json + "\"";
}

struct PkiAnswer {
    std::string certificate{};
    std::string private_key{};  // empty: left out, as `sign` does
    std::string issuing_ca{};
    std::vector<std::string> ca_chain{};
    std::string raw_ca_chain{};  // JSON, in place of ca_chain
    std::string warnings = "null";

    [[nodiscard]] std::string json() const {
        std::string data;
        const auto add = [&](std::string_view key, const std::string& value) {
            data += (data.empty() ? "\"" : ",\"") + std::string(key) + "\":" + value;
        };
        const auto add_pem = [&](std::string_view key, const std::string& pem) {
            if (!pem.empty()) {
                add(key, escaped(pem));
            }
        };
        add_pem("certificate", certificate);
        add_pem("private_key", private_key);
        add_pem("issuing_ca", issuing_ca);
        std::string chain;
        for (const std::string& pem : ca_chain) {
            chain += (chain.empty() ? "" : ",") + escaped(pem);
        }
        if (!raw_ca_chain.empty()) {
            add("ca_chain", raw_ca_chain);
        } else if (!chain.empty()) {
            add("ca_chain", "[" + chain + "]");
        }
        return R"({"request_id":"1","lease_id":"","data":{)" + data + R"(},"warnings":)" +
               warnings + R"(,"auth":null})";
    }
};

}  // namespace install_cert::testing
