// SPDX-License-Identifier: Apache-2.0
// A FileSystem that counts its verbs and fails one, or stops at one: nothing is done from there on,
// as if the process had been killed before it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/forwarding_file_system.h"

namespace install_cert::testing {

enum class Cut { fails_once, stops_everything };

class CutFileSystem final : public ForwardingFileSystem {
  public:
    using ForwardingFileSystem::ForwardingFileSystem;

    // The n-th verb from now on, counting from 1.
    void cut_at(std::size_t n, Cut cut, std::errc error = std::errc::io_error) {
        count_ = 0;
        cut_at_ = n;
        cut_ = cut;
        error_ = error;
        cut_verb_.clear();
    }

    // Every use of one verb.
    void refuse(std::string verb, std::errc error) {
        refused_ = std::move(verb);
        error_ = error;
    }

    void mend() {
        cut_at_ = 0;
        refused_.clear();
    }

    // Called after each verb that was carried out.
    std::function<void(std::string_view verb)> watch;
    // What the host is said to have unwritten, so that a test chooses how a batch is synced.
    std::size_t unwritten = 0;
    bool tells_losses = true;

    [[nodiscard]] bool was_cut() const { return !cut_verb_.empty(); }

    [[nodiscard]] const std::string& cut_verb() const { return cut_verb_; }

    [[nodiscard]] std::size_t count() const { return count_; }

    Attempt<std::size_t> unwritten_bytes() override {
        const auto real = ForwardingFileSystem::unwritten_bytes();
        return real ? Attempt<std::size_t>(unwritten) : real;
    }

    bool reports_lost_writes() const override { return tells_losses; }

    // Counted and failed like any other verb, but a test need not wait for the disk.
    Attempt<> sync(const Handle& /*handle*/) override {
        return forward("sync", [] { return Attempt<>{}; });
    }

    Attempt<> sync_file_system(const Directory& /*directory*/) override {
        return forward("sync_file_system", [] { return Attempt<>{}; });
    }

  protected:
    std::optional<std::errc> before(std::string_view verb) override {
        ++count_;
        if (verb == refused_) {
            return error_;
        }
        const bool is_cut = cut_at_ != 0 && (count_ == cut_at_ ||
                                             (count_ > cut_at_ && cut_ == Cut::stops_everything));
        if (!is_cut) {
            return std::nullopt;
        }
        if (cut_verb_.empty()) {
            cut_verb_ = verb;
        }
        return error_;
    }

    void after(std::string_view verb) override {
        if (watch) {
            watch(verb);
        }
    }

  private:
    std::size_t count_ = 0;
    std::size_t cut_at_ = 0;
    Cut cut_ = Cut::fails_once;
    std::errc error_ = std::errc::io_error;
    std::string cut_verb_;
    std::string refused_;
};

}  // namespace install_cert::testing
