// SPDX-License-Identifier: Apache-2.0
// The digest of a request, over a text in which no two requests look the same.
#include "x509/digest.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "role/role.h"
#include "x509/key.h"
#include "x509/names.h"

namespace install_cert::role {
namespace {

// Each field is preceded by its length, so that no value can imitate a boundary, and lists by
// their count. What is not written is told apart from what is empty.
class Canonical {
  public:
    Canonical() { text_.reserve(512); }

    void add(std::string_view field) {
        text_ += std::to_string(field.size());
        text_ += ':';
        text_ += field;
    }

    void add(std::size_t number) { add(std::to_string(number)); }

    void add(const std::vector<std::string>& list) {
        add(list.size());
        for (const auto& item : list) {
            add(item);
        }
    }

    void add(const std::optional<File>& file) { add(file ? "+" + file->name : "-"); }

    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    std::string text_ = "install-cert request 1\n";
};

std::vector<std::string> words(const std::vector<x509::Usage>& usages) {
    std::vector<std::string> words;
    words.reserve(usages.size());
    for (const auto usage : usages) {
        words.emplace_back(usage == x509::Usage::server ? "server" : "client");
    }
    return words;
}

std::string word(const std::optional<x509::KeyKind>& key) {
    return key ? std::string(x509::to_string(key->type)) + " " + std::to_string(key->bits) : "-";
}

void add_names(Canonical& canonical, const x509::Names& names) {
    canonical.add(names.common_name);
    canonical.add(names.dns);
    canonical.add(names.ip);
    canonical.add(names.uri);
    canonical.add(names.email);
}

}  // namespace

std::string request_digest(const CertificateSpec& spec) {
    Canonical canonical;
    canonical.add(spec.mount);
    canonical.add(spec.pki_role);
    canonical.add(std::string_view(spec.method == Method::issue ? "issue" : "sign"));
    canonical.add(word(spec.key));
    canonical.add(std::string_view(spec.rekey == Rekey::always ? "always" : "never"));
    add_names(canonical, spec.names);
    canonical.add(spec.ttl ? std::to_string(spec.ttl->count()) : "-");
    canonical.add(std::string_view(spec.organization ? "+" : "-"));
    canonical.add(spec.organization.value_or(std::vector<std::string>{}));
    canonical.add(std::string_view(spec.usages ? "+" : "-"));
    canonical.add(words(spec.usages.value_or(std::vector<x509::Usage>{})));
    canonical.add(spec.files.ca);
    canonical.add(spec.files.certificate);
    canonical.add(spec.files.key);
    canonical.add(spec.files.response);
    return x509::sha256_hex(canonical.text());
}

}  // namespace install_cert::role
