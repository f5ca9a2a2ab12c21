// SPDX-License-Identifier: Apache-2.0
// Where sets lie on this host. One certificate NAME in directory DIR is
//
//   DIR/.NAME/GENERATION/    0755, ours: the files under their configured names, .generation.json
//   DIR/.NAME/current        -> GENERATION: the one link that is swapped; rename(2) over it
//                            publishes the set
//   DIR/FILE                 -> .NAME/current/FILE: made once, relative, untouched by a renewal
//   DIR/.NAME/adopted/       what lay at our names before us, copied aside once
//
// Readers see the old set or the new one, whatever happens here; what is installed is read back
// from here and from nowhere else.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foundation/clock.h"
#include "foundation/result.h"
#include "foundation/secret.h"
#include "installation/file_system.h"
#include "installation/manifest.h"
#include "issuance/trust.h"
#include "issuance/verify.h"
#include "role/role.h"

namespace install_cert::installation {

struct InstalledSet {
    std::string generation;
    Provenance provenance;
    FileNames files;  // of this generation; the configuration may have others by now
    x509::Certificate leaf;
    std::vector<x509::Certificate> intermediates;
    std::vector<issuance::TrustedAuthority> trust;
    // Empty, or why this set does not serve any more and must be issued again: "etcd-member-key.pem
    // is missing", "... does not match the certificate", "... was changed by hand".
    std::string damage;
    // What repair() would put right without issuing: modes, owners, links at the configured names.
    std::vector<std::string> drift;
};

// A generation that is written but not yet published. Dropped unpublished, it is litter that
// collect() removes.
struct Staged {
    const role::CertificateSpec* spec;
    std::string generation;
};

// A generation whose grace runs: remove_generations() once kGrace has passed since the swap.
struct Superseded {
    const role::CertificateSpec* spec;
    std::string generation;
};

struct Published {
    std::string generation;
    std::vector<Superseded> superseded{};
    std::vector<std::string> remarks{};  // adopted files
    // False: the set is visible, but the last fsync failed, so that a power cut may bring the old
    // one back. Consumers are reloaded all the same, and nothing is superseded: the old one stays
    // until collect() has synced the swap.
    bool durable = true;
    // The set is published, but this configured name could not be made to lead to it: reload,
    // report, and repair() at the next turn.
    std::optional<Error> incomplete{};
};

// How long a superseded generation outlives the swap, for readers between two opens.
inline constexpr std::chrono::seconds kGrace{5};

class GenerationStore {
  public:
    // `root` is "" or the --root directory (trusted as it stands).
    GenerationStore(FileSystem& files, std::string root, const Clock& clock);

    // nullopt: nothing of ours is installed under this name, or what is there cannot be made sense
    // of (an unreadable manifest), so that it must be issued again. Failure::cannot_write: a
    // hostile link or a directory lies in the way (never followed, never touched); Failure::io
    // otherwise.
    [[nodiscard]] Result<std::optional<InstalledSet>> read(const role::CertificateSpec& spec);
    // The key of an installed set, for `rekey: never`, and Vault's kept answer (empty where not
    // kept).
    [[nodiscard]] Result<x509::PrivateKey> read_key(const role::CertificateSpec& spec,
                                                    const InstalledSet& installed);
    [[nodiscard]] Result<Secret> read_response(const role::CertificateSpec& spec,
                                               const InstalledSet& installed);

    // Makes the directories (parents root's, 0755 whatever the umask; each one made is remarked)
    // and proves, before anything is asked of Vault, that a set can be written there: as many files
    // as it has, with as much in them, are made in a directory of their own, given the configured
    // owner and removed. Failure::cannot_write names the path and why.
    [[nodiscard]] Result<std::vector<std::string>> prove_writable(
        const role::CertificateSpec& spec);

    // Writes a generation. Its key is never readable by anybody but root and its configured reader,
    // and the generation's directory is closed (0700) until it is complete. Failure removes what
    // was written.
    [[nodiscard]] Result<Staged> stage(const role::CertificateSpec& spec,
                                       const issuance::VerifiedSet& set,
                                       const Provenance& provenance);

    // Makes all of them durable (one sync for the batch), then swaps one after the other in the
    // given order, then makes the swaps durable. A result for each; a failure before a swap leaves
    // the old set published and removes the staged one. A regular file at a configured name is
    // adopted; a name that is configured no more is removed.
    [[nodiscard]] std::vector<Result<Published>> publish(std::span<const Staged> staged);

    // Puts modes, owners and links right in place. Says what was done.
    [[nodiscard]] Result<std::vector<std::string>> repair(const role::CertificateSpec& spec);

    // Removes these generations' files now, current ones excepted. Best effort: what it leaves,
    // collect() finds.
    void remove_generations(std::span<const Superseded> superseded);
    // Removes what a crash left under this name: generations that are neither current nor within
    // the grace, stale temporary links. Ours by name only, and at most 1000 at a time, once the
    // swap away from them is durable. Says how many. Not between stage() and publish(): what is
    // staged looks just like it.
    [[nodiscard]] Result<std::size_t> collect(const role::CertificateSpec& spec);

    // Takes links and generations away, and puts what was adopted back at its names; the directory
    // itself stays, and in our home whatever is not ours by name (Failure::cannot_write names it).
    // Says what was put back, and what was not because its name is taken by now.
    [[nodiscard]] Result<std::vector<std::string>> remove(const role::CertificateSpec& spec);

    // Absolute paths of the configured names, with root, for status.
    [[nodiscard]] std::vector<std::string> paths(const role::CertificateSpec& spec) const;

  private:
    FileSystem& files_;
    std::string root_;
    const Clock& clock_;
};

}  // namespace install_cert::installation
