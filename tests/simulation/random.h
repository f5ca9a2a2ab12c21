// SPDX-License-Identifier: Apache-2.0
// Chance that can be replayed: the same seed brings the same numbers on every machine.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace install_cert::simulation {

// SplitMix64 (Steele, Lea, Flood 2014). The distributions are our own, since those of <random>
// differ between libraries.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }

    // In [0, 1).
    double uniform() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

    // In [low, high].
    std::int64_t between(std::int64_t low, std::int64_t high) {
        const auto width = static_cast<std::uint64_t>(high - low) + 1;
        return low + static_cast<std::int64_t>(next() % width);
    }

    bool chance(double probability) { return uniform() < probability; }

    // With this mean, at most ten times as much.
    double exponential(double mean) { return std::fmin(10.0, -std::log1p(-uniform())) * mean; }

    template <class T, std::size_t n>
    T pick(const std::array<T, n>& choices) {
        return choices[next() % n];
    }

  private:
    std::uint64_t state_;
};

}  // namespace install_cert::simulation
