// SPDX-License-Identifier: Apache-2.0
// What --help teaches.
#include "agent/options.h"

namespace install_cert::agent {
namespace {

constexpr std::string_view kGlobal =
    "\n"
    "Global options, before or after the command:\n"
    "  --config FILE   the host file (default /etc/install-cert/config.yaml); roles/ and config.d/ "
    "lie beside it\n"
    "  --root DIR      prefix of everything that is written, for image builds; consumers are left "
    "alone\n"
    "  -h, --help      this text; after a command: about that command\n"
    "  --version       the version\n";

constexpr std::string_view kProgram =
    "install-cert - certificates from Vault for etcd, controller and worker hosts\n"
    "\n"
    "Usage: install-cert [--config FILE] [--root DIR] COMMAND [ARGUMENT...]\n"
    "\n"
    "See what there is:\n"
    "  status          what is installed, until when, and what is wrong; exit 0 ok, 1 warning, 2 "
    "critical\n"
    "  inspect PATH... the same table for any PEM files or directories\n"
    "  check           everything that can be known before the first boot, with the way out of "
    "each finding\n"
    "\n"
    "Get certificates:\n"
    "  once [NAME...]  one turn: obtain and install what is due, reload consumers, exit\n"
    "  renew [NAME...] renew now, due or not (through the daemon where one runs)\n"
    "  run             the daemon: what install_cert.service starts\n"
    "\n"
    "Set up and take away:\n"
    "  policy          the Vault policy, PKI roles and token that this configuration needs, as "
    "commands\n"
    "  remove [NAME...] take our files away again\n"
    "\n"
    "First steps: write /etc/install-cert/config.yaml with 'role:', 'cluster:' and 'vault: "
    "{address: ...}', put a\n"
    "token into /etc/install-cert/token (mode 0600), then:  install-cert check && install-cert "
    "once --dry-run\n";

constexpr std::string_view kOnce =
    "Usage: install-cert once [NAME...] [--dry-run] [--timeout TIME] [--reload]\n"
    "\n"
    "One turn: obtain what is due, verify and install it, reload its consumers, exit. For init "
    "containers,\n"
    "cloud-init and cron. With 'renewal.on_boot: always' everything is due once in a boot.\n"
    "\n"
    "  --dry-run       say what would be done and why; change nothing, ask nothing\n"
    "  --timeout TIME  give up after TIME (default 60s): exit 75, or 69 without any answer\n"
    "  --reload        with --root: reload consumers all the same\n"
    "\n"
    "Exit: 0 every set is good; 64 usage; 69 Vault unreachable or sealed; 73 a file could not be "
    "written; 74 I/O;\n"
    "75 not yet (token or CA file not there, throttled, time-out, a reload failed, another "
    "instance); 76 refused\n"
    "for good, or an answer that failed verification; 77 token or policy; 78 configuration.\n";

constexpr std::string_view kRenew =
    "Usage: install-cert renew [NAME...] [--wait] [--dry-run] [--timeout TIME] [--reload]\n"
    "\n"
    "Renew all certificates, or those named, whether due or not. Where the daemon runs, it does "
    "so, and --wait\n"
    "waits and exits with its result, or after --timeout with 75 while the daemon goes on; "
    "elsewhere the turn is\n"
    "run here, as by 'once', whose options and exit codes it has.\n";

constexpr std::string_view kStatus =
    "Usage: install-cert status [--json]\n"
    "       install-cert status --wait\n"
    "\n"
    "What is installed: each certificate with its names, issuer, expiry, next renewal, last error "
    "and the\n"
    "consumers that are owed a reload. Asks nothing of Vault.\n"
    "\n"
    "  --json          the same for machines; times in RFC 3339\n"
    "  --wait          print nothing; return 0 once every recorded set on disk serves (what\n"
    "                  install_cert-ready.service holds consumers with)\n"
    "\n"
    "Exit: 0 ok; 1 warning (overdue, a reload owed, a token that ends before the next renewal); 2 "
    "critical\n"
    "(missing, invalid, less than a tenth of the lifetime left); 3 unknown.\n";

constexpr std::string_view kInspect =
    "Usage: install-cert inspect PATH... [--json]\n"
    "\n"
    "The health table for any PEM files or directories, ours or not: does the key match the "
    "certificate\n"
    "(STEM.pem with STEM-key.pem, STEM.crt with STEM.key), does the chain verify against the CA "
    "files beside it,\n"
    "is it the same CA everywhere, when does it end. Exit codes as for 'status'.\n";

constexpr std::string_view kCheck =
    "Usage: install-cert check [--offline] [--json] [--timeout TIME]\n"
    "\n"
    "Everything that can be known before the first boot: configuration, users, directories, units, "
    "Vault's\n"
    "reachability, the token and its life, its capabilities on each path that will be called, and "
    "whether the PKI\n"
    "roles allow the names. Each finding says what to do about it. Asks for no certificate, writes "
    "nothing.\n"
    "\n"
    "  --offline       leave Vault out\n"
    "  --timeout TIME  give up on Vault after TIME (default 60s)\n";

constexpr std::string_view kPolicy =
    "Usage: install-cert policy\n"
    "\n"
    "Prints the least-privilege Vault policy for this configuration and the commands that create "
    "the policy, the\n"
    "PKI roles and a periodic token for it; a policy for each token where the host holds several. "
    "Names of this\n"
    "host alone are widened to its domain, for the hosts that share its PKI roles; a PKI role that "
    "is there stays\n"
    "as it is. Read it, then pipe what you want into a shell.\n";

constexpr std::string_view kRemove =
    "Usage: install-cert remove [NAME...] [--revoke | --former] [--dry-run] [--timeout TIME]\n"
    "\n"
    "Takes our files away again, links and generations, and puts back what lay at their names "
    "before. Directories\n"
    "stay.\n"
    "\n"
    "  --revoke        revoke the certificates at Vault first\n"
    "  --former        the sets of former configurations, which 'status' lists and nobody renews\n"
    "  --timeout TIME  give up on Vault after TIME (default 60s)\n";

constexpr std::string_view kRun =
    "Usage: install-cert run [--reload]\n"
    "\n"
    "The daemon, in the foreground, as install_cert.service starts it. SIGHUP re-reads the "
    "configuration, SIGUSR1\n"
    "renews everything now, SIGTERM stops.\n"
    "\n"
    "  --reload        with --root: reload consumers all the same\n";

}  // namespace

std::string help(Command about) {
    std::string text;
    switch (about) {
        case Command::once:
            text = kOnce;
            break;
        case Command::renew:
            text = kRenew;
            break;
        case Command::status:
            text = kStatus;
            break;
        case Command::inspect:
            text = kInspect;
            break;
        case Command::check:
            text = kCheck;
            break;
        case Command::policy:
            text = kPolicy;
            break;
        case Command::remove:
            text = kRemove;
            break;
        case Command::run:
        case Command::turn:
            text = kRun;
            break;
        case Command::help:
        case Command::version:
            text = kProgram;
            break;
    }
    return text.append(kGlobal);
}

}  // namespace install_cert::agent
