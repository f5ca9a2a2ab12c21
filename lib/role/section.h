// SPDX-License-Identifier: Apache-2.0
// One mapping of the configuration, read value by value; what is wrong with a value is reported at
// its place, and reads as if it were not there.
#pragma once

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

namespace install_cert::role {

template <class E>
struct Choice {
    std::string_view word;
    E value;
};

class Section {
  public:
    // `mapping` may be nullptr: a section that nobody wrote. `at` is where something missing from
    // it is reported, `title` names it there ("certificate 'etcd-member'").
    Section(const Node* mapping, Mark at, std::string title, Diagnostics& diagnostics)
        : mapping_(mapping), at_(at), title_(std::move(title)), diagnostics_(&diagnostics) {}

    [[nodiscard]] const Mark& at() const { return at_; }

    [[nodiscard]] const std::string& title() const { return title_; }

    [[nodiscard]] Diagnostics& diagnostics() const { return *diagnostics_; }

    // The value under `key`; nullptr when it is missing or faulty.
    [[nodiscard]] const Node* find(std::string_view key) const;
    // Whether somebody wrote it, faulty or not.
    [[nodiscard]] bool has(std::string_view key) const;
    // Where `key` is written; at() when it is not.
    [[nodiscard]] Mark mark_of(std::string_view key) const;
    // The keys that are there.
    [[nodiscard]] std::vector<std::string_view> keys() const;

    [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
    // Reported when it is missing or empty; then empty.
    [[nodiscard]] std::string required_text(std::string_view key) const;
    [[nodiscard]] bool flag(std::string_view key) const;
    // An absolute path without "." and "..", reported where it is none; empty when missing.
    [[nodiscard]] std::string path(std::string_view key) const;
    // More than zero.
    [[nodiscard]] std::optional<std::chrono::seconds> duration(std::string_view key) const;
    // nullopt when there is no such list; faulty items are left out.
    [[nodiscard]] std::optional<std::vector<const Node*>> list(std::string_view key) const;
    [[nodiscard]] std::optional<std::vector<std::string>> texts(std::string_view key) const;

    template <class E>
    [[nodiscard]] std::optional<E> choice(std::string_view key,
                                          std::span<const Choice<E>> choices) const {
        const auto* node = find(key);
        return node == nullptr ? std::nullopt : choose(key, *node, choices);
    }

    template <class E>
    [[nodiscard]] std::optional<E> choose(std::string_view key,
                                          const Node& node,
                                          std::span<const Choice<E>> choices) const {
        std::vector<std::string_view> words;
        for (const auto& [word, value] : choices) {
            if (word == node.text) {
                return value;
            }
            words.push_back(word);
        }
        report_choice(key, node, words);
        return std::nullopt;
    }

    void report(const Mark& mark, std::string what, std::string way_out = {}) const;
    void report_missing(std::string what) const;

  private:
    void report_choice(std::string_view key,
                       const Node& node,
                       const std::vector<std::string_view>& words) const;

    const Node* mapping_;
    Mark at_;
    std::string title_;
    Diagnostics* diagnostics_;
};

// Absolute, without `..`, at most PATH_MAX bytes; slashes that say nothing are dropped. nullopt for
// any other.
[[nodiscard]] std::optional<std::string> clean_path(std::string_view path);

// A path at Vault as its API takes it: `pki/` is `pki`.
[[nodiscard]] std::string without_outer_slashes(std::string_view mount);

}  // namespace install_cert::role
