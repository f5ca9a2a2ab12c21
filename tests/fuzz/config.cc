// SPDX-License-Identifier: Apache-2.0
// The configuration: host file, role file, drop-in and environment file, parted by lines of %%%.
#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "agent/record/accepted.h"
#include "agent/record/recorded.h"
#include "fuzz/promise.h"
#include "role/load.h"

using namespace install_cert;

namespace {

Result<std::string> fact(std::string_view name, std::string_view vault_host) {
    if (name == "hostname" || name == "fqdn") {
        return "kube-10-0-0-7.cluster.local";
    }
    if (name == "ip" || name.starts_with("ip:eth")) {
        return vault_host.empty() ? fail(Failure::not_yet, "no address yet")
                                  : Result<std::string>("10.0.0.7");
    }
    if (name == "machine_id") {
        return "0123456789abcdef0123456789abcdef";
    }
    if (name.starts_with("env:")) {
        return "from the\nenvironment";
    }
    return fail(Failure::usage, "no such fact");
}

Result<unsigned> account(std::string_view name) {
    if (name == "root") {
        return 0U;
    }
    return name == "etcd" ? Result<unsigned>(998U) : fail(Failure::not_yet, "unknown");
}

role::HostLookup host_with(std::string_view environment) {
    return {.fact = fact,
            .environment_file = [environment](const std::string&) -> Result<std::string> {
                return std::string(environment);
            },
            .user = account,
            .group = account,
            .vault_environment = {{"VAULT_ADDR", "https://vault:8200"}}};
}

bool is_certificate_name(std::string_view name) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= 64 && name[0] != '.' && name[0] != '_' &&
           name[0] != '-' && std::ranges::all_of(name, fits);
}

void promise_path_at_vault(std::string_view path) {
    for (const std::string& segment : split(path, '/')) {
        fuzz::promise(!segment.empty() && segment != "." && segment != "..",
                      "a path at Vault names what it says");
    }
}

void promise_files(const role::CertificateSpec& spec, std::set<std::string>& owned) {
    for (const auto* file :
         {&spec.files.ca, &spec.files.certificate, &spec.files.key, &spec.files.response}) {
        if (!*file) {
            continue;
        }
        fuzz::promise_file_name((*file)->name);
        const bool secret = file == &spec.files.key || file == &spec.files.response;
        const mode_t widest = secret ? 0640 : 0644;
        fuzz::promise(((*file)->mode & ~widest) == 0, "no file is wider than it may be");
        fuzz::promise(owned.insert(spec.directory + "/" + (*file)->name).second,
                      "no two files have one path");
    }
}

void promise_certificate(const role::CertificateSpec& spec, std::set<std::string>& owned) {
    fuzz::promise(is_certificate_name(spec.name), "a certificate's name is one");
    promise_path_at_vault(spec.mount);
    promise_path_at_vault(spec.pki_role);
    fuzz::promise(spec.directory.starts_with('/'), "a directory is absolute");
    for (const std::string& part : split(spec.directory, '/')) {
        fuzz::promise(part != ".." && part != ".", "a directory has no dots");
    }
    promise_files(spec, owned);
    const auto again = x509::normalized(spec.names);
    fuzz::promise(again && *again == spec.names, "names are in their normal form");
    fuzz::promise(!spec.ttl || spec.ttl->count() > 0, "a ttl is positive");
    fuzz::promise(role::request_digest(spec).size() == 64, "a request has a digest");
    fuzz::promise(spec.rekey == role::Rekey::always || spec.method == role::Method::sign,
                  "only a key of ours is kept");
    for (const role::Consumer& consumer : spec.consumers) {
        fuzz::promise(consumer.timeout.count() > 0, "a consumer has time");
    }
}

void promise_recorded(const role::Role& role) {
    const auto again = agent::recorded_role(agent::recorded_json(role));
    fuzz::promise(again.has_value() && again->certificates.size() == role.certificates.size(),
                  "what is recorded can be read");
    for (std::size_t i = 0; i < role.certificates.size(); ++i) {
        fuzz::promise(again->certificates[i].name == role.certificates[i].name &&
                          again->certificates[i].directory == role.certificates[i].directory &&
                          again->certificates[i].ownership == role.certificates[i].ownership,
                      "what is recorded is read as it was");
    }
}

void promise_accepted(const agent::SourceTexts& texts) {
    const auto again = agent::texts_from_json(agent::to_json(texts));
    fuzz::promise(again && again->host.yaml == texts.host.yaml && again->role &&
                      again->role->yaml == texts.role->yaml && again->drop_ins.size() == 1 &&
                      again->drop_ins[0].yaml == texts.drop_ins[0].yaml,
                  "what is accepted is read as it was");
}

}  // namespace

FUZZ_TARGET(input) {
    const auto texts = fuzz::parts(input, "\n%%%\n", 4);
    const agent::SourceTexts sources{
        .host = {.file = "config.yaml", .yaml = std::string(texts[0])},
        .drop_ins = {{.file = "config.d/10-more.yaml", .yaml = std::string(texts[2])}},
        .role = role::Text{.file = "roles/etcd.yaml", .yaml = std::string(texts[1])}};
    const auto role = role::load(agent::sources_of(sources), host_with(texts[3]));
    if (!role) {
        fuzz::promise(!role.error().empty(), "a refusal says why");
        for (const role::Diagnostic& diagnostic : role.error()) {
            fuzz::promise_message(role::to_string(diagnostic));
        }
        return;
    }
    fuzz::promise(!role->certificates.empty(), "a role describes something");
    fuzz::promise(role->renewal.spread >= 0 && role->renewal.spread <= 0.5, "a spread is a share");
    for (const std::string& warning : role->warnings) {
        fuzz::promise_message(warning);
    }
    std::set<std::string> owned;
    for (const role::CertificateSpec& spec : role->certificates) {
        promise_certificate(spec, owned);
    }
    promise_recorded(*role);
    promise_accepted(sources);
}
