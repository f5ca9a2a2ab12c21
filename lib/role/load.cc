// SPDX-License-Identifier: Apache-2.0
// The story of a configuration: parse, check the shape, merge, expand, read, compare.
#include "role/load.h"

#include <deque>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "role/accounts.h"
#include "role/conflicts.h"
#include "role/diagnostics.h"
#include "role/document.h"
#include "role/expand.h"
#include "role/merge.h"
#include "role/read_certificate.h"
#include "role/read_renewal.h"
#include "role/read_vault.h"
#include "role/role.h"
#include "role/schema.h"
#include "role/section.h"
#include "role/variables.h"
#include "role/vault_environment.h"

namespace install_cert::role {
namespace {

constexpr int kRoleFileOrder = 0;
constexpr int kHostFileOrder = 1;

class Loading {
  public:
    Loading(const Sources& texts, const HostLookup& host) : texts_(texts), host_(host) {}

    std::expected<Role, std::vector<Diagnostic>> run() {
        auto written_here = host_file_and_drop_ins();
        Role role;
        role.name = role_name(written_here);
        auto configuration = vault_environment(host_, sources_);
        if (!role.name.empty()) {
            merge(configuration, role_file(role.name, written_here));
        }
        merge(configuration, std::move(written_here));

        Variables variables(configuration, host_, diagnostics_);
        prepare(configuration, variables);
        expand_all(configuration, variables);
        if (configuration.find("cluster") != nullptr) {
            role.cluster = variables.value("cluster", {}).value_or("");
        }
        read(configuration, role);
        if (!diagnostics_.empty()) {
            return std::unexpected(diagnostics_.take());
        }
        return role;
    }

  private:
    Node parse(const Text& text, int order, const Schema& schema) {
        const auto& source = sources_.emplace_back(Source{.file = text.file, .order = order});
        auto tree = parse_document(source, text.yaml, diagnostics_);
        check_shape(tree, schema, diagnostics_);
        return tree;
    }

    Node host_file_and_drop_ins() {
        auto tree = parse(texts_.host, kHostFileOrder, host_schema());
        int order = kHostFileOrder;
        for (const auto& text : texts_.drop_ins) {
            merge(tree, parse(text, ++order, host_schema()));
        }
        return tree;
    }

    // Its name may use what is written beside it, but not what the role file defines.
    std::string role_name(Node& written_here) {
        auto* role = written_here.find("role");
        if (role == nullptr) {
            return {};
        }
        if (role->kind == Kind::scalar) {
            Variables variables(written_here, host_, diagnostics_);
            expand_text(*role, variables);
        }
        if (role->kind != Kind::scalar) {
            diagnostics_.note_unreadable_part();
            return {};
        }
        return role->text;
    }

    Node role_file(const std::string& name, const Node& written_here) {
        const bool is_file_name = !name.starts_with('.') && !name.contains('/');
        const auto text = is_file_name
                              ? texts_.role_file(name)
                              : fail(Failure::config, quoted(name) + " is no name of a role");
        if (!text) {
            diagnostics_.add(written_here.find("role")->mark, text.error());
            diagnostics_.note_unreadable_part();
            return {};
        }
        return parse(*text, kRoleFileOrder, role_file_schema());
    }

    // What other values need while they are expanded.
    static void prepare(Node& configuration, Variables& variables) {
        if (const auto* files = configuration.find("environment_files")) {
            variables.read_environment_files(*files);
        }
        auto* vault = configuration.find("vault");
        auto* address = vault == nullptr ? nullptr : vault->find("address");
        if (address != nullptr && address->kind == Kind::scalar) {
            expand_text(*address, variables);
        }
        variables.set_vault_host(vault_host(address));
    }

    void read(const Node& configuration, Role& role) {
        const Mark top = configuration.mark;
        const auto section = [&](const char* name) {
            const auto* node = configuration.find(name);
            const bool usable = node != nullptr && node->kind == Kind::mapping;
            return Section(
                usable ? node : nullptr, node == nullptr ? top : node->mark, name, diagnostics_);
        };
        role.vault = read_vault(section("vault"), host_, role.warnings);
        role.renewal = read_renewal(section("renewal"), role.warnings);
        const auto* certificates = configuration.find("certificates");
        if (certificates == nullptr || certificates->kind == Kind::mapping) {
            read_certificates(configuration, role);
        }
    }

    void read_certificates(const Node& configuration, Role& role) {
        const auto* certificates = configuration.find("certificates");
        if (certificates == nullptr || certificates->entries.empty()) {
            report_emptiness(configuration, role.name);
            return;
        }
        Accounts accounts(host_);
        const Surroundings around{.vault = role.vault,
                                  .renewal = role.renewal,
                                  .accounts = accounts,
                                  .diagnostics = diagnostics_};
        role.certificates.reserve(certificates->entries.size());
        std::vector<const Node*> written;
        for (const auto& entry : certificates->entries) {
            if (entry.value.kind == Kind::mapping && !is_misnamed(entry, *certificates)) {
                role.certificates.push_back(read_certificate(entry, around));
                written.push_back(&entry.value);
            }
        }
        check_conflicts(role.certificates, written, diagnostics_);
        order_for_publication(role.certificates);
    }

    // Something laid over a certificate that has another name: one mistake, not five omissions.
    bool is_misnamed(const Entry& entry, const Node& certificates) {
        const auto is_described = [](const Node& certificate) {
            return certificate.find("mount") != nullptr || certificate.find("files") != nullptr;
        };
        if (is_described(entry.value)) {
            return false;
        }
        std::vector<std::string_view> others;
        for (const auto& other : certificates.entries) {
            if (is_described(other.value)) {
                others.push_back(other.key);
            }
        }
        auto hint = did_you_mean(entry.key, others);
        if (hint.empty()) {
            return false;
        }
        diagnostics_.add(entry.mark,
                         Remark{.what = "nothing describes certificate " + quoted(entry.key),
                                .way_out = std::move(hint)});
        return true;
    }

    void report_emptiness(const Node& configuration, const std::string& role_name) {
        const auto* certificates = configuration.find("certificates");
        const auto* role = configuration.find("role");
        if (role == nullptr && certificates == nullptr) {
            diagnostics_.add_absence(
                configuration.mark,
                Remark{.what = "neither 'role' nor 'certificates': nothing to install",
                       .way_out = "write role: etcd, controller or worker"});
            return;
        }
        const auto& mark = certificates != nullptr ? certificates->mark : role->mark;
        diagnostics_.add_absence(
            mark,
            Remark{.what = role_name.empty()
                               ? "'certificates' is empty: nothing to install"
                               : "role " + quoted(role_name) + " describes no certificate"});
    }

    const Sources& texts_;
    const HostLookup& host_;
    std::deque<Source> sources_;  // marks point into it
    Diagnostics diagnostics_;
};

}  // namespace

std::expected<Role, std::vector<Diagnostic>> load(const Sources& sources, const HostLookup& host) {
    return Loading(sources, host).run();
}

}  // namespace install_cert::role
