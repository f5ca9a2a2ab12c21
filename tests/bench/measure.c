// SPDX-License-Identifier: Apache-2.0
// Runs a command and prints what it and everything it waited for cost, as JSON on descriptor 3.
//
// A program of its own because ru_maxrss of a child begins with the size of whoever forked it: from
// Python every peer would weigh as much as Python.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double milliseconds(struct timeval t) {
    return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char** argv) {
    if (argc < 2) {
        (void)fprintf(stderr, "usage: measure COMMAND... 3>FILE\n");
        return 64;
    }
    const double begun = now();
    const pid_t child = fork();
    if (child == 0) {
        (void)close(3);
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    int status = 0;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
        perror("measure");
        return 74;
    }
    const double wall = now() - begun;
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    (void)dprintf(3,
                  "{\"wall_ms\": %.3f, \"cpu_ms\": %.3f, \"peak_kib\": %ld, \"switches\": %ld, "
                  "\"status\": %d}\n",
                  wall, milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime),
                  usage.ru_maxrss, usage.ru_nvcsw + usage.ru_nivcsw, code);
    return code;
}
