// SPDX-License-Identifier: Apache-2.0
// The table of keys, and the check of one text against it.
#include "role/schema.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "role/diagnostics.h"
#include "role/document.h"

namespace install_cert::role {
namespace {

using enum Shape;

constexpr std::array kAuthKeys{
    Key{"method", text},
    Key{"mount", text},
    Key{"token_file", text},
    Key{"role_id", text},
    Key{"role_id_file", text},
    Key{"secret_id_file", text},
    Key{"role", text},
    Key{"jwt_file", text},
};
constexpr Schema kAuth{"auth", kAuthKeys};

constexpr std::array kVaultKeys{
    Key{"address", text},
    Key{"ca_cert", text},
    Key{"client_cert", text},
    Key{"client_key", text},
    Key{"tls_server_name", text},
    Key{"namespace", text},
    Key{"insecure_http", flag},
    Key{"insecure_skip_verify", flag},
    Key{"auth", section, &kAuth},
};
constexpr Schema kVault{"vault", kVaultKeys};

constexpr std::array kRenewalKeys{
    Key{"on_boot", text},
    Key{"at", text},
    Key{"spread", text},
    Key{"ca_refresh", text},
    Key{"ca_lead", text},
};
constexpr Schema kRenewal{"renewal", kRenewalKeys};

constexpr std::array kFileKeys{Key{"name", text}, Key{"mode", text}};
constexpr Schema kFile{"a file", kFileKeys};

constexpr std::array kFilesKeys{
    Key{"ca", file, &kFile},
    Key{"certificate", file, &kFile},
    Key{"key", file, &kFile},
    Key{"response", file, &kFile},
};
constexpr Schema kFiles{"files", kFilesKeys};

constexpr std::array kConsumerKeys{
    Key{"unit", text},
    Key{"command", texts},
    Key{"when", text},
    Key{"action", text},
    Key{"timeout", text},
};
constexpr Schema kConsumer{"a consumer", kConsumerKeys};

constexpr std::array kCertificateKeys{
    Key{"mount", text},
    Key{"role", text},
    Key{"auth", section, &kAuth},
    Key{"method", text},
    Key{"key_type", text},
    Key{"key_bits", text},
    Key{"rekey", text},
    Key{"common_name", text},
    Key{"alt_names", texts},
    Key{"ip_sans", texts},
    Key{"uri_sans", texts},
    Key{"organization", texts},
    Key{"usages", texts},
    Key{"ttl", text},
    Key{"directory", text},
    Key{"owner", text},
    Key{"group", text},
    Key{"files", section, &kFiles},
    Key{"consumers", sections, &kConsumer},
};
constexpr Schema kCertificate{"a certificate", kCertificateKeys};

constexpr std::array kHostKeys{
    Key{"cluster", text},
    Key{"environment_files", texts},
    Key{"variables", words},
    Key{"vault", section, &kVault},
    Key{"renewal", section, &kRenewal},
    Key{"certificates", named, &kCertificate},
    Key{"role", text},
};
constexpr Schema kHost{"", kHostKeys};
constexpr Schema kRoleFile{"", std::span(kHostKeys).first<kHostKeys.size() - 1>()};

constexpr std::array kSections{
    &kHost, &kVault, &kAuth, &kRenewal, &kCertificate, &kFiles, &kConsumer};

const Key* find(const Schema& schema, std::string_view name) {
    const auto found = std::ranges::find(schema.keys, name, &Key::name);
    return found == schema.keys.end() ? nullptr : &*found;
}

// The nearest key of this section, or the section that the key belongs to.
std::string way_out_of_unknown(std::string_view name, const Schema& schema) {
    std::vector<std::string_view> names;
    std::ranges::transform(schema.keys, std::back_inserter(names), &Key::name);
    if (auto hint = did_you_mean(name, names); !hint.empty()) {
        return hint;
    }
    for (const auto* other : kSections) {
        if (other != &schema && find(*other, name) != nullptr) {
            return other == &kHost ? "it belongs at the top of the host file"
                                   : "it belongs in " + (other->path.starts_with("a ")
                                                             ? std::string(other->path)
                                                             : quoted(other->path));
        }
    }
    return {};
}

std::string_view expectation(Shape shape) {
    switch (shape) {
        case text:
            return "a text";
        case flag:
            return "true or false";
        case texts:
            return "a list of texts, as in [a, b]";
        case file:
            return "a file name, or a mapping with 'name' and 'mode'";
        case section:
        case named:
        case words:
            return "a mapping";
        case sections:
            return "a list of mappings";
    }
    return {};
}

std::string_view description(const Node& value) {
    switch (value.kind) {
        case Kind::null:
            return "nothing";
        case Kind::scalar:
            return value.quoting == Quoting::quoted ? "a quoted text" : "a text";
        case Kind::list:
            return "a list";
        case Kind::mapping:
            return "a mapping";
        case Kind::faulty:
            break;
    }
    return "";
}

bool is_flag(const Node& value) {
    return value.kind == Kind::scalar && value.quoting == Quoting::plain &&
           (value.text == "true" || value.text == "false");
}

bool fits(const Node& value, Shape shape) {
    switch (shape) {
        case text:
            return value.kind == Kind::scalar;
        case flag:
            return is_flag(value);
        case file:
            return value.kind == Kind::scalar || value.kind == Kind::mapping;
        case texts:
        case sections:
            return value.kind == Kind::list;
        case section:
        case named:
        case words:
            return value.kind == Kind::mapping;
    }
    return false;
}

// False when it was reported, now or before.
bool check_kind(std::string_view name, Node& value, Shape shape, Diagnostics& diagnostics) {
    if (value.kind == Kind::faulty) {
        return false;
    }
    if (!fits(value, shape)) {
        std::string what = quoted(name) + " must be " + std::string(expectation(shape));
        what += ", this is " + std::string(description(value));
        diagnostics.add(value.mark, Remark{.what = std::move(what)});
        value.kind = Kind::faulty;
        return false;
    }
    return true;
}

void normalize_file(Node& value) {
    if (value.kind == Kind::scalar) {
        Node name = std::exchange(value, Node{});
        value.kind = Kind::mapping;
        value.precedence = Precedence::replaces;
        value.mark = name.mark;
        value.entries.push_back({"name", name.mark, std::move(name)});
    }
}

void check_value(std::string_view name, Node& value, const Key& key, Diagnostics& diagnostics) {
    if (!check_kind(name, value, key.shape, diagnostics)) {
        return;
    }
    switch (key.shape) {
        case file:
            normalize_file(value);
            [[fallthrough]];
        case section:
            check_shape(value, *key.inner, diagnostics);
            break;
        case named:
            for (auto& entry : value.entries) {
                check_value(entry.key, entry.value, Key{"", section, key.inner}, diagnostics);
            }
            break;
        case words:
            for (auto& entry : value.entries) {
                (void)check_kind(entry.key, entry.value, text, diagnostics);
            }
            break;
        case texts:
            for (auto& item : value.items) {
                (void)check_kind(name, item, text, diagnostics);
            }
            break;
        case sections:
            for (auto& item : value.items) {
                check_value(name, item, Key{"", section, key.inner}, diagnostics);
            }
            break;
        case text:
        case flag:
            break;
    }
}

}  // namespace

const Schema& host_schema() {
    return kHost;
}

const Schema& role_file_schema() {
    return kRoleFile;
}

void check_shape(Node& mapping, const Schema& schema, Diagnostics& diagnostics) {
    std::erase_if(mapping.entries, [&](Entry& entry) {
        const auto* key = find(schema, entry.key);
        if (key == nullptr) {
            diagnostics.add(entry.mark,
                            Remark{.what = "unknown key " + quoted(entry.key),
                                   .way_out = way_out_of_unknown(entry.key, schema)});
            return true;
        }
        check_value(key->name, entry.value, *key, diagnostics);
        return false;
    });
}

}  // namespace install_cert::role
