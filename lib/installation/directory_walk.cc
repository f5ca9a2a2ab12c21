// SPDX-License-Identifier: Apache-2.0
#include "installation/directory_walk.h"

#include <sys/stat.h>

#include <deque>
#include <utility>

#include "foundation/text.h"
#include "installation/refusal.h"

namespace install_cert::installation {
namespace {

constexpr int kMostLinks = 8;  // as many as a loop may take before it is told from a path
constexpr mode_t kPublicDirectory = 0755;
constexpr std::string_view kUnfinished = ".install-cert.new";

bool is_ours_or_roots(const Entry& entry, uid_t us) {
    return entry.owner.uid == 0 || entry.owner.uid == us;
}

std::string belongs_to(const Entry& entry) {
    return "belongs to uid " + std::to_string(entry.owner.uid);
}

class Walker {
  public:
    Walker(FileSystem& files, const Walk& request) : files_(files), request_(request) {}

    Result<Arrival> arrive() {
        const std::string start = request_.root.empty() ? "/" : request_.root;
        auto root = files_.open_root(start);
        if (!root) {
            return refused(start, root.error());
        }
        trail_.push_back(std::move(*root));
        go_ahead(request_.path);
        while (!ahead_.empty()) {
            const std::string name = std::move(ahead_.front());
            ahead_.pop_front();
            if (auto stepped = step(name); !stepped) {
                return std::unexpected(std::move(stepped.error()));
            }
            if (is_missing_) {
                return Arrival{.directory = std::nullopt, .made = std::move(made_)};
            }
        }
        return Arrival{.directory = std::move(trail_.back()), .made = std::move(made_)};
    }

  private:
    void go_ahead(std::string_view path) {
        const std::vector<std::string> parts = split(path, '/');
        ahead_.insert(ahead_.begin(), parts.begin(), parts.end());
    }

    // The path of `name` where we stand.
    [[nodiscard]] std::string beside(const std::string& name) const {
        std::string path = request_.root;
        for (const std::string& passed : passed_) {
            path += "/" + passed;
        }
        return path + "/" + name;
    }

    Result<> step(const std::string& name) {
        if (name.empty() || name == ".") {
            return {};
        }
        if (name == "..") {
            // From the open directories we came through, not from the disk's idea of a parent.
            if (trail_.size() > 1) {
                trail_.pop_back();
                passed_.pop_back();
            }
            return {};
        }
        auto next = files_.open_directory(trail_.back(), name);
        if (next) {
            return enter(std::move(*next), name);
        }
        if (next.error() == std::errc::not_a_directory) {
            return follow(name);
        }
        if (next.error() != std::errc::no_such_file_or_directory) {
            return refused(beside(name), next.error());
        }
        is_missing_ = request_.missing == Missing::stay;
        return is_missing_ ? Result<>{} : make(name);
    }

    Result<> enter(Directory directory, const std::string& name) {
        const auto entry = files_.describe(directory);
        if (!entry) {
            return refused(beside(name), entry.error());
        }
        if (const std::string why = distrust(*entry, request_.trusted); !why.empty()) {
            return refused(beside(name), why);
        }
        trail_.push_back(std::move(directory));
        passed_.push_back(name);
        return {};
    }

    Result<> follow(const std::string& name) {
        const auto link = files_.look(trail_.back(), name);
        if (!link) {
            return refused(beside(name), link.error());
        }
        if (link->kind != EntryKind::link) {
            return refused(beside(name), std::errc::not_a_directory);
        }
        const auto holder = files_.describe(trail_.back());
        if (!holder) {
            return refused(beside(name), holder.error());
        }
        if (const std::string why = distrust_link(*link, *holder, request_.trusted.us);
            !why.empty()) {
            return refused(beside(name), why);
        }
        if (++links_ > kMostLinks) {
            return refused(beside(name), std::errc::too_many_symbolic_link_levels);
        }
        const auto target = files_.read_link(trail_.back(), name);
        if (!target) {
            return refused(beside(name), target.error());
        }
        if (target->starts_with('/')) {
            trail_.erase(trail_.begin() + 1, trail_.end());
            passed_.clear();
        }
        go_ahead(*target);
        return {};
    }

    // Under another name until it is 0755, so that a crash leaves none that consumers cannot pass.
    Result<> make(const std::string& name) {
        const Directory& parent = trail_.back();
        const std::string unfinished(kUnfinished);
        auto made = files_.make_directory(parent, unfinished);
        if (!made && made.error() == std::errc::file_exists) {
            (void)files_.remove_directory(parent, unfinished);
            made = files_.make_directory(parent, unfinished);
        }
        if (!made) {
            return refused(beside(name), made.error());
        }
        Attempt<> done = files_.set_mode(*made, kPublicDirectory);
        if (done) {
            // The name may reach the disk without the mode, and nobody would open it up later.
            done = files_.sync(*made);
        }
        if (done) {
            done = files_.rename(parent, unfinished, parent, name);
        }
        if (!done) {
            (void)files_.remove_directory(parent, unfinished);
            return refused(beside(name), done.error());
        }
        if (done = files_.sync(parent); !done) {
            return refused(beside(name), done.error());
        }
        made_.push_back(beside(name));
        return enter(std::move(*made), name);
    }

    FileSystem& files_;
    const Walk& request_;
    std::vector<Directory> trail_;     // from the root to where we stand
    std::vector<std::string> passed_;  // their names, without the root's
    std::deque<std::string> ahead_;
    std::vector<std::string> made_;
    int links_ = 0;
    bool is_missing_ = false;
};

}  // namespace

std::string distrust(const Entry& directory, const Trusted& trusted) {
    if (!is_ours_or_roots(directory, trusted.us) && directory.owner.uid != trusted.owner.uid) {
        return belongs_to(directory) + ", who is neither root nor the configured owner";
    }
    if ((directory.mode & S_ISVTX) != 0) {
        return {};
    }
    if ((directory.mode & S_IWOTH) != 0) {
        return "is writable by others (mode " + octal(directory.mode) + ")";
    }
    // Whoever runs us without being root may share a directory of his own as he likes.
    const bool group_may = directory.owner.gid == 0 || directory.owner.gid == trusted.owner.gid ||
                           (trusted.us != 0 && directory.owner.uid == trusted.us);
    if ((directory.mode & S_IWGRP) != 0 && !group_may) {
        return "is writable by group " + std::to_string(directory.owner.gid) + " (mode " +
               octal(directory.mode) + ")";
    }
    return {};
}

std::string distrust_link(const Entry& link, const Entry& holder, uid_t us) {
    if (!is_ours_or_roots(link, us)) {
        return "is a link that " + belongs_to(link);
    }
    if (!is_ours_or_roots(holder, us)) {
        return "is a link in a directory that " + belongs_to(holder);
    }
    const bool anybody = (holder.mode & S_IWOTH) != 0;
    const bool group = (holder.mode & S_IWGRP) != 0 && holder.owner.gid != 0 &&
                       !(us != 0 && holder.owner.uid == us);
    if ((holder.mode & S_ISVTX) == 0 && (anybody || group)) {
        return "is a link in a directory that others may write in (mode " + octal(holder.mode) +
               ")";
    }
    return {};
}

Result<Arrival> walk(FileSystem& files, const Walk& request) {
    return Walker(files, request).arrive();
}

}  // namespace install_cert::installation
