// SPDX-License-Identifier: Apache-2.0
// `check`: everything that can be known before the first boot. Asks for no certificate, writes
// nothing.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <variant>

#include "agent/advice/pki_role_fit.h"
#include "agent/advice/sandbox.h"
#include "agent/commands/commands.h"
#include "agent/configuration/secret_reader.h"
#include "agent/configuration/workplace.h"
#include "agent/process.h"
#include "agent/report/console.h"
#include "agent/report/findings.h"
#include "agent/turn/token_care.h"
#include "agent/turn/vault_session.h"
#include "consumers/systemd_service_control.h"
#include "foundation/text.h"
#include "vault/denial.h"
#include "vault/pki_messages.h"

namespace install_cert::agent {
namespace {

class Checker {
  public:
    Checker(Workplace& workplace,
            VaultSession& session,
            SecretReader read_secret,
            const Options& options)
        : workplace_(workplace),
          session_(session),
          read_secret_(std::move(read_secret)),
          options_(options),
          opened_(writable_directories(workplace.places.root)) {}

    Findings run() {
        findings_.good(
            "configuration",
            workplace_.places.config + ", " + std::to_string(workplace_.role.certificates.size()) +
                (workplace_.role.certificates.size() == 1 ? " certificate" : " certificates"));
        for (const std::string& warning : workplace_.role.warnings) {
            findings_.doubtful("configuration", warning, "");
        }
        for (const role::CertificateSpec& spec : workplace_.role.certificates) {
            check_destination(spec);
            check_consumers(spec);
        }
        check_token_files();
        if (!options_.offline) {
            check_vault();
        }
        return std::move(findings_);
    }

  private:
    [[nodiscard]] BootTime deadline() const {
        return workplace_.clock.since_boot() + options_.timeout;
    }

    // The directory, or the nearest one above it that is there: the rest is made when it is needed.
    void check_destination(const role::CertificateSpec& spec) {
        const auto installed = workplace_.store.read(spec);
        if (!installed) {
            findings_.bad(spec.name, installed.error());
            return;
        }
        std::string path = workplace_.places.root + spec.directory;
        while (path.size() > 1 && ::access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
            path.resize(std::max<std::size_t>(path.rfind('/'), 1));
        }
        if (::faccessat(AT_FDCWD, path.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
            findings_.bad(spec.name, fail_errno(Failure::cannot_write, path, errno).error());
            return;
        }
        const bool there = path == workplace_.places.root + spec.directory;
        findings_.good(spec.name,
                       there ? path + " is writable" : spec.directory + " will be made in " + path);
        if (opened_ && !is_within(spec.directory, *opened_)) {
            findings_.doubtful(spec.name,
                               spec.directory + " is closed to the daemon by its sandbox",
                               sandbox_drop_in(spec.directory));
        }
    }

    void check_consumers(const role::CertificateSpec& spec) {
        for (const role::Consumer& consumer : spec.consumers) {
            if (const auto* const unit = std::get_if<role::UnitConsumer>(&consumer.what)) {
                check_unit(spec, unit->unit);
            } else {
                check_program(spec, std::get<role::CommandConsumer>(consumer.what).argv.front());
            }
        }
    }

    void check_unit(const role::CertificateSpec& spec, const std::string& unit) {
        if (!options_.root.empty()) {
            return;  // an image's units are not this host's
        }
        consumers::SystemdServiceControl services;
        const auto known = services.knows(unit);
        if (!known) {
            findings_.doubtful(spec.name, unit + ": " + known.error().what, "");
        } else if (!*known) {
            findings_.doubtful(spec.name,
                               unit + " is not known to systemd: nothing will be reloaded",
                               "install the unit, or take the consumer out of the configuration");
        } else {
            findings_.good(spec.name, unit + " is known");
        }
    }

    void check_program(const role::CertificateSpec& spec, const std::string& program) {
        if (::access((workplace_.places.root + program).c_str(), X_OK) != 0) {
            findings_.doubtful(spec.name,
                               fail_errno(Failure::config, program, errno).error().what,
                               "install it, or correct the consumer's command");
        } else {
            findings_.good(spec.name, program + " can be run");
        }
    }

    // Also where Vault is left out, or away.
    void check_token_files() {
        for (const role::Auth& auth : lasting_tokens(workplace_.role)) {
            if (const auto token = read_secret_(auth, auth.token_file); !token) {
                findings_.bad("token", token.error());
            }
        }
    }

    void check_vault() {
        const auto client = session_.client();
        if (!client) {
            findings_.bad("vault", client.error());
            return;
        }
        const auto health = (*client)->health(deadline());
        const std::string& address = workplace_.role.vault.address;
        if (!health) {
            findings_.bad("vault", health.error());
            return;
        }
        if (health->sealed || !health->initialized) {
            findings_.bad(
                "vault",
                {.kind = Failure::unavailable,
                 .what = address + (health->initialized ? " is sealed" : " is not initialized"),
                 .way_out = health->initialized ? "unseal it" : "initialize it"});
            return;
        }
        findings_.good("vault", address + " answers, version " + printable(health->version));
        std::vector<role::Auth> seen;
        for (const role::CertificateSpec& spec : workplace_.role.certificates) {
            if (std::ranges::find(seen, spec.auth) == seen.end()) {
                seen.push_back(spec.auth);
                check_token(**client, spec.auth);
            }
        }
    }

    void check_token(vault::Client& client, const role::Auth& auth) {
        if (const auto token = client.token(auth, deadline()); !token) {
            if (auth.method != role::AuthMethod::token) {
                findings_.bad("token", token.error());
            }
            return;  // of a token's file it is said already
        }
        const auto facts = client.lookup_self(auth, deadline());
        if (!facts) {
            findings_.bad("token", facts.error());
            return;
        }
        judge_life(auth, *facts);
        check_paths(client, auth);
    }

    void judge_life(const role::Auth& auth, const vault::TokenFacts& facts) {
        const std::string what =
            (auth.method == role::AuthMethod::token ? token_source(auth) : auth.mount + " login") +
            ": " + (facts.never_expires ? "never ends" : to_human(facts.ttl) + " left") +
            (facts.renewable ? ", renewable" : "");
        // A token must see the renewal of the longest-lived certificate that it asks for.
        std::chrono::seconds needed{0};
        for (const role::CertificateSpec& spec : workplace_.role.certificates) {
            if (spec.auth == auth && spec.ttl) {
                needed = std::max(needed, *spec.ttl);
            }
        }
        const auto end = facts.max_ttl_left.value_or(facts.renewable ? needed : facts.ttl);
        if (auth.method == role::AuthMethod::token && !facts.never_expires && end < needed) {
            findings_.doubtful("token",
                               what + ", which ends before the next renewal",
                               "hand the host a periodic token: see 'install-cert policy'");
        } else {
            findings_.good("token", what);
        }
        if (std::ranges::find(facts.policies, "root") != facts.policies.end()) {
            findings_.doubtful("token",
                               "is a root token",
                               "hand the host a token with the policy of 'install-cert policy'");
        }
        if (facts.uses_left > 0) {
            findings_.doubtful("token",
                               "may be used only " + std::to_string(facts.uses_left) +
                                   " more time" + (facts.uses_left == 1 ? "" : "s"),
                               "create it without -use-limit");
        }
    }

    void check_paths(vault::Client& client, const role::Auth& auth) {
        std::vector<const role::CertificateSpec*> specs;
        std::vector<std::string> paths;
        for (const role::CertificateSpec& spec : workplace_.role.certificates) {
            if (spec.auth == auth) {
                specs.push_back(&spec);
                paths.push_back(vault::issuing_path(spec));
            }
        }
        const auto capabilities = client.capabilities(auth, paths, deadline());
        if (!capabilities) {
            findings_.doubtful(
                "token", "its capabilities cannot be looked up: " + capabilities.error().what, "");
        }
        for (std::size_t i = 0; i < specs.size(); ++i) {
            if (capabilities) {
                judge_capability(*specs[i], paths[i], capabilities->at(paths[i]));
            }
            check_pki_role(client, *specs[i]);
        }
    }

    void judge_capability(const role::CertificateSpec& spec,
                          const std::string& path,
                          const std::vector<std::string>& granted) {
        const bool allowed = std::ranges::any_of(granted, [](const std::string& capability) {
            return capability == "update" || capability == "root";
        });
        if (allowed) {
            findings_.good(spec.name, "the token may call " + path);
        } else {
            findings_.bad(spec.name,
                          {.kind = Failure::denied,
                           .what = "the token may not call " + path,
                           .way_out = "add to its policy: " + vault::policy_line(path)});
        }
    }

    void check_pki_role(vault::Client& client, const role::CertificateSpec& spec) {
        const auto pki_role = client.pki_role(spec.auth, spec.mount, spec.pki_role, deadline());
        const std::string name = "PKI role " + spec.mount + "/roles/" + spec.pki_role;
        if (!pki_role) {
            if (pki_role.error().kind == Failure::denied) {
                findings_.unjudged(spec.name,
                                   name + " cannot be read by the host's token, as it should be",
                                   "with an administrator's token in VAULT_TOKEN, and none in the "
                                   "host's file, 'check' judges it");
            } else {
                findings_.bad(spec.name, pki_role.error());
            }
            return;
        }
        const auto found = misfits(spec, *pki_role);
        for (const std::string& misfit : found) {
            findings_.doubtful(
                spec.name, name + " " + misfit, "see 'install-cert policy' for a role that fits");
        }
        if (found.empty()) {
            findings_.good(spec.name, name + " allows what is asked");
        }
    }

    Workplace& workplace_;
    VaultSession& session_;
    SecretReader read_secret_;
    const Options& options_;
    std::optional<std::vector<std::string>> opened_;  // by the daemon's unit, where there is one
    Findings findings_;
};

}  // namespace

int check(const Options& options, Secret environment_token) {
    become_undumpable();
    auto workplace = Workplace::open(options);
    if (!workplace) {
        return complain(workplace.error());
    }
    const SecretReader read_secret = secret_reader(
        (*workplace)->places, std::make_shared<const Secret>(std::move(environment_token)));
    VaultSession session((*workplace)->role.vault, read_secret, (*workplace)->clock);
    const Findings findings = Checker(**workplace, session, read_secret, options).run();
    say(options.json ? findings.to_json() : findings.to_text(colour_of_stdout()));
    return findings.exit_code();
}

}  // namespace install_cert::agent
