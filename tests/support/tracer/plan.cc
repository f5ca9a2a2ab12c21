// SPDX-License-Identifier: Apache-2.0
#include "plan.h"

#include <charconv>
#include <string_view>

#include "calls.h"

namespace install_cert::tracer {
namespace {

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(value)
                                                                    : std::nullopt;
}

std::string_view next_part(std::string_view& text) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    return part;
}

// CALL:TEXT or CALL,N:TEXT
std::optional<Start> start_from(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    std::string_view which = text.substr(0, colon);
    const Call* const call = call_by_name(next_part(which));
    const auto when = which.empty() ? 1 : number<std::uint64_t>(which);
    if (call == nullptr || !when) {
        return std::nullopt;
    }
    return Start{
        .number = call->number, .when = *when, .path = std::string(text.substr(colon + 1))};
}

// CALL,WHEN,once|forever,ERRNO
std::optional<Fault> fault_from(std::string_view text) {
    const Call* const call = call_by_name(next_part(text));
    const auto when = number<std::uint64_t>(next_part(text));
    const std::string_view lasting = next_part(text);
    const auto error_number = number<int>(next_part(text));
    if (call == nullptr || !when || !error_number || (lasting != "once" && lasting != "forever")) {
        return std::nullopt;
    }
    return Fault{.number = call->number,
                 .when = *when,
                 .lasting = lasting == "once" ? Lasting::once : Lasting::forever,
                 .error_number = *error_number};
}

bool take(Plan& plan, std::string_view option, std::string_view value) {
    if (option == "--from") {
        plan.from = start_from(value);
        return plan.from.has_value();
    }
    if (option == "--kill") {
        plan.kill_at = number<std::uint64_t>(value).value_or(0);
        return plan.kill_at != 0;
    }
    if (option == "--fail") {
        plan.fault = fault_from(value);
        return plan.fault.has_value();
    }
    plan.log = value;
    return option == "--log";
}

}  // namespace

std::optional<Plan> plan_from(std::span<char*> arguments) {
    Plan plan;
    while (!arguments.empty() && std::string_view(arguments.front()) != "--") {
        if (std::string_view(arguments.front()) == "--lockstep") {
            plan.lockstep = true;
            arguments = arguments.subspan(1);
            continue;
        }
        if (arguments.size() < 2 || !take(plan, arguments[0], arguments[1])) {
            return std::nullopt;
        }
        arguments = arguments.subspan(2);
    }
    if (arguments.size() < 2) {
        return std::nullopt;
    }
    plan.program.assign(arguments.begin() + 1, arguments.end());
    plan.program.push_back(nullptr);
    return plan;
}

}  // namespace install_cert::tracer
