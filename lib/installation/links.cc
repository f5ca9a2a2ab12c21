// SPDX-License-Identifier: Apache-2.0
#include "installation/links.h"

#include <algorithm>

#include "foundation/text.h"
#include "installation/generation_name.h"
#include "installation/refusal.h"
#include "role/read_certificate.h"

namespace install_cert::installation {
namespace {

// A link made in our home under a temporary name, where nobody can get between, then renamed.
Result<> make_new_link(FileSystem& files,
                       const Site& site,
                       const std::string& name,
                       const std::string& target) {
    auto made = files.make_link(site.home, name, target);
    if (!made && made.error() == std::errc::file_exists) {
        // Left by a crash.
        made = files.remove_file(site.home, name);
        if (made) {
            made = files.make_link(site.home, name, target);
        }
    }
    if (!made) {
        return refused(site.path_within_home(name), made.error());
    }
    return {};
}

// Empty where no such set lies there. It may have been there before a certificate was renamed.
std::string set_of_link(FileSystem& files,
                        const Site& site,
                        const std::string& name,
                        const std::string& target) {
    role::CertificateSpec other;
    other.name = target.substr(0, target.find('/')).substr(target.starts_with('.') ? 1 : 0);
    if (!role::is_certificate_name(other.name) || target != link_target(other, name)) {
        return {};
    }
    const auto home = files.look(site.directory, home_name(other));
    return home && home->kind == EntryKind::directory ? other.name : "";
}

Occupied judge_link(FileSystem& files,
                    const Site& site,
                    const std::string& name,
                    const std::string& target) {
    if (target == link_target(*site.spec, name)) {
        return {.by = Occupant::our_link, .what = {}};
    }
    const std::string what = "is a link to " + printable(target);
    if (target.starts_with(home_name(*site.spec) + "/")) {
        return {.by = Occupant::astray, .what = what};
    }
    return {.by = Occupant::foreign, .what = what, .set = set_of_link(files, site, name, target)};
}

}  // namespace

Result<Occupied> occupant(FileSystem& files, const Site& site, const std::string& name) {
    // Most often it is a link: one system call tells both.
    const auto target = files.read_link(site.directory, name);
    if (target) {
        return judge_link(files, site, name, *target);
    }
    if (target.error() == std::errc::no_such_file_or_directory) {
        return Occupied{};
    }
    if (target.error() != std::errc::invalid_argument) {
        return refused(site.path_of(name), target.error());
    }
    const auto entry = files.look(site.directory, name);
    if (!entry) {
        return refused(site.path_of(name), entry.error());
    }
    switch (entry->kind) {
        case EntryKind::file:
            return Occupied{.by = Occupant::plain_file, .what = "is a file of its own"};
        case EntryKind::directory:
            return Occupied{.by = Occupant::foreign, .what = "is a directory"};
        case EntryKind::link:  // it was none a moment ago: somebody is at work here
        case EntryKind::other:
            break;
    }
    return Occupied{.by = Occupant::foreign, .what = "is neither a file nor a directory"};
}

std::unexpected<Error> foreign(const Site& site,
                               const std::string& name,
                               const Occupied& occupied) {
    const std::string otherwise = "move it out of the way, or configure another name";
    if (occupied.set.empty()) {
        return fail(Failure::cannot_write,
                    site.path_of(name) + ": " + occupied.what + " and not ours",
                    otherwise);
    }
    return fail(Failure::cannot_write,
                site.path_of(name) + ": " + occupied.what + ", of another set",
                "'install-cert remove --former " + occupied.set + "' where '" + occupied.set +
                    "' is no longer configured; else " + otherwise);
}

Result<> refuse_foreign(FileSystem& files, const Site& site) {
    for (const ConfiguredFile& file : configured_files(*site.spec)) {
        auto occupied = occupant(files, site, file.name);
        if (!occupied) {
            return std::unexpected(std::move(occupied.error()));
        }
        if (occupied->by == Occupant::foreign) {
            return foreign(site, file.name, *occupied);
        }
    }
    return {};
}

Result<> put_link(FileSystem& files, const Site& site, const std::string& name) {
    const std::string fresh(kNewLink);
    if (auto made = make_new_link(files, site, fresh, link_target(*site.spec, name)); !made) {
        return made;
    }
    if (const auto put = files.rename(site.home, fresh, site.directory, name); !put) {
        (void)files.remove_file(site.home, fresh);
        return refused(site.path_of(name), put.error());
    }
    return {};
}

Result<> point_current(FileSystem& files, const Site& site, const std::string& target) {
    const std::string fresh(kNewCurrent);
    if (auto made = make_new_link(files, site, fresh, target); !made) {
        return made;
    }
    const auto swapped = files.rename(site.home, fresh, site.home, std::string(kCurrent));
    if (!swapped) {
        (void)files.remove_file(site.home, fresh);
        return refused(site.path_within_home(kCurrent), swapped.error());
    }
    return {};
}

Result<> drop_former_links(FileSystem& files, const Site& site, const std::string& generation) {
    const auto directory = files.open_directory(site.home, generation);
    if (!directory && directory.error() == std::errc::no_such_file_or_directory) {
        return {};  // removed by hand: nothing tells its names any more
    }
    const auto names = directory
                           ? files.list(*directory)
                           : Attempt<std::vector<std::string>>(std::unexpected(directory.error()));
    if (!names) {
        return refused(site.path_within_home(generation), names.error());
    }
    const std::vector<ConfiguredFile> configured = configured_files(*site.spec);
    for (const std::string& name : *names) {
        if (name == kManifest ||
            std::ranges::find(configured, name, &ConfiguredFile::name) != configured.end()) {
            continue;
        }
        const auto occupied = occupant(files, site, name);
        if (!occupied) {
            return std::unexpected(occupied.error());
        }
        if (occupied->by != Occupant::our_link) {
            continue;
        }
        if (const auto dropped = files.remove_file(site.directory, name); !dropped) {
            return refused(site.path_of(name), dropped.error());
        }
    }
    return {};
}

}  // namespace install_cert::installation
