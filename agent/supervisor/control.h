// SPDX-License-Identifier: Apache-2.0
// The daemon's control socket, both ends: `renew` asks, the supervisor answers. Packets on a
// SOCK_SEQPACKET socket of mode 0600 in a directory of mode 0700.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/result.h"
#include "foundation/unique_fd.h"

namespace install_cert::supervisor {

inline constexpr std::size_t kPacketLimit = 64 * 1024;

// "renew" or "renew-wait", then names, each ended by a NUL.
struct RenewalRequest {
    std::vector<std::string> names;
    bool wait = false;

    bool operator==(const RenewalRequest&) const = default;
};

[[nodiscard]] std::string to_packet(const RenewalRequest& request);
// nullopt for a packet that is none of ours; names are checked by the worker.
[[nodiscard]] std::optional<RenewalRequest> parse_request(std::string_view packet);

// Held until destruction, or until the process ends in whatever way (flock(2)). Failure::not_yet,
// with the other's pid, where a daemon lives already.
[[nodiscard]] Result<UniqueFd> be_the_only_one(const std::string& directory);
// Listens at DIRECTORY/control, replacing what an earlier daemon left there.
[[nodiscard]] Result<UniqueFd> listen_at(const std::string& directory);
// Connects; nullopt when no daemon listens there.
[[nodiscard]] Result<std::optional<UniqueFd>> connect_to(const std::string& directory);
// Whether the peer is root or runs as us (SO_PEERCRED).
[[nodiscard]] bool is_trusted_peer(int fd);

[[nodiscard]] Result<> send_packet(int fd, std::string_view packet);
// nullopt: the peer closed.
[[nodiscard]] Result<std::optional<std::string>> receive_packet(int fd);
// The same, waiting for no longer than `patience`: Failure::not_yet.
[[nodiscard]] Result<std::optional<std::string>> receive_packet(int fd,
                                                                std::chrono::seconds patience);

}  // namespace install_cert::supervisor
