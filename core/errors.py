"""Everything that can go wrong in the domain, drawn once.

    PictallionError
    ├── ConfigError                 exit code 2
    ├── DatabaseError               exit code 3
    │   ├── DatabaseUnreachable     exit code 3
    │   ├── DatabaseOnShare         exit code 3
    │   ├── SchemaTooNew            exit code 3
    │   └── SchemaMissing           exit code 3
    ├── AlreadyRunning              exit code 4
    ├── IntakeError                 decides the ledger state of one file
    │   ├── SourceVanished          missing
    │   ├── SourceChanged           waiting     (it settles again and is taken then)
    │   ├── SourceUnreadable        failed      (tried again with growing pauses)
    │   ├── NotMedia                ignored
    │   ├── DuplicateContent        duplicate
    │   ├── LooksAlike              conflict
    │   ├── SourceStays             failed      (it is in the library; removing the source is tried again)
    │   ├── PlacementFailed         failed
    │   │   ├── NoSpace             queued      (nothing is begun until there is room; it does not count as an attempt)
    │   │   ├── NameTaken           failed
    │   │   └── VerificationFailed  failed
    │   └── WorkerLost              failed      (quarantined after the third)
    │       ├── WorkerCrashed       failed
    │       ├── WorkerTimedOut      failed
    │       └── WorkerOutgrown      failed
    ├── Undecodable                 done, kept as metadata only
    ├── ProviderError               no description; the photo keeps the one it has
    │   ├── ProviderUnavailable     the photo waits, and it does not count as an attempt
    │   │   └── BudgetSpent         the photo waits until tomorrow
    │   ├── ProviderMisconfigured   nothing is asked until the configuration changes
    │   ├── PhotoProtected          the photo is not shown to this provider
    │   └── AnswerUnusable          counts as an attempt for the photo
    │       └── RequestRefused      counts as an attempt for the photo
    ├── TokenExists                 exit code 1
    ├── UnknownToken                exit code 2
    ├── UnknownPass                 exit code 2
    ├── EndlessPass                 exit code 2
    ├── BackupFailed                exit code 1
    ├── DigestNotSent               exit code 1
    └── RequestError                turned into an HTTP response by ``api.errors``
        ├── BadRequest              400
        ├── Forbidden               403
        ├── NotFound                404
        ├── FileGone                404
        ├── ChangedMeanwhile        409, in :mod:`core.db.collision`
        └── RequestFailed           500

A message is read by a person: it says what failed, on which file, what happens next and what they can
do. Where an error is raised, it is raised with that sentence; where it is handled, nothing is added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from core.ai.provider import Usage


class PictallionError(Exception):
    """Base of every error that Pictallion raises on purpose."""

    exit_code: ClassVar[int] = 1


class ConfigError(PictallionError):
    """The configuration cannot be used. The message names file, key and the nearest valid key."""

    exit_code = 2


class DatabaseError(PictallionError):
    """The database cannot be used as it is."""

    exit_code = 3


class DatabaseUnreachable(DatabaseError):
    """The server does not answer, or the file cannot be opened."""


class DatabaseOnShare(DatabaseError):
    """SQLite's file would lie on a network file system."""


class SchemaTooNew(DatabaseError):
    """A newer Pictallion wrote this database; this one refuses to touch it."""


class SchemaMissing(DatabaseError):
    """There is no database, or one that has not been migrated yet, where a command needs to read it."""


class AlreadyRunning(PictallionError):
    """Another process holds the lock of this library."""

    exit_code = 4


class IntakeError(PictallionError):
    """One file could not be taken in. ``ledger_state`` is the state its row gets."""

    ledger_state: ClassVar[str] = "failed"


class SourceVanished(IntakeError):
    """The file was gone when it was to be read."""

    ledger_state = "missing"


class SourceChanged(IntakeError):
    """The file was written to while it was read."""

    ledger_state = "waiting"


class SourceUnreadable(IntakeError):
    """The operating system refuses to read the file."""


class NotMedia(IntakeError):
    """The bytes are no photo or video."""

    ledger_state = "ignored"


class DuplicateContent(IntakeError):
    """The same bytes are in the library already; ``sha256`` is their hash, by which the asset is found."""

    ledger_state = "duplicate"

    def __init__(self, message: str, sha256: str) -> None:
        super().__init__(message)
        self.sha256 = sha256


class LooksAlike(IntakeError):
    """An upload that looks like a photo in the library; its original is kept and a person decides.

    ``asset_id`` is the upload's own asset.
    """

    ledger_state = "conflict"

    def __init__(self, message: str, asset_id: str) -> None:
        super().__init__(message)
        self.asset_id = asset_id


class SourceStays(IntakeError):
    """The file is in the library, but cannot be removed from its drop zone."""


class PlacementFailed(IntakeError):
    """The file could not be written into the library."""


class NoSpace(PlacementFailed):
    """The disk or the quota is full. The file waits in the queue."""

    ledger_state = "queued"


class NameTaken(PlacementFailed):
    """Something has the name already that the file was to get; nothing is ever overwritten."""


class VerificationFailed(PlacementFailed):
    """What was written differs from what was read."""


class WorkerLost(IntakeError):
    """A worker process did not come back with a result."""


class WorkerCrashed(WorkerLost):
    """The worker process died."""


class WorkerTimedOut(WorkerLost):
    """The worker process was stopped because it exceeded the time limit."""


class WorkerOutgrown(WorkerLost):
    """The worker process was stopped because it exceeded the memory limit."""


class Undecodable(PictallionError):
    """A file of a known type whose pixels cannot be read. The file is kept as metadata only."""


class ProviderError(PictallionError):
    """A provider of descriptions gave none. ``usage`` is what asking has cost all the same."""

    def __init__(self, message: str, usage: Usage | None = None) -> None:
        super().__init__(message)
        self.usage = usage


class ProviderUnavailable(ProviderError):
    """It is down, busy, too slow or hangs up: nothing that the photo has done. It is asked again later.

    ``retry_after`` are the seconds that it asked to be left alone for, ``None`` where it did not say.
    """

    def __init__(self, message: str, retry_after: float | None = None, usage: Usage | None = None) -> None:
        super().__init__(message, usage)
        self.retry_after = retry_after


class BudgetSpent(ProviderUnavailable):
    """The owner's budget for today is spent; ``retry_after`` are the seconds until midnight."""


class ProviderMisconfigured(ProviderError):
    """It refuses the key, does not have the model, or its address is none that is asked: a person has to act."""


class PhotoProtected(ProviderError):
    """The owner wants this photo to stay on this machine, and the provider is elsewhere."""


class AnswerUnusable(ProviderError):
    """It answered, and asked a second time again, with nothing that can be understood."""


class RequestRefused(AnswerUnusable):
    """It will not have this request, which is as the protocol says: the picture, or something that it cannot do."""


class TokenExists(PictallionError):
    """A token of this name has been made before."""


class UnknownToken(PictallionError):
    """No token has this name."""

    exit_code = 2


class BackupFailed(PictallionError):
    """A backup could not be made, read or restored."""


class DigestNotSent(PictallionError):
    """The digest of a night did not reach whom it is for."""


class UnknownPass(PictallionError):
    """No pass has this name."""

    exit_code = 2


class EndlessPass(PictallionError):
    """A limit of time was given for a pass that always goes to its end."""

    exit_code = 2


class RequestError(PictallionError):
    """A request that cannot be answered. ``status`` is the HTTP status."""

    status: ClassVar[int] = 400


class BadRequest(RequestError):
    """The request makes no sense; the message says why."""


class Forbidden(RequestError):
    """The request asks for something outside what may be served."""

    status = 403


class NotFound(RequestError):
    """No such thing."""

    status = 404


class FileGone(RequestError):
    """The photo is there and a file of it is not: unlike :class:`NotFound` it is told also where many are asked for."""

    status = 404


class RequestFailed(RequestError):
    """What is asked for makes sense and did not work out; the message says why."""

    status = 500
