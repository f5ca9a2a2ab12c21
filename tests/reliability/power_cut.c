// SPDX-License-Identifier: Apache-2.0
// Runs a program and takes the power away at the N-th change that it makes to a file system.
//
//   power_cut [-c N] [-n NEIGHBOUR] [-l LOG] TOP PROGRAM [ARGUMENT]...
//
// A point lies before the first change below TOP and after each one, whichever process of the program
// makes it; standard output counts as a change, since what was reported has to hold. Between two points
// the file system stays as it is, so these are all the states in which the power can fail.
//
// At point N (from 0) the file NEIGHBOUR is changed and fsynced, as an unrelated program would; then the
// file system at TOP is shut down without flushing its log, and all processes are killed. Without -c the
// program runs to its end. Sleeps of its children are cut short (the grace of a superseded set).
//
// Prints "points P cut C report R status S last CHANGE": P points were seen, C says whether the power was
// cut, R is the point of the first report (-1: none), S the program's exit status (-1: it did not come to
// it). LOG gets a line for each change (fs_change.h).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fs_change.h"

// EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN are the same.
#define FS_IOC_SHUTDOWN _IOR('X', 125, unsigned)
enum { kNoLogFlush = 2, kMostProcesses = 256, kMostFilters = 64 };

static const char* top;
static const char* neighbour;
static FILE* log_file;
static long cut_at = -1;

static long points = 1;
static int is_cut;
static long report_at = -1;
static int exit_status = -1;
static pid_t program;
static char last[kLineSize] = "nothing";

// What each living process is about to do.
static struct process {
    pid_t pid;
    char* change;
} processes[kMostProcesses];
static size_t living;

static void give_up(const char* what) {
    perror(what);
    exit(2);
}

static struct process* find(pid_t pid) {
    for (size_t i = 0; i < living; ++i) {
        if (processes[i].pid == pid) {
            return &processes[i];
        }
    }
    if (living == kMostProcesses) {
        errno = E2BIG;
        give_up("processes");
    }
    processes[living] = (struct process){pid, NULL};
    return &processes[living++];
}

// Everything else runs at its full speed.
static void stop_at_changes(void) {
    struct sock_filter code[2 * kMostFilters];
    unsigned short size = 0;
    code[size++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
    for (size_t i = 0; changing_call(i) >= 0; ++i) {
        code[size++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)changing_call(i), 0, 1);
        code[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    }
    code[size++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clock_nanosleep, 0, 1);
    code[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    code[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const struct sock_fprog filter = {size, code};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
        give_up("seccomp");
    }
}

static void start(char** arguments) {
    program = fork();
    if (program != 0) {
        return;
    }
    const int null = open("/dev/null", O_RDWR);
    (void)dup2(null, STDOUT_FILENO);
    (void)ptrace(PTRACE_TRACEME, 0, 0, 0);
    (void)raise(SIGSTOP);
    stop_at_changes();
    (void)execv(arguments[0], arguments);
    give_up(arguments[0]);
}

static void commit_as_neighbour(void) {
    const int fd = open(neighbour, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "changed\n", 8) != 8 || fsync(fd) != 0 || close(fd) != 0) {
        give_up(neighbour);
    }
}

static void cut(void) {
    is_cut = 1;
    if (neighbour) {
        commit_as_neighbour();
    }
    const unsigned how = kNoLogFlush;
    const int fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, FS_IOC_SHUTDOWN, &how) != 0) {
        give_up("shutdown");
    }
    (void)close(fd);
    for (size_t i = 0; i < living; ++i) {
        (void)kill(processes[i].pid, SIGKILL);
    }
}

static void enter(pid_t pid) {
    struct ptrace_syscall_info info;
    static char line[kLineSize];
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0) {
        return;
    }
    if (info.seccomp.nr == __NR_clock_nanosleep && pid != program) {
        struct timespec no_time = {0, 1};
        const struct iovec here = {&no_time, sizeof no_time};
        const struct iovec there = {(void*)(size_t)info.seccomp.args[2], sizeof no_time};
        (void)process_vm_writev(pid, &here, 1, &there, 1, 0);
    } else if (describe_change(pid, &info, top, line)) {
        find(pid)->change = strdup(line);
    }
}

static void leave(pid_t pid) {
    struct ptrace_syscall_info info;
    struct process* process = find(pid);
    char* change = process->change;
    process->change = NULL;
    if (change && ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) > 0 && !info.exit.is_error) {
        if (report_at < 0 && strncmp(change, "report", 6) == 0) {
            report_at = points;
        }
        if (log_file) {
            (void)fprintf(log_file, "%s\n", change);
        }
        (void)strcpy(last, change);
        if (points++ == cut_at) {
            cut();
        }
    }
    free(change);
}

static void note_end(pid_t pid, int status) {
    if (pid == program && WIFEXITED(status)) {
        exit_status = WEXITSTATUS(status);
    }
    struct process* process = find(pid);
    free(process->change);
    *process = processes[--living];
}

static void go_on(pid_t pid, int status) {
    const int signal = WSTOPSIG(status);
    if (status >> 16 == PTRACE_EVENT_SECCOMP) {
        enter(pid);
        if (cut_at == 0 && !is_cut && find(pid)->change) {
            cut();
        }
        (void)ptrace(find(pid)->change ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0, 0);
    } else if (signal == (SIGTRAP | 0x80)) {
        leave(pid);
        (void)ptrace(PTRACE_CONT, pid, 0, 0);
    } else {
        // A new process begins with a SIGSTOP of ptrace's own.
        const int is_ours = signal == SIGTRAP || signal == SIGSTOP;
        (void)find(pid);
        (void)ptrace(PTRACE_CONT, pid, 0, is_ours ? 0 : signal);
    }
}

static void watch(void) {
    int status;
    if (waitpid(program, &status, __WALL) != program || !WIFSTOPPED(status)) {
        give_up("start");
    }
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK |
                         PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
    if (ptrace(PTRACE_SETOPTIONS, program, 0, options) != 0) {
        give_up("ptrace");
    }
    (void)find(program);
    (void)ptrace(PTRACE_CONT, program, 0, 0);
    for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0;) {
        if (WIFSTOPPED(status)) {
            go_on(pid, status);
        } else {
            note_end(pid, status);
        }
    }
}

int main(int argc, char** argv) {
    // The + keeps the program's own options.
    for (int option; (option = getopt(argc, argv, "+c:n:l:")) != -1;) {
        if (option == 'c') {
            cut_at = atol(optarg);
        } else if (option == 'n') {
            neighbour = optarg;
        } else if (option != 'l' || !(log_file = fopen(optarg, "we"))) {
            give_up("usage: power_cut [-c N] [-n NEIGHBOUR] [-l LOG] TOP PROGRAM [ARGUMENT]...");
        }
    }
    if (argc - optind < 2) {
        errno = EINVAL;
        give_up("usage");
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    top = argv[optind];
    start(argv + optind + 1);
    watch();
    last[strcspn(last, "\n")] = 0;
    (void)printf("points %ld cut %d report %ld status %d last %.200s\n", points, is_cut, report_at, exit_status,
                 last);
    return 0;
}
