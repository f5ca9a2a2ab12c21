// SPDX-License-Identifier: Apache-2.0
#include "agent/report/complaint.h"

#include <unistd.h>

#include <string_view>
#include <tuple>

#include "agent/record/small_file.h"
#include "foundation/text.h"
#include "host/files.h"

namespace install_cert::agent {
namespace {

std::string path_in(const std::string& directory) {
    return directory + "/complaint";
}

}  // namespace

// The file: when it was said, a line feed, the text.
bool is_worth_saying(const std::string& directory, const std::string& text, WallTime now) {
    const std::string known = host::read_text(path_in(directory)).value_or("");
    const std::size_t end = known.find('\n');
    if (end != std::string::npos && std::string_view(known).substr(end + 1) == text) {
        const auto said = parse_rfc3339(known.substr(0, end));
        // In the future: the clock was set back.
        if (said && *said <= now && now - *said < kComplaintRepeats) {
            return false;
        }
    }
    std::ignore = replace_file(path_in(directory), to_rfc3339(now) + "\n" + text);
    return true;
}

void forget_complaint(const std::string& directory) {
    (void)::unlink(path_in(directory).c_str());
}

}  // namespace install_cert::agent
