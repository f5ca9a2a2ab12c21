// SPDX-License-Identifier: Apache-2.0
// Reads units and commands.
#include "role/read_consumers.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/text.h"
#include "role/diagnostics.h"
#include "role/document.h"
#include "role/role.h"
#include "role/section.h"

namespace install_cert::role {
namespace {

constexpr std::array kWhen{
    Choice{"certificate_change", When::certificate_change},
    Choice{"ca_change", When::ca_change},
};
constexpr std::span<const Choice<When>> kWhenChoices = kWhen;

constexpr std::array kActions{
    Choice{"reload-or-restart", UnitAction::reload_or_restart},
    Choice{"reload", UnitAction::reload},
    Choice{"restart", UnitAction::restart},
};
constexpr std::span<const Choice<UnitAction>> kActionChoices = kActions;

// A turn waits for its consumers, one after the other, and is killed after half an hour.
constexpr std::chrono::minutes kLongestTimeout{10};

// systemd.unit(5): at most 255 of these characters, with a type that can be reloaded or restarted.
std::string fault_of_unit(std::string_view unit) {
    constexpr std::array<std::string_view, 5> kTypes{
        ".service", ".socket", ".target", ".path", ".timer"};
    const bool known_characters = std::ranges::all_of(unit, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view(":_.\\@-").contains(c);
    });
    if (!known_characters || unit.size() > 255) {
        return "is no unit name";
    }
    const auto* type =
        std::ranges::find_if(kTypes, [&](std::string_view t) { return unit.ends_with(t); });
    if (type == kTypes.end() || unit.size() == type->size()) {
        return "has no type: write etcd.service";
    }
    const auto stem = unit.substr(0, unit.size() - type->size());
    return stem.ends_with('@') ? "is a template: name an instance of it" : "";
}

std::optional<UnitConsumer> read_unit(const Section& consumer) {
    const auto unit = consumer.text("unit");
    if (!unit) {
        return std::nullopt;
    }
    if (auto fault = fault_of_unit(*unit); !fault.empty()) {
        consumer.report(consumer.mark_of("unit"), quoted(*unit) + " " + fault);
        return std::nullopt;
    }
    return UnitConsumer{
        .unit = *unit,
        .action =
            consumer.choice("action", kActionChoices).value_or(UnitAction::reload_or_restart)};
}

std::optional<CommandConsumer> read_command(const Section& consumer) {
    if (consumer.has("action")) {
        consumer.report(consumer.mark_of("action"), "'action' has no meaning for a command");
    }
    const auto items = consumer.list("command");
    if (!items) {
        return std::nullopt;
    }
    CommandConsumer command;
    for (const auto* item : *items) {
        command.argv.push_back(item->text);
    }
    if (command.argv.empty() || !command.argv.front().starts_with('/')) {
        consumer.report(consumer.mark_of("command"),
                        "a command begins with the absolute path of its program");
        return std::nullopt;
    }
    return command;
}

std::chrono::seconds read_timeout(const Section& consumer) {
    const auto timeout = consumer.duration("timeout").value_or(Consumer{}.timeout);
    if (timeout > kLongestTimeout) {
        consumer.report(consumer.mark_of("timeout"), "'timeout' is longer than 10 minutes");
    }
    return timeout;
}

std::optional<Consumer> read_consumer(const Section& consumer) {
    if (consumer.has("unit") == consumer.has("command")) {
        consumer.diagnostics().add(consumer.at(),
                                   Remark{.what = "a consumer is either a 'unit' or a 'command'"});
        return std::nullopt;
    }
    Consumer result;
    result.when = consumer.choice("when", kWhenChoices).value_or(result.when);
    result.timeout = read_timeout(consumer);
    if (auto unit = read_unit(consumer)) {
        result.what = *std::move(unit);
        return result;
    }
    if (consumer.has("unit")) {
        return std::nullopt;
    }
    auto command = read_command(consumer);
    if (!command) {
        return std::nullopt;
    }
    result.what = *std::move(command);
    return result;
}

}  // namespace

std::vector<Consumer> read_consumers(const Section& certificate) {
    std::vector<Consumer> consumers;
    for (const auto* item : certificate.list("consumers").value_or(std::vector<const Node*>{})) {
        const Section section(item, item->mark, "a consumer", certificate.diagnostics());
        if (auto consumer = read_consumer(section)) {
            consumers.push_back(*std::move(consumer));
        }
    }
    return consumers;
}

}  // namespace install_cert::role
