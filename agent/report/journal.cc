// SPDX-License-Identifier: Apache-2.0
#include "agent/report/journal.h"

#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "agent/report/console.h"
#include "agent/report/journal_socket.h"
#include "agent/report/message_ids.h"
#include "foundation/text.h"

namespace install_cert::agent {
namespace {

// Whether stderr is the journal (systemd.exec(5), JOURNAL_STREAM): then it is spoken to natively.
bool stderr_is_journal() {
    const char* const stream = std::getenv("JOURNAL_STREAM");
    struct stat status{};
    return stream != nullptr && ::fstat(STDERR_FILENO, &status) == 0 &&
           stream == std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

JournalSocket& journal_socket() {
    static JournalSocket socket;
    return socket;
}

class Entry {
  public:
    Entry(const char* message_id, int priority, const std::string& message) : message_(message) {
        add("MESSAGE", message);
        add("MESSAGE_ID", message_id);
        add("PRIORITY", std::to_string(priority));
        add("SYSLOG_IDENTIFIER", "install-cert");
        // The unit of a worker that has ended is not to be found any more; its supervisor's is, and
        // `journalctl -u` looks at it, too (systemd.journal-fields(7)).
        add("OBJECT_PID", std::to_string(::getppid()));
    }

    Entry& add(const std::string& field, const std::string& value) {
        if (!value.empty()) {
            fields_.push_back(field + "=" + value);
        }
        return *this;
    }

    void write() const {
        static const bool native = stderr_is_journal();
        if (!native) {
            warn(message_);
            return;
        }
        journal_socket().send(fields_);
    }

  private:
    std::string message_;
    std::vector<std::string> fields_;
};

const char* id_of(const Outcome& outcome) {
    if (outcome.error->kind == Failure::denied) {
        // The line that a policy lacks: the token itself is good.
        return outcome.error->way_out.starts_with("path \"") ? message_id::permission_missing
                                                             : message_id::token_refused;
    }
    if (outcome.error->kind == Failure::cannot_write) {
        return message_id::destination_not_writable;
    }
    return outcome.kind == OutcomeKind::postponed ? message_id::budget_spent
                                                  : message_id::renewal_failed;
}

void write_failure(const Outcome& outcome) {
    Entry(id_of(outcome), LOG_ERR, outcome.spec->name + ": " + outcome.error->what)
        .add("INSTALL_CERT_NAME", outcome.spec->name)
        .add("INSTALL_CERT_PATH", outcome.spec->directory)
        .add("INSTALL_CERT_WAY_OUT", outcome.error->way_out)
        .add("INSTALL_CERT_RETRY", to_rfc3339(outcome.next))
        .write();
}

void write_outcome(const Outcome& outcome) {
    const std::string& name = outcome.spec->name;
    for (const std::string& remark : outcome.remarks) {
        Entry(message_id::remark, LOG_NOTICE, name + ": " + remark)
            .add("INSTALL_CERT_NAME", name)
            .write();
    }
    switch (outcome.kind) {
        case OutcomeKind::installed:
            Entry(message_id::certificate_installed,
                  LOG_INFO,
                  name + ": installed " + outcome.serial + ", good until " +
                      to_rfc3339(outcome.not_after) + " (" + outcome.why + ")")
                .add("INSTALL_CERT_NAME", name)
                .add("INSTALL_CERT_SERIAL", outcome.serial)
                .add("INSTALL_CERT_NOT_AFTER", to_rfc3339(outcome.not_after))
                .add("INSTALL_CERT_PATH", outcome.spec->directory)
                .write();
            break;
        case OutcomeKind::trust_published:
            Entry(message_id::trust_published,
                  LOG_NOTICE,
                  name +
                      ": its CA changed; the CA file trusts old and new, the new leaf follows at " +
                      to_rfc3339(outcome.next))
                .add("INSTALL_CERT_NAME", name)
                .write();
            break;
        case OutcomeKind::repaired:
            Entry(message_id::drift_repaired, LOG_NOTICE, name + ": files were put right")
                .add("INSTALL_CERT_NAME", name)
                .add("INSTALL_CERT_PATH", outcome.spec->directory)
                .write();
            break;
        case OutcomeKind::kept:
        case OutcomeKind::postponed:
        case OutcomeKind::resting:
        case OutcomeKind::failed:
            break;
    }
    // What rests was told of when it failed.
    if (outcome.error && outcome.kind != OutcomeKind::resting) {
        write_failure(outcome);
    }
    if (outcome.expiring) {
        const std::string when = to_rfc3339(*outcome.expiring);
        Entry(message_id::expiring, LOG_CRIT, name + ": ends at " + when + " and was not renewed")
            .add("INSTALL_CERT_NAME", name)
            .add("INSTALL_CERT_NOT_AFTER", when)
            .write();
    }
}

// Owed no longer, but a name that nobody answers to is most likely a mistake.
void write_missing(const ReloadReport& reload) {
    Entry(message_id::remark,
          LOG_WARNING,
          reload.consumer + ": nobody to reload: " + reload.outcome.what)
        .add("INSTALL_CERT_NAMES", join(reload.certificates, " "))
        .add("INSTALL_CERT_CONSUMER", reload.consumer)
        .write();
}

void write_reload(const ReloadReport& reload) {
    if (reload.outcome.state == consumers::ReloadState::missing) {
        write_missing(reload);
        return;
    }
    const bool failed = reload.outcome.state == consumers::ReloadState::failed;
    const std::string what = reload.outcome.what.empty() ? "" : ": " + reload.outcome.what;
    Entry(failed ? message_id::reload_failed : message_id::reload_paid,
          failed ? LOG_ERR : LOG_INFO,
          reload.consumer + (failed ? ": reload failed, still owed" : ": has what it needs") + what)
        .add("INSTALL_CERT_NAMES", join(reload.certificates, " "))
        .add("INSTALL_CERT_CONSUMER", reload.consumer)
        .write();
}

void write_ending(const EndingToken& token) {
    const std::string when = to_rfc3339(token.ends);
    Entry(message_id::token_ending,
          LOG_WARNING,
          token.source + ": the token ends at " + when + ", before the next renewal")
        .add("INSTALL_CERT_NOT_AFTER", when)
        .add("INSTALL_CERT_WAY_OUT", "put a token that lives longer into " + token.source)
        .write();
}

bool brought_back(const Outcome& outcome) {
    return outcome.kind == OutcomeKind::installed &&
           (outcome.cause == renewal::Cause::not_installed ||
            outcome.cause == renewal::Cause::damaged || outcome.cause == renewal::Cause::expired);
}

void write_errors(const char* id, const std::string& prefix, const std::vector<Error>& errors) {
    for (const Error& error : errors) {
        Entry(id, LOG_ERR, prefix + error.what).add("INSTALL_CERT_WAY_OUT", error.way_out).write();
    }
}

}  // namespace

void journal_turn(const TurnReport& report) {
    std::ranges::for_each(report.certificates, write_outcome);
    std::ranges::for_each(report.reloads, write_reload);
    std::ranges::for_each(report.ending_tokens, write_ending);
    for (const std::string& remark : report.remarks) {
        Entry(message_id::remark, LOG_WARNING, remark).write();
    }
}

void journal_readiness(const TurnReport& report, Occasion occasion) {
    std::vector<std::string> missing;
    for (const Outcome& outcome : report.certificates) {
        if (!outcome.valid) {
            missing.push_back(outcome.spec->name);
        }
    }
    if (!missing.empty()) {
        Entry(message_id::not_ready, LOG_WARNING, "no valid set of " + join(missing, ", "))
            .add("INSTALL_CERT_WAY_OUT", "'install-cert check' says what is missing")
            .write();
    } else if (occasion == Occasion::start ||
               std::ranges::any_of(report.certificates, brought_back)) {
        Entry(message_id::ready, LOG_INFO, "every certificate is valid").write();
    }
}

void journal_clock_step() {
    Entry(message_id::clock_stepped, LOG_NOTICE, "the clock was set: everything is planned anew")
        .write();
}

void journal_failure(const Error& error) {
    write_errors(message_id::turn_failed, "", {error});
}

void journal_configuration(const std::vector<Error>& errors) {
    write_errors(message_id::configuration_broken, "", errors);
}

void journal_rejected_configuration(const std::vector<Error>& errors) {
    write_errors(message_id::configuration_kept, "the running configuration is kept: ", errors);
}

std::size_t journal_dropped() {
    return stderr_is_journal() ? journal_socket().dropped() : 0;
}

}  // namespace install_cert::agent
