"""Which file system does a path lie on, and does it live on another machine?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

#: Types whose files other machines, or processes behind them, may change unseen by this kernel.
_NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afpfs", "webdav", "davfs", "9p", "virtiofs", "vboxsf"),
        *("ceph", "glusterfs", "lustre", "afs", "ocfs2", "gfs2", "beegfs", "prl_fs", "vmhgfs", "macfuse", "osxfuse"),
        # how a container or a subsystem sees the folders of the host
        *("fakeowner", "osxfs", "drvfs"),
    }
)

#: FUSE file systems on a disk of this machine: every change goes through this kernel.
_LOCAL_FUSE = frozenset({"fuseblk", "fuse.ntfs-3g", "fuse.exfat", "fuse.mergerfs", "fuse.bindfs"})


@dataclass(frozen=True)
class Filesystem:
    """A mounted file system. ``type`` is the kernel's name for it, empty where it cannot be told."""

    mount_point: str
    type: str

    @property
    def is_network(self) -> bool:
        """Whether changes may be made that this kernel does not see."""
        kind = self.type.lower()
        return kind in _NETWORK or (kind.startswith("fuse") and kind not in _LOCAL_FUSE)


def mounted() -> list[Filesystem]:
    """The mount table of this process, in the order of mounting."""
    return [Filesystem(part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)]


def filesystem_of(path: str, table: Sequence[Filesystem]) -> Filesystem:
    """The file system that ``path`` lies on. Asks the system where symbolic links lead."""
    return mount_of(os.path.realpath(path), table)


def mount_of(real: str, table: Sequence[Filesystem]) -> Filesystem:
    """The file system of a path without symbolic links; of those mounted at one place the last is the one that is seen.

    The system is not asked, so a share that does not answer keeps nobody waiting.
    """
    above = [mount for mount in table if _is_at_or_below(real, mount.mount_point)]
    deepest = max((len(mount.mount_point) for mount in above), default=0)
    return next((m for m in reversed(above) if len(m.mount_point) == deepest), Filesystem(os.sep, ""))


def mounts_below(real: str, table: Sequence[Filesystem]) -> list[Filesystem]:
    """The file systems mounted below a path without symbolic links, not at it. The system is not asked."""
    return [mount for mount in table if mount.mount_point != real and _is_at_or_below(mount.mount_point, real)]


def _is_at_or_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
