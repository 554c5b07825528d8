"""What a rebuild found, and what no file could tell."""

from __future__ import annotations

import msgspec

#: What is in a database and in no file, and why; told after every rebuild.
NOT_IN_FILES = {
    "ids": "Photos, versions, faces and people get new ids; nothing outside the database names them.",
    "ledger": "Paths in watched folders are seen again by the next scan, which recognises every file by its bytes.",
    "created_at": "A photo became Silver or Gold at its file's change time; where no sidecar tells, also when it came.",
    "history": "What happened to a photo is only in the database; each gets a row that says it was rebuilt.",
    "superseded": "A file that was written anew comes back beside its older content, as a photo of its own.",
    "collections": "Collections and their order are only in the database.",
    "people": "Birthdates, notes and relationships of people are only in the database; two of one name become one.",
    "faces": "Where all faces of a photo were ignored, they are found again and not ignored.",
    "groups": "Groups are formed anew by the rules; that one was dissolved or its primary chosen is forgotten.",
    "deleted": "A photo that was deleted is archived: its files still lie in the archive.",
    "conflicts": "An upload that waited for a decision is a photo of its own.",
    "settings": "Settings, prompts, events and locations of the owner are only in the database.",
}


class Report(msgspec.Struct, rename="camel"):
    """The outcome. ``unexplained`` are files that became part of no photo, each as a sentence; then the rebuild failed.

    ``warnings`` are sentences about what came back, but not as it should. ``database`` is where the new one is.
    """

    database: str = ""
    photos: int = 0
    bronze: int = 0
    silver: int = 0
    gold: int = 0
    archived: int = 0
    sidecars: int = 0
    people: int = 0
    named_faces: int = 0
    groups: int = 0
    unexplained: list[str] = []
    warnings: list[str] = []
    not_in_files: dict[str, str] = msgspec.field(default_factory=NOT_IN_FILES.copy)

    @property
    def is_explained(self) -> bool:
        return not self.unexplained
