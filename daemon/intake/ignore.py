"""What is never looked at: files in transit, and what systems and programs leave in photo folders.

Files in transit get their real name when they are whole, and are taken then. The names are the union of what the sync
programs and photo managers document.
"""

from __future__ import annotations

import re

#: Folders that hold no one's photos: versions, trash, previews and indexes of other programs.
_DIRECTORIES = frozenset(
    {
        ".stfolder", ".stversions", "@eadir", "#recycle", "#snapshot", ".trashes", "$recycle.bin", ".spotlight-v100",
        ".fseventsd", "__macosx", ".appledouble", "lost+found", ".thumbnails", "lost.dir", ".rsync-partial", ".~tmp~",
        ".localized", ".git", ".pictallion",
    }
)  # fmt: skip
_DIRECTORY_PATTERN = re.compile(r"\.trash(-\d+)?", re.IGNORECASE)

_FILE_PATTERN = re.compile(
    r"""
      \.syncthing\..* | ~syncthing~.*                       # Syncthing, while it writes
    | \..+\.[A-Za-z0-9]{6}                                  # rsync: .name.XXXXXX
    | .*\.ocTransferId.*\.part | \.nextcloudsync.* | \._sync_.*   # Nextcloud, ownCloud
    | .*\.(part|partial|crdownload|download|tmp|temp|icloud|filepart|swp)
    | \..*\.pictallion-tmp                               # our own sidecars, mode reference
    | ~.* | .*~ | \.\#.*                                    # editors
    | \._.* | \.ds_store | thumbs\.db | desktop\.ini | \.nomedia | \.localized | \.pictallionignore | \.ppignore
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


def is_ignored_directory(name: str) -> bool:
    """Whether nothing below a folder of this name is looked at."""
    return name.lower() in _DIRECTORIES or _DIRECTORY_PATTERN.fullmatch(name) is not None


def is_ignored_file(name: str) -> bool:
    """Whether a file of this name is passed over without an entry in the ledger."""
    return _FILE_PATTERN.fullmatch(name) is not None
