// SPDX-License-Identifier: Apache-2.0
// operator new and delete of a process with one thread that makes and drops small strings all day
// long: a list of free blocks for each size. malloc(3) would be a fifth of every turn.
#include <sys/mman.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

constexpr std::size_t kStep = 16;
constexpr std::size_t kLargest = 1024;                   // larger blocks are malloc's
constexpr std::size_t kSlab = std::size_t{1} << 16;      // blocks of one size
constexpr std::size_t kReserved = std::size_t{1} << 33;  // of addresses; memory is what is used

struct Block {
    Block* next;
};

std::array<Block*, kLargest / kStep + 1> free_blocks{};
char* first_slab = nullptr;
char* next_slab = nullptr;

std::size_t blocks_of(std::size_t size) {
    return size == 0 ? 1 : (size + kStep - 1) / kStep;
}

// A slab begins with the size of its blocks.
std::size_t& size_of(char* slab) {
    return *reinterpret_cast<std::size_t*>(slab);
}

// Cuts another slab into blocks.
Block* cut(std::size_t steps) {
    if (first_slab == nullptr) {
        void* const area = ::mmap(nullptr,
                                  kReserved,
                                  PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                                  -1,
                                  0);
        if (area == MAP_FAILED) {
            std::abort();
        }
        const auto address = reinterpret_cast<std::uintptr_t>(area);
        first_slab = next_slab = static_cast<char*>(area) + (kSlab - address % kSlab);
    }
    if (next_slab + 2 * kSlab > first_slab + kReserved) {
        std::abort();
    }
    char* const slab = next_slab;
    next_slab += kSlab;
    size_of(slab) = steps;
    Block* list = nullptr;
    const std::size_t size = steps * kStep;
    for (std::size_t at = kSlab - size; at >= kStep; at -= size) {
        list = new (slab + at) Block{list};
        if (at < size + kStep) {
            break;
        }
    }
    return list;
}

bool is_ours(const char* memory) {
    return memory >= first_slab && memory < next_slab;
}

}  // namespace

void* operator new(std::size_t size) {
    if (size > kLargest) {
        void* const memory = std::malloc(size);
        return memory != nullptr ? memory : throw std::bad_alloc{};
    }
    Block*& list = free_blocks[blocks_of(size)];
    if (list == nullptr) {
        list = cut(blocks_of(size));
    }
    Block* const block = list;
    list = block->next;
    return block;
}

void operator delete(void* memory) noexcept {
    auto* const at = static_cast<char*>(memory);
    if (!is_ours(at)) {
        std::free(memory);
        return;
    }
    Block*& list = free_blocks[size_of(at - reinterpret_cast<std::uintptr_t>(at) % kSlab)];
    list = new (memory) Block{list};
}

void operator delete(void* memory, std::size_t) noexcept {
    operator delete(memory);
}
