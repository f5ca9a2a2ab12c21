// SPDX-License-Identifier: Apache-2.0
// A reader in a tight loop over N certificates that are being renewed: what does a consumer see that
// opens the certificate, then the key? And one that resolves the certificate's directory once?
//
// usage: reader DIRECTORY N RENEWALS SECONDS
// Reads DIRECTORY/cI.pem and cI-key.pem until RENEWALS were seen or SECONDS have passed; prints, for
// `paths` and `directory`, reads, renewals, what was torn, missing and mismatched, and how long each
// window of such answers stayed open, as JSON.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { kFileLimit = 16 << 10, kWindowLimit = 1 << 16 };
enum verdict { kGood, kTorn, kMissing, kMismatched, kVerdicts };
enum way { kPaths, kDirectory, kWays };

struct file {
    char bytes[kFileLimit];
    ssize_t length;  // -1: not there
};

struct pair {
    struct file certificate, key;  // as last judged
    enum verdict verdict;
    double bad_since;  // 0: it is good
    int seen_good;
};

struct tally {
    long reads, renewals, verdicts[kVerdicts];
    double windows[kWindowLimit];
    int window_count;
};

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void read_file(int directory, const char* name, struct file* into) {
    const int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        into->length = -1;
        return;
    }
    into->length = 0;
    ssize_t n;
    while ((n = read(fd, into->bytes + into->length, kFileLimit - (size_t)into->length)) > 0) {
        into->length += n;
    }
    (void)close(fd);
}

static int same(const struct file* a, const struct file* b) {
    return a->length == b->length &&
           (a->length <= 0 || memcmp(a->bytes, b->bytes, (size_t)a->length) == 0);
}

static enum verdict judge(const struct file* certificate, const struct file* key) {
    if (certificate->length < 0 || key->length < 0) {
        return kMissing;
    }
    BIO* from = BIO_new_mem_buf(certificate->bytes, (int)certificate->length);
    X509* leaf = PEM_read_bio_X509(from, NULL, NULL, NULL);
    BIO_free(from);
    from = BIO_new_mem_buf(key->bytes, (int)key->length);
    EVP_PKEY* private_key = PEM_read_bio_PrivateKey(from, NULL, NULL, NULL);
    BIO_free(from);
    enum verdict verdict = kTorn;
    if (leaf != NULL && private_key != NULL) {
        verdict = X509_check_private_key(leaf, private_key) == 1 ? kGood : kMismatched;
    }
    X509_free(leaf);
    EVP_PKEY_free(private_key);
    return verdict;
}

// `certificate` and `key` are judged only when they differ from what was judged last: reading is to
// be fast, so that no window is missed.
static void account(struct pair* pair, struct tally* tally, const struct file* certificate,
                    const struct file* key, double begun) {
    ++tally->reads;
    if (!same(certificate, &pair->certificate) || !same(key, &pair->key)) {
        pair->verdict = judge(certificate, key);
        const int new_leaf = pair->verdict == kGood && pair->seen_good;
        tally->renewals += new_leaf;
        pair->certificate = *certificate;
        pair->key = *key;
    }
    if (pair->verdict == kGood) {
        if (pair->bad_since > 0 && pair->seen_good && tally->window_count < kWindowLimit) {
            tally->windows[tally->window_count++] = now_ms() - pair->bad_since;
        }
        pair->bad_since = 0;
        pair->seen_good = 1;
    } else if (pair->seen_good) {
        ++tally->verdicts[pair->verdict];
        if (pair->bad_since == 0) {
            pair->bad_since = begun;
        }
    }
}

static void read_pair(const char* root, int root_fd, int index, enum way way, struct file* leaf,
                      struct file* key) {
    char names[2][64];
    (void)snprintf(names[0], sizeof names[0], "c%d.pem", index);
    (void)snprintf(names[1], sizeof names[1], "c%d-key.pem", index);
    int directory = root_fd;
    if (way == kDirectory) {
        char path[4096];
        char resolved[4096];
        (void)snprintf(path, sizeof path, "%s/%s", root, names[0]);
        directory = realpath(path, resolved) == NULL
                        ? -1
                        : open(dirname(resolved), O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0) {
            leaf->length = key->length = -1;
            return;
        }
    }
    read_file(directory, names[0], leaf);
    read_file(directory, names[1], key);
    if (way == kDirectory) {
        (void)close(directory);
    }
}

static int ascending(const void* a, const void* b) {
    const double x = *(const double*)a;
    const double y = *(const double*)b;
    return (x > y) - (x < y);
}

static void print(const char* name, struct tally* t, const char* after) {
    const int n = t->window_count;
    qsort(t->windows, (size_t)n, sizeof t->windows[0], ascending);
    (void)printf("\"%s\": {\"reads\": %ld, \"renewals\": %ld, \"torn\": %ld, \"missing\": %ld, "
                 "\"mismatched\": %ld, \"windows\": %d, \"window_median_ms\": %.3f, "
                 "\"window_max_ms\": %.3f}%s",
                 name, t->reads, t->renewals, t->verdicts[kTorn], t->verdicts[kMissing],
                 t->verdicts[kMismatched], n, n > 0 ? t->windows[n / 2] : 0.0,
                 n > 0 ? t->windows[n - 1] : 0.0, after);
}

int main(int argc, char** argv) {
    if (argc != 5) {
        (void)fprintf(stderr, "usage: reader DIRECTORY N RENEWALS SECONDS\n");
        return 64;
    }
    const char* root = argv[1];
    const int n = atoi(argv[2]);
    const long renewals = atol(argv[3]);
    const double end = now_ms() + atof(argv[4]) * 1e3;
    const int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct pair* pairs = calloc((size_t)n * kWays, sizeof *pairs);
    static struct tally tallies[kWays];
    static struct file leaf, key;
    if (root_fd < 0 || pairs == NULL) {
        perror(root);
        return 74;
    }
    while (tallies[kPaths].renewals < renewals && now_ms() < end) {
        for (int i = 0; i < n; ++i) {
            for (int way = 0; way < kWays; ++way) {
                const double begun = now_ms();
                read_pair(root, root_fd, i, way, &leaf, &key);
                account(&pairs[i * kWays + way], &tallies[way], &leaf, &key, begun);
            }
        }
    }
    (void)printf("{");
    print("paths", &tallies[kPaths], ", ");
    print("directory", &tallies[kDirectory], "}\n");
    free(pairs);
    return 0;
}
