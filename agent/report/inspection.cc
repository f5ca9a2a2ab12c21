// SPDX-License-Identifier: Apache-2.0
#include "agent/report/inspection.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "foundation/text.h"
#include "x509/certificate.h"
#include "x509/chain.h"
#include "x509/key.h"

namespace install_cert::agent {
namespace {

struct ParsedFile {
    std::string path;
    std::vector<x509::Certificate> certificates;
    std::optional<x509::PrivateKey> key;
    std::string wrong;  // why it is neither

    [[nodiscard]] bool is_authority() const {
        return !certificates.empty() &&
               std::ranges::all_of(certificates, [](const x509::Certificate& certificate) {
                   return certificate.facts().is_ca;
               });
    }
};

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash);
}

// "etcd-key.pem" and "etcd.key" belong to "etcd.pem" and "etcd.crt".
std::string key_path_of(const std::string& certificate_path) {
    const auto stem = [&](std::string_view suffix) {
        return certificate_path.substr(0, certificate_path.size() - suffix.size());
    };
    if (certificate_path.ends_with(".crt")) {
        return stem(".crt") + ".key";
    }
    return certificate_path.ends_with(".pem") ? stem(".pem") + "-key.pem" : "";
}

ParsedFile parsed(const PemFile& file) {
    ParsedFile result{.path = file.path, .certificates = {}, .key = {}, .wrong = {}};
    if (!file.content) {
        result.wrong = file.content.error().what;
        return result;
    }
    const std::string_view text = file.content->reveal();
    if (text.contains("PRIVATE KEY-----")) {
        auto key = x509::PrivateKey::from_pem(trim(text));
        if (key) {
            result.key = std::move(*key);
            return result;
        }
        if (!text.contains("-----BEGIN CERTIFICATE-----")) {
            result.wrong = key.error().what;
            return result;
        }
    }
    auto certificates = x509::Certificate::all_from_pem(text);
    if (certificates) {
        result.certificates = std::move(*certificates);
    } else {
        result.wrong = certificates.error().what;
    }
    return result;
}

class Inspector {
  public:
    Inspector(const std::vector<PemFile>& files, WallTime now) : now_(now) {
        std::ranges::transform(files, std::back_inserter(files_), parsed);
    }

    HealthReport report() {
        HealthReport report;
        for (const ParsedFile& file : files_) {
            if (const auto row = row_of(file)) {
                report.health = worse(report.health, row->health);
                report.certificates.push_back(*row);
            }
        }
        return report;
    }

  private:
    static void note(HealthRow& row, Health health, const std::string& verdict) {
        row.health = worse(row.health, health);
        row.verdict += (row.verdict.empty() ? "" : "; ") + verdict;
    }

    std::optional<HealthRow> row_of(const ParsedFile& file) {
        HealthRow row{.name = file.path.substr(file.path.rfind('/') + 1), .paths = {file.path}};
        if (!file.wrong.empty()) {
            note(row, Health::critical, file.wrong);
            return row;
        }
        if (file.key) {
            if (has_certificate(file)) {
                return std::nullopt;
            }
            note(row, Health::warning, "a key without its certificate");
            return row;
        }
        row.health = Health::ok;
        describe(row, file.certificates.front().facts());
        judge_dates(row, file.certificates.front().facts());
        if (file.is_authority()) {
            judge_same_everywhere(row, file);
        } else {
            judge_chain(row, file);
        }
        judge_key(row, file);
        return row;
    }

    [[nodiscard]] bool has_certificate(const ParsedFile& key) const {
        return std::ranges::any_of(files_, [&](const ParsedFile& file) {
            return !file.certificates.empty() && key_path_of(file.path) == key.path;
        });
    }

    void judge_dates(HealthRow& row, const x509::CertificateFacts& facts) const {
        const renewal::Lifetime lifetime{.received = facts.not_before,
                                         .not_after = facts.not_after};
        if (now_ < facts.not_before) {
            note(row, Health::critical, "valid from " + to_rfc3339(facts.not_before) + " only");
        } else if (now_ >= facts.not_after) {
            note(row, Health::critical, "expired " + to_human(now_ - facts.not_after) + " ago");
        } else if (now_ >= renewal::last_tenth(lifetime)) {
            note(row, Health::critical, "less than a tenth of its lifetime is left");
        }
        if (!facts.weakness.empty()) {
            note(row, Health::warning, facts.weakness);
        }
    }

    void judge_key(HealthRow& row, const ParsedFile& file) const {
        const std::string path = key_path_of(file.path);
        const auto key = std::ranges::find_if(
            files_, [&](const ParsedFile& other) { return other.path == path && other.key; });
        if (key == files_.end()) {
            return;  // the key may rightly lie elsewhere
        }
        row.paths.push_back(path);
        if (key->key->public_key_digest() != file.certificates.front().facts().public_key_digest) {
            note(row, Health::critical, path + " is not the key of this certificate");
        }
    }

    [[nodiscard]] std::vector<x509::Certificate> authorities(const std::string& directory) const {
        std::vector<x509::Certificate> found;
        for (const ParsedFile& file : files_) {
            if (file.is_authority() &&
                (directory.empty() || directory_of(file.path) == directory)) {
                std::ranges::transform(
                    file.certificates, std::back_inserter(found), &x509::Certificate::clone);
            }
        }
        return found;
    }

    void judge_chain(HealthRow& row, const ParsedFile& file) const {
        auto anchors = authorities(directory_of(file.path));
        if (anchors.empty()) {
            anchors = authorities("");
        }
        if (anchors.empty()) {
            note(row, Health::warning, "no CA file to verify it against");
            return;
        }
        // Dates were judged by themselves: an expired leaf is not also a broken chain.
        const x509::CertificateFacts& leaf = file.certificates.front().facts();
        const WallTime at =
            std::clamp(now_,
                       leaf.not_before,
                       std::max(leaf.not_before, leaf.not_after - std::chrono::seconds{1}));
        const auto verified =
            x509::verify_chain({.leaf = file.certificates.front(),
                                .intermediates = std::span(file.certificates).subspan(1),
                                .anchors = anchors,
                                .at = at});
        if (!verified) {
            note(row, Health::critical, verified.error().what);
        }
    }

    void judge_same_everywhere(HealthRow& row, const ParsedFile& file) const {
        for (const ParsedFile& other : files_) {
            if (&other == &file || !other.is_authority()) {
                continue;
            }
            const x509::CertificateFacts& mine = file.certificates.front().facts();
            const bool same_name =
                std::ranges::any_of(other.certificates, [&](const x509::Certificate& candidate) {
                    return candidate.facts().subject == mine.subject;
                });
            const bool same_certificate =
                std::ranges::any_of(other.certificates, [&](const x509::Certificate& candidate) {
                    return candidate.facts().fingerprint == mine.fingerprint;
                });
            if (same_name && !same_certificate) {
                note(row, Health::warning, other.path + " holds another CA of the same name");
            }
        }
    }

    std::vector<ParsedFile> files_;
    WallTime now_;
};

}  // namespace

HealthReport inspect_files(const std::vector<PemFile>& files, WallTime now) {
    return Inspector(files, now).report();
}

}  // namespace install_cert::agent
