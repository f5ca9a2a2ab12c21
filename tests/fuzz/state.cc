// SPDX-License-Identifier: Apache-2.0
// The agent's own files (state, accepted texts, recorded sets) after a torn write or a wild hand.
#include "agent/record/state.h"

#include <string>
#include <string_view>

#include "agent/record/accepted.h"
#include "agent/record/recorded.h"
#include "fuzz/promise.h"

using namespace install_cert;

namespace {

void read_state(std::string_view input) {
    const agent::State state = agent::state_from_json(input);
    fuzz::promise(agent::state_from_json(agent::to_json(state)) == state,
                  "a state is read as it was written");
}

void read_accepted(std::string_view input) {
    const auto texts = agent::texts_from_json(input);
    if (!texts) {
        fuzz::promise_error(texts.error());
        return;
    }
    const std::string written = agent::to_json(*texts);
    const auto again = agent::texts_from_json(written);
    fuzz::promise(again && agent::to_json(*again) == written,
                  "texts are read as they were written");
}

void read_recorded(std::string_view input) {
    const auto role = agent::recorded_role(input);
    if (!role) {
        fuzz::promise_error(role.error());
        return;
    }
    for (const role::CertificateSpec& spec : role->certificates) {
        fuzz::promise_file_name("." + spec.name);
        fuzz::promise(spec.directory.starts_with('/'), "a directory is absolute");
        for (const auto* file :
             {&spec.files.ca, &spec.files.certificate, &spec.files.key, &spec.files.response}) {
            if (*file) {
                fuzz::promise_file_name((*file)->name);
            }
        }
    }
    const std::string written = agent::recorded_json(*role);
    const auto again = agent::recorded_role(written);
    fuzz::promise(again && agent::recorded_json(*again) == written,
                  "sets are read as they were recorded");
}

}  // namespace

FUZZ_TARGET(input) {
    read_state(input);
    read_accepted(input);
    read_recorded(input);
}
