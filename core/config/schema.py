"""Which settings are there, what may they be, and what are they if nobody sets them?

Every model is frozen and refuses keys it does not know. Paths are absolute: :mod:`core.config.loading` resolves
them before they get here, since only it knows where a value came from.

Errors raised by the validators continue a sentence that begins with the key and its value
(:mod:`core.config.problems`); those of single values are in :mod:`core.config.values`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.ai.configured import LONGEST_WAIT, OLLAMA_URL, OPENAI_URL, Limits, Ollama, OpenAi
from core.ai.quiet_hours import parse_quiet_hours
from core.ai.vocabulary import Vocabulary, vocabulary
from core.config.database_url import sqlite_url
from core.config.quantities import LONGEST_DURATION
from core.config.roots import conflicts, name_of_folder, usable_name
from core.config.values import (
    AbsolutePath,
    DatabaseUrl,
    Duration,
    Folder,
    Glob,
    HostName,
    HostToAsk,
    Mailbox,
    MinFree,
    NamingPattern,
    Network,
    OptionalMailbox,
    OptionalPath,
    Origin,
    Secret,
    SecretUrl,
    ServerUrl,
    ShownHours,
    Size,
    TimeZone,
    WebInterface,
    Whole,
    WorkerMemory,
    Workers,
    automatic_workers,
    is_loopback,
    within,
)
from core.rate_limit import LOOPBACK, REQUESTS_PER_MINUTE
from core.window import Window, parse_window

if TYPE_CHECKING:
    from sqlalchemy import URL

LARGEST_PICTURE: Final = 1440
"""Pixels of the longer side: the preview, of which pictures for language models are made, has no more."""


def _folder_name(validated: dict[str, Any]) -> str:
    return name_of_folder(validated["path"])


class Section(BaseModel):
    """What all tables of the configuration share."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Auth(Section):
    """Whether the API asks for tokens, and how long a browser that logged in with one stays logged in (seconds)."""

    enabled: bool = False
    session_lifetime: Annotated[Duration, AfterValidator(within(60, LONGEST_DURATION))] = 30 * 86400.0


class Server(Section):
    """Where the HTTP API listens. Port 0 lets the system choose a free one.

    Beyond this machine it only listens with a login, or where ``allow_open`` says that none is needed.
    ``allowed_hosts`` are names by which it is called besides addresses and ``localhost``, ``cors_origins`` origins
    (``https://photos.example.org``) whose pages may use the API. Each address may ask ``requests_per_minute`` times, 0
    for no limit; those in the networks of ``unlimited`` are not counted.
    """

    host: str = Field(default="127.0.0.1", min_length=1)
    port: Whole = Field(default=8000, ge=0, le=65535)
    frontend_dir: WebInterface = None
    allowed_hosts: tuple[HostName, ...] = ()
    cors_origins: tuple[Origin, ...] = ()
    requests_per_minute: Whole = Field(default=REQUESTS_PER_MINUTE, ge=0)
    unlimited: tuple[Network, ...] = LOOPBACK
    allow_open: bool = False
    auth: Auth = Auth()

    @model_validator(mode="after")
    def _closed_to_strangers(self) -> Server:
        if not (self.auth.enabled or self.allow_open or is_loopback(self.host)):
            raise ValueError(
                f'host = "{self.host}" lets other machines in, and there is no login; write enabled = true below '
                "[server.auth] and make a token with pictallion token create, or say allow_open = true here"
            )
        return self

    @property
    def is_open(self) -> bool:
        """Whether strangers on other machines may use the API."""
        return not self.auth.enabled and not is_loopback(self.host)


class Library(Section):
    """Where the library lies and how it names what it keeps.

    ``time_zone`` is the zone of videos that know their time in UTC only; ``None`` is the system's zone.
    """

    data_dir: Folder
    time_zone: TimeZone = None
    silver_naming: NamingPattern = "datetime"


class Database(Section):
    """Where the catalogue is kept. Most code wants :attr:`Settings.database_url` instead.

    ``allow_network`` lets SQLite lie on a network share.
    """

    url: DatabaseUrl = None
    allow_network: bool = False


class Watch(Section):
    """One watched folder, a root. ``name`` is how the ledger and the API call it; by default made from the folder's.

    ``include`` and ``exclude`` are patterns of gitignore syntax, relative to the folder. ``time_zone`` is the zone that
    the cameras of the folder are set to, for pictures that do not tell theirs; ``None`` leaves it open. Photos of a
    folder that is ``local_only`` are shown to no language model beyond this machine.
    """

    path: AbsolutePath
    name: Annotated[str, AfterValidator(usable_name)] = Field(default_factory=_folder_name, validate_default=True)
    mode: Literal["copy", "move", "reference"] = "copy"
    include: tuple[Glob, ...] = ()
    exclude: tuple[Glob, ...] = ()
    time_zone: TimeZone = None
    privacy: Literal["shared", "local_only"] = "shared"


class Intake(Section):
    """How files are taken from the roots; with less than ``min_free`` bytes free on the library's disk, none is.

    What ``None`` means there, :func:`core.library.free_space.bytes_to_leave` knows.
    """

    settle_seconds: Annotated[Duration, AfterValidator(within(0, 3600))] = 5.0
    rescan_interval: Annotated[Duration, AfterValidator(within(1, LONGEST_DURATION))] = 3600.0
    max_attempts: Whole = Field(default=5, ge=1, le=100)
    min_free: MinFree = None


class Compute(Section):
    """Where the heavy work is done. ``workers`` is a number of processes, ``"auto"`` already resolved.

    ``memory_limit`` is in bytes of resident memory per process.
    """

    workers: Workers = Field(default_factory=automatic_workers, ge=1)
    engine: Literal["local"] = "local"
    time_limit: Annotated[Duration, AfterValidator(within(1, LONGEST_DURATION))] = 300.0
    idle_timeout: Duration = 45.0
    memory_limit: WorkerMemory = 2 * 2**30


class AiBudget(Section):
    """What may be asked of paid providers on one day: requests, and tokens of questions and answers; 0 for no limit."""

    requests: Whole = Field(default=0, ge=0)
    tokens: Whole = Field(default=0, ge=0)


class AiVocabulary(Section):
    """The words that photos are tagged with. ``terms`` and the lines of ``file`` are a word each, with those that it is
    used in place of: ``dog: puppy, hound``. With ``only``, no other words are used; those of ``never`` never are.
    """

    file: OptionalPath = None
    terms: tuple[str, ...] = ()
    only: bool = False
    never: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> AiVocabulary:
        self.read()
        return self

    def read(self) -> Vocabulary:
        """The vocabulary, with what the file says now. Raises ``ValueError``, whose message continues a sentence."""
        lines = list(self.terms)
        if self.file is not None:
            try:
                lines += self.file.read_text("utf-8").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
                raise ValueError(f'file = "{self.file}" cannot be read: {why}') from error
        return vocabulary(lines, only=self.only, never=self.never)


class AiOllama(Section):
    """Where Ollama listens, and which of its models look at pictures and which write texts."""

    base_url: ServerUrl = OLLAMA_URL
    vision_model: str = Field(default=Ollama().vision_model, min_length=1)
    text_model: str = Field(default=Ollama().text_model, min_length=1)


class AiOpenai(Section):
    """Where OpenAI listens, or a server that speaks its protocol; its model, and the key."""

    base_url: ServerUrl = OPENAI_URL
    model: str = Field(default=OpenAi().model, min_length=1)
    api_key: Secret = None


class Ai(Section):
    """Who describes pictures, when and how often. ``both`` is Ollama, and OpenAI where that does not answer.

    OpenAI is asked about ``openai_concurrency`` photos at a time, Ollama about one. In ``quiet_hours`` no language
    model is asked; a photo waits for a person after ``max_attempts`` answers that could not be used. ``time_limit`` is
    in seconds for one request with its whole answer, ``picture_side`` in pixels.
    """

    provider: Literal["builtin", "ollama", "openai", "both"] = "builtin"
    openai_concurrency: Whole = Field(default=4, ge=1, le=64)
    quiet_hours: Annotated[Window | None, BeforeValidator(parse_quiet_hours), ShownHours] = None
    max_attempts: Whole = Field(default=3, ge=1, le=100)
    time_limit: Annotated[Duration, AfterValidator(within(1, LONGEST_WAIT))] = Limits().time_limit
    picture_side: Whole = Field(default=Limits().picture_side, ge=64, le=LARGEST_PICTURE)
    ollama: AiOllama = AiOllama()
    openai: AiOpenai = AiOpenai()
    budget: AiBudget = AiBudget()
    vocabulary: AiVocabulary = AiVocabulary()


class Places(Section):
    """Whether positions that a person names are sent to a Nominatim server at ``url``, for the street and the house.

    ``language`` is that of its answers, a list as in HTTP.
    """

    enabled: bool = False
    url: ServerUrl = "https://nominatim.openstreetmap.org"
    language: str = Field(default="en", pattern=r"^[A-Za-z0-9*;=.,\- ]+$")


class Night(Section):
    """When the passes run that look after the library, see :mod:`core.passes`.

    ``window`` is the time of day for it in the library's time zone, ``None`` for any. Those in ``off`` do not run by
    themselves; ``every`` says how often others do (seconds, by name). ``on_battery``: also while the machine runs on
    its battery. Above ``max_load`` (load average by processor; 0 for no limit) a slice waits a while. What is late is
    looked for ``start_delay`` seconds after a start. Rendered pictures take ``thumbnail_cache`` bytes, 0 for no limit.
    Every file is read back within ``verify_within`` seconds, if ``verify_limit`` seconds a night suffice for that.
    """

    window: Annotated[
        Window | None,
        BeforeValidator(parse_window),
        ShownHours,
    ] = parse_window("02:00-06:00")
    off: tuple[str, ...] = ()
    every: dict[str, Annotated[Duration, AfterValidator(within(3600, LONGEST_DURATION))]] = Field(default_factory=dict)
    on_battery: bool = False
    max_load: float = Field(default=3.0, ge=0)
    start_delay: Annotated[Duration, AfterValidator(within(0, 86400))] = 120.0
    thumbnail_cache: Size = 0
    verify_within: Annotated[Duration, AfterValidator(within(86400, LONGEST_DURATION))] = 30 * 86400.0
    verify_limit: Annotated[Duration, AfterValidator(within(60, 86400))] = 3 * 3600.0


class Backup(Section):
    """Where backups of the database are kept (``None``: ``backups`` in ``data_dir``), and how many: of each of the last
    ``daily`` days and ``monthly`` months one.
    """

    folder: OptionalPath = None
    daily: Whole = Field(default=14, ge=1, le=1000)
    monthly: Whole = Field(default=6, ge=0, le=1000)


class Digest(Section):
    """Who is told every morning what the night was like: an address that gets it as JSON, signed with a secret, and
    receivers of an e-mail, which is handed in at a mail server.
    """

    webhook: SecretUrl = None
    webhook_secret: Secret = None
    mail_to: tuple[Mailbox, ...] = ()
    mail_from: OptionalMailbox = None
    smtp_host: HostToAsk = "localhost"
    smtp_port: Whole = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: Secret = None

    @model_validator(mode="after")
    def _password_is_kept_secret(self) -> Digest:
        if self.smtp_user and self.smtp_security == "none" and not is_loopback(self.smtp_host):
            raise ValueError(
                'would send smtp_password for everybody to read; write smtp_security = "starttls" or "tls"'
            )
        return self


class Log(Section):
    """What is logged, and how: ``auto`` is for people on a terminal and JSON elsewhere."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class Settings(BaseSettings):
    """All settings. ``load_settings`` makes them; given by hand, only ``library.data_dir`` and ``watch`` are needed."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        case_sensitive=True,
        env_prefix="PICTALLION_",
        env_nested_delimiter="__",
    )

    server: Server = Server()
    library: Library
    database: Database = Database()
    watch: tuple[Watch, ...]
    intake: Intake = Intake()
    compute: Compute = Compute()
    ai: Ai = Ai()
    places: Places = Places()
    night: Night = Night()
    backup: Backup = Backup()
    digest: Digest = Digest()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what is given: a test or a script that builds settings must not depend on its environment."""
        return (init_settings,)

    @field_validator("watch")
    @classmethod
    def _roots_keep_apart(cls, watch: tuple[Watch, ...], info: ValidationInfo) -> tuple[Watch, ...]:
        library = info.data.get("library")
        if problems := conflicts(watch, library.data_dir if library else None):
            raise ValueError("\n".join(problems))
        return watch

    @property
    def database_url(self) -> URL:
        """The database with its asynchronous driver; SQLite in ``data_dir`` unless ``[database] url`` says otherwise.

        SQLAlchemy's ``URL`` shows ``***`` for the password when it is printed.
        """
        from sqlalchemy import make_url

        if self.database.url is None:
            return sqlite_url(self.library.data_dir / "pictallion.db")
        return make_url(self.database.url.get_secret_value())

    @property
    def backup_folder(self) -> Path:
        """Where backups of the database are kept."""
        return self.backup.folder or self.library.data_dir / "backups"

    def shown(self) -> dict[str, Any]:
        """Return the effective values as they would be written in the file, by section; the password is ``***``."""
        values = self.model_dump(mode="json")
        values["database"]["url"] = str(self.database_url)
        return values
