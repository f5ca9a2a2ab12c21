# SPDX-License-Identifier: Apache-2.0
"""File systems on loop devices over files in memory. Nothing of them outlives this process, however it ends: the
file has no name, the device clears itself, and they are mounted in a namespace of this process's own."""
import ctypes
import errno
import fcntl
import os
import struct
import subprocess

libc = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS = 0x20000  # unshare(2)
MS_REC, MS_PRIVATE, MS_BIND = 0x4000, 0x40000, 0x1000  # mount(2)
LOOP_CONFIGURE, LOOP_CTL_GET_FREE, LO_FLAGS_AUTOCLEAR = 0x4C0A, 0x4C82, 4  # linux/loop.h

MAKE = {"ext4": ["mkfs.ext4", "-q", "-F", "-N", "8192"], "xfs": ["mkfs.xfs", "-q", "-f"]}


def checked(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def mount(source, target, kind=None, flags=0):
    checked(libc.mount(os.fsencode(source), os.fsencode(target), kind.encode() if kind else None, flags, None),
            f"mount {target}")


def sync_file_system(path):
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        checked(libc.syncfs(fd), "syncfs")
    finally:
        os.close(fd)


def enter_own_mount_namespace():
    """For this thread and those that it starts."""
    checked(libc.unshare(CLONE_NEWNS), "unshare")
    mount("none", "/", flags=MS_REC | MS_PRIVATE)


def attach(backing):
    """(name, descriptor) of a loop device that is detached when nobody holds it any more."""
    with open("/dev/loop-control", "rb") as control:
        for _ in range(20):
            name = f"/dev/loop{fcntl.ioctl(control, LOOP_CTL_GET_FREE)}"
            device = os.open(name, os.O_RDWR | os.O_CLOEXEC)
            # struct loop_config: the file, its block size, and of loop_info64 nothing but the flags.
            config = bytearray(struct.pack("=II52xI240x", backing, 0, LO_FLAGS_AUTOCLEAR))
            try:
                fcntl.ioctl(device, LOOP_CONFIGURE, config)
                return name, device
            except OSError as error:
                os.close(device)
                if error.errno != errno.EBUSY:  # somebody was quicker
                    raise
    raise RuntimeError("no free loop device")


class LoopImage:
    """Made and mounted on the directory `top`; `kind` is ext4 or xfs."""

    def __init__(self, kind, megabytes, top):
        self.kind, self.top = kind, top
        top.mkdir()
        image = f"/dev/shm/install-cert-{os.getpid()}-{kind}-{top.name}.img"
        backing = os.open(image, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(backing, megabytes << 20)
            subprocess.run([*MAKE[kind], image], check=True, capture_output=True)
            self.device, self.held = attach(backing)
        finally:
            os.unlink(image)
            os.close(backing)
        self.mount()

    def mount(self):
        """Replays the journal where the power was cut."""
        mount(self.device, self.top, self.kind)

    def unmount(self):
        checked(libc.umount2(os.fsencode(self.top), 0), f"umount {self.top}")

    def remount(self):
        self.unmount()
        self.mount()

    def remove(self):
        self.unmount()
        os.close(self.held)


def pretend_unwritten(directory, megabytes):
    """For programs of this thread: what others have written and no disk holds yet. May be told anew."""
    pretended = directory / "meminfo"
    is_mounted = pretended.exists()
    pretended.write_text(f"MemTotal: 16777216 kB\nDirty: {megabytes << 10} kB\nWriteback: 0 kB\n")
    if not is_mounted:
        mount(pretended, "/proc/meminfo", flags=MS_BIND)
