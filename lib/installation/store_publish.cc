// SPDX-License-Identifier: Apache-2.0
// publish(): from a written generation to a visible and durable one.
//
// The order, and what a crash between two steps leaves:
//   the batch is synced        old sets; the new generations are litter
//   files at names adopted     the same contents through `current`
//   `current` swapped          the new set, whole, at every name that was there before
//   links made or removed      the new set; repair() makes the links that are missing
//   the swaps are synced       the new set, whatever happens
#include <algorithm>
#include <utility>

#include "installation/adoption.h"
#include "installation/durability.h"
#include "installation/generation_name.h"
#include "installation/generation_store.h"
#include "installation/links.h"
#include "installation/refusal.h"
#include "installation/removal.h"
#include "installation/site.h"

namespace install_cert::installation {
namespace {

class Publication {
  public:
    Publication(FileSystem& files, const std::string& root, std::span<const Staged> staged)
        : files_(files), root_(root), staged_(staged), generations_(files, staged.size()) {}

    std::vector<Result<Published>> run() {
        for (const Staged& staged : staged_) {
            results_.emplace_back(Published{.generation = staged.generation});
        }
        in_turn(&Publication::write_through);
        in_turn(&Publication::swap);
        confirm();
        return std::move(results_);
    }

  private:
    using Step = Result<> (Publication::*)(const Site&, Published&);

    // A set that failed in one step takes no further part.
    void in_turn(Step step) {
        for (std::size_t i = 0; i < staged_.size(); ++i) {
            if (!results_[i]) {
                continue;
            }
            const auto site = open_site(files_, root_, *staged_[i].spec);
            auto done =
                site ? (this->*step)(*site, *results_[i]) : Result<>(std::unexpected(site.error()));
            if (!done) {
                results_[i] = std::unexpected(std::move(done.error()));
                drop(staged_[i]);
            }
        }
    }

    // What was not published must not stay: it may hold a key. Opened anew, since a failure to
    // open may be what happened.
    void drop(const Staged& staged) {
        const auto site = open_site(files_, root_, *staged.spec);
        const auto current =
            site ? current_target(files_, *site) : Result<std::optional<std::string>>(std::nullopt);
        if (site && current && *current != staged.generation) {
            (void)remove_generation(files_, *site, staged.generation);
        }
    }

    // An error here means that the disk may hold other bytes than were written, and that a later
    // fsync(2) would not say so again: the generation is given up.
    Result<> write_through(const Site& site, Published& published) {
        const auto synced = generations_.generation(site, published.generation);
        if (!synced) {
            return refused(site.path_within_home(published.generation), synced.error());
        }
        return {};
    }

    Result<> swap(const Site& site, Published& published) {
        if (auto clear = refuse_foreign(files_, site); !clear) {
            return clear;
        }
        auto adopted = adopt(files_, site);
        if (!adopted) {
            return std::unexpected(std::move(adopted.error()));
        }
        published.remarks = std::move(*adopted);
        const auto before = current_target(files_, site);
        if (!before) {
            return std::unexpected(before.error());
        }
        if (auto swapped = point_current(files_, site, published.generation); !swapped) {
            return swapped;
        }
        // Visible from here on: nothing below may call it a failure.
        complete(site, published);
        if (*before && is_generation_name(**before) && **before != published.generation) {
            retire(site, published, **before);
        }
        return {};
    }

    // Up to the first name that fails: whoever waits for his certificate must find the key.
    void complete(const Site& site, Published& published) {
        for (const ConfiguredFile& file : configured_files(*site.spec)) {
            const auto occupied = occupant(files_, site, file.name);
            if (occupied && occupied->by == Occupant::our_link) {
                continue;
            }
            auto put = occupied ? put_link(files_, site, file.name)
                                : Result<>(std::unexpected(occupied.error()));
            if (!put) {
                published.incomplete = std::move(put.error());
                return;
            }
        }
    }

    void retire(const Site& site, Published& published, const std::string& generation) {
        if (auto dropped = drop_former_links(files_, site, generation);
            !dropped && !published.incomplete) {
            published.incomplete = std::move(dropped.error());
        }
        published.superseded.push_back({.spec = site.spec, .generation = generation});
    }

    void confirm() {
        BatchSync swaps(files_, staged_.size());
        for (std::size_t i = 0; i < staged_.size(); ++i) {
            if (!results_[i]) {
                continue;
            }
            const auto site = open_site(files_, root_, *staged_[i].spec);
            if (!site || !swaps.swap(*site)) {
                results_[i]->durable = false;
                // A power cut may bring the old one back, so it has to be there.
                results_[i]->superseded.clear();
            }
        }
    }

    FileSystem& files_;
    const std::string& root_;
    std::span<const Staged> staged_;
    BatchSync generations_;
    std::vector<Result<Published>> results_;
};

}  // namespace

std::vector<Result<Published>> GenerationStore::publish(std::span<const Staged> staged) {
    return Publication(files_, root_, staged).run();
}

}  // namespace install_cert::installation
