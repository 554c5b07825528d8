from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.config.conftest import Machine


def test_an_unknown_key_names_the_file_the_section_and_the_nearest_key(machine: Machine) -> None:
    assert machine.problems("[intake]\nsettle_secs = 3") == [
        "config.toml: [intake] settle_secs is not a known key; did you mean settle_seconds?"
    ]


def test_a_key_of_another_section_is_sent_home(machine: Machine) -> None:
    assert machine.problems('[server]\ndata_dir = "x"') == [
        "config.toml: [server] data_dir is not a known key; did you mean [library] data_dir?"
    ]


def test_a_key_that_is_like_no_other_gets_the_list_of_keys(machine: Machine) -> None:
    assert machine.problems("[log]\nzebra = 1") == [
        "config.toml: [log] zebra is not a known key; there are level, format"
    ]


def test_a_key_of_a_table_within_a_section_is_named_with_its_table(machine: Machine) -> None:
    assert machine.problems("[server.auth]\nenable = true") == [
        "config.toml: [server.auth] enable is not a known key; did you mean enabled?"
    ]
    assert machine.problems('[server.auth]\nsession_lifetime = "soon"')[0].startswith(
        'config.toml: [server.auth] session_lifetime = "soon" '
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "nas.example"])
def test_other_machines_are_only_let_in_with_a_login_or_on_purpose(machine: Machine, host: str) -> None:
    [line] = machine.problems(f'[server]\nhost = "{host}"')
    assert line.startswith(f'config.toml: [server] host = "{host}" lets other machines in, and there is no login')
    for permission in ("allow_open = true", "[server.auth]\nenabled = true"):
        machine.write(f'[server]\nhost = "{host}"\n{permission}')
        assert machine.load().settings.server.host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_this_machine_needs_no_login(machine: Machine, host: str) -> None:
    machine.write(f'[server]\nhost = "{host}"')
    assert machine.load().settings.server.host == host


def test_a_key_outside_of_a_section_is_sent_to_its_section(machine: Machine) -> None:
    assert machine.problems("port = 9000\nzebra = 1") == [
        "config.toml: port is not a known key outside of a section; it belongs below [server]",
        "config.toml: zebra is not a known key outside of a section; "
        "there are [server], [library], [database], [[watch]], [intake], [compute], [ai], [places], [night], [backup], "
        "[digest], [log]",
    ]


def test_an_unknown_section_names_the_nearest_one(machine: Machine) -> None:
    assert machine.problems("[sever]\nport = 1\n[Watch]\npath = 1") == [
        "config.toml: [sever] is not a known section; did you mean [server]?",
        "config.toml: [Watch] is not a known section; did you mean [[watch]]?",
    ]


def test_single_and_double_brackets_are_told_apart(machine: Machine) -> None:
    assert machine.problems('[watch]\npath = "x"\n[[server]]\nport = 1') == [
        "config.toml: server must be a table: [server] in the file, with one pair of brackets; "
        "PICTALLION_SERVER__KEY in the environment",
        "config.toml: watch must be a list: [[watch]] in the file, with two pairs of brackets; "
        "a JSON array in PICTALLION_WATCH",
    ]


@pytest.mark.parametrize(
    "section, assignment, message",
    [
        ("server", 'port = "abc"', '[server] port = "abc" must be a whole number'),
        ("server", "port = 80.5", "[server] port = 80.5 must be a whole number"),
        ("server", "port = true", "[server] port = true must be a whole number"),
        ("server", "port = 70000", "[server] port = 70000 must be at most 65535"),
        ("server", "port = -1", "[server] port = -1 must be at least 0"),
        ("server", "host = 5", "[server] host = 5 must be text, in quotes"),
        ("server", 'host = ""', '[server] host = "" must have at least 1 character'),
        ("library", "data_dir = 5", "[library] data_dir = 5 must be text, in quotes"),
        (
            "library",
            'time_zone = "Europe/Berln"',
            '[library] time_zone = "Europe/Berln" is no time zone that this system knows; '
            'did you mean "Europe/Berlin"?',
        ),
        (
            "library",
            'time_zone = "../zebra"',
            '[library] time_zone = "../zebra" is no time zone that this system knows; '
            'write an IANA name such as "Europe/Berlin"',
        ),
        (
            "library",
            'silver_naming = "datetme"',
            '[library] silver_naming = "datetme" would give every file the same name; did you mean "datetime"?',
        ),
        (
            "library",
            'silver_naming = "zzz"',
            '[library] silver_naming = "zzz" would give every file the same name; write one of original, datetime, '
            "datetime_camera, ai_descriptive, ai_detailed, or a pattern such as {year}-{month}-{day}_{camera}",
        ),
        (
            "library",
            'silver_naming = "{yer}"',
            '[library] silver_naming = "{yer}" has {yer}, which is not a known token; did you mean {year}?',
        ),
        ("intake", "settle_seconds = 3601", "[intake] settle_seconds = 3601 must be between 0s and 1h"),
        (
            "intake",
            'rescan_interval = "soon"',
            '[intake] rescan_interval = "soon" is no duration; write "90s", "5m", "1h", "1d" or a number of seconds',
        ),
        ("intake", "rescan_interval = 0", "[intake] rescan_interval = 0 must be between 1s and 365d"),
        ("intake", "max_attempts = 0", "[intake] max_attempts = 0 must be at least 1"),
        ("intake", "max_attempts = 101", "[intake] max_attempts = 101 must be at most 100"),
        (
            "intake",
            'min_free = "1,5GiB"',
            '[intake] min_free = "1,5GiB" is no size; write "2GiB", "500MB" or a whole number of bytes',
        ),
        ("compute", 'workers = "all"', '[compute] workers = "all" must be "auto" or a whole number'),
        ("compute", "workers = 0", "[compute] workers = 0 must be at least 1"),
        ("compute", 'engine = "dask"', "[compute] engine = \"dask\" must be 'local'"),
        (
            "ai",
            'provider = "olama"',
            "[ai] provider = \"olama\" must be 'builtin', 'ollama', 'openai' or 'both'; did you mean \"ollama\"?",
        ),
        ("ai", "picture_side = 2000", "[ai] picture_side = 2000 must be at most 1440"),
        (
            "ai",
            'ollama.base_url = "nas:11434"',
            '[ai.ollama] base_url = "nas:11434" must begin with http:// or https:// and a host',
        ),
        (
            "ai",
            'openai.base_url = "http://169.254.169.254"',
            '[ai.openai] base_url = "http://169.254.169.254" is one that machines keep secrets at',
        ),
        ("log", 'format = "jsn"', "[log] format = \"jsn\" must be 'auto', 'console' or 'json'; did you mean \"json\"?"),
        (
            "log",
            'level = "INFO"',
            "[log] level = \"INFO\" must be 'debug', 'info', 'warning' or 'error'; did you mean \"info\"?",
        ),
    ],
)
def test_a_value_that_cannot_be_used_is_shown_with_what_is_wrong(
    machine: Machine, section: str, assignment: str, message: str
) -> None:
    assert machine.problems(f"[{section}]\n{assignment}") == [f"config.toml: {message}"]


def test_a_folder_for_the_web_interface_without_an_index_page_is_refused(machine: Machine) -> None:
    web = machine.folder("web")
    assert machine.problems('[server]\nfrontend_dir = "web"') == [
        f'config.toml: [server] frontend_dir = "{web}" must be a folder with an index.html in it, '
        "the built web interface"
    ]
    (web / "index.html").touch()
    assert machine.load().settings.server.frontend_dir == web


def test_a_library_where_a_file_is_already_is_refused(machine: Machine) -> None:
    (machine.working_directory / "data").touch()
    [line] = machine.problems()
    assert line.startswith("default: [library] data_dir")
    assert line.endswith("is a file; it must be a folder, or not exist yet")


def test_a_watch_folder_that_is_missing_may_be_an_unmounted_share(machine: Machine) -> None:
    folder = machine.working_directory / "nas"
    assert machine.problems('[[watch]]\npath = "nas"') == [
        f'config.toml: [[watch]] #1 path = "{folder}" does not exist; '
        "create it, or mount it if it is a network share or an external disk"
    ]


def test_a_watch_folder_that_is_a_file_is_refused(machine: Machine) -> None:
    (machine.working_directory / "photo.jpg").touch()
    [line] = machine.problems('[[watch]]\npath = "photo.jpg"')
    assert line.endswith("is not a folder")


def test_each_watch_folder_is_told_by_its_number(machine: Machine) -> None:
    machine.folder("phone")
    assert machine.problems('[[watch]]\npath = "phone"\n[[watch]]\nmode = "cpy"') == [
        "config.toml: [[watch]] #2 path is missing",
        "config.toml: [[watch]] #2 mode = \"cpy\" must be 'copy', 'move' or 'reference'; did you mean \"copy\"?",
    ]


@pytest.mark.parametrize("key", ["include", "exclude"])
def test_a_pattern_that_is_none_is_told(machine: Machine, key: str) -> None:
    machine.folder("phone")
    (problem,) = machine.problems(f'[[watch]]\npath = "phone"\n{key} = ["*.png", "!"]')
    assert "is no pattern; write one as in a .gitignore file" in problem


def test_a_memory_limit_below_what_a_worker_needs_is_told(machine: Machine) -> None:
    (problem,) = machine.problems('[compute]\nmemory_limit = "100MB"')
    assert "is less than a worker needs to begin with (512MiB)" in problem


@pytest.mark.parametrize("name", ["upload", "Import"])
def test_the_names_that_pictallion_needs_are_reserved(machine: Machine, name: str) -> None:
    machine.folder("phone")
    [line] = machine.problems(f'[[watch]]\npath = "phone"\nname = "{name}"')
    assert line.startswith(f'config.toml: [[watch]] #1 name = "{name}" is a name that Pictallion needs itself')


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ü", "x" * 65])
def test_a_name_has_letters_digits_dashes_and_underscores(machine: Machine, name: str) -> None:
    machine.folder("phone")
    [line] = machine.problems(f'[[watch]]\npath = "phone"\nname = "{name}"')
    assert line.endswith("must be 1 to 64 letters (a-z), digits, dashes and underscores; set it with name = ...")


def test_a_folder_whose_name_gives_no_usable_name_asks_for_one(machine: Machine) -> None:
    machine.folder("写真")
    [line] = machine.problems('[[watch]]\npath = "写真"')
    assert line.startswith('config.toml: [[watch]] #1 name = "" must be')


def test_two_roots_of_one_name_are_refused(machine: Machine) -> None:
    one, other = machine.folder("anna/DCIM"), machine.folder("ben/dcim")
    toml = '[[watch]]\npath = "anna/DCIM"\n[[watch]]\npath = "ben/dcim"'
    assert machine.problems(toml) == [
        f'config.toml: [[watch]] {one} and {other} both have the name "dcim"; give one another name with name = ...'
    ]
    assert "both have the name" in machine.problems(f'{toml}\nname = "DCIM"')[0]
    machine.write(f'{toml}\nname = "ben"')
    assert [root.name for root in machine.load().settings.watch] == ["dcim", "ben"]


@pytest.mark.parametrize("order", [("phones", "link"), ("link", "phones")])
def test_a_root_inside_another_is_refused_also_through_a_symbolic_link(
    machine: Machine, order: tuple[str, str]
) -> None:
    outer, inner = machine.folder("phones"), machine.folder("phones/anna")
    link = machine.working_directory / "link"
    link.symlink_to(inner)
    assert machine.problems("\n".join(f'[[watch]]\npath = "{name}"' for name in order)) == [
        f"config.toml: [[watch]] {link} lies inside {outer}: every file would be taken twice; watch only one of them"
    ]


@pytest.mark.parametrize(
    "data_dir, watch, relation",
    [
        ("a/data", "a", "{data} lies inside {root}"),
        ("a", "a/in", "{root} lies inside {data}"),
        ("a", "a", "{root} and {data} are the same folder"),
    ],
)
def test_the_library_and_a_root_keep_apart(machine: Machine, data_dir: str, watch: str, relation: str) -> None:
    root = machine.folder(watch)
    beginning = relation.format(data=machine.working_directory / data_dir, root=root)
    assert machine.problems(f'[library]\ndata_dir = "{data_dir}"\n[[watch]]\npath = "{watch}"') == [
        f"config.toml: [[watch]] {beginning}: the daemon would take in its own library; keep [library] data_dir outside"
    ]


def test_folders_with_a_common_beginning_are_not_inside_each_other(machine: Machine) -> None:
    machine.folder("phone")
    machine.folder("phone2")
    machine.write('[[watch]]\npath = "phone"\n[[watch]]\npath = "phone2"\n[library]\ndata_dir = "phone3"')
    assert len(machine.load().settings.watch) == 2


def test_a_library_below_a_loop_of_links_is_no_crash(machine: Machine) -> None:
    loop = machine.working_directory / "loop"
    loop.symlink_to(loop)
    machine.write('[library]\ndata_dir = "loop/data"')
    assert machine.load().settings.library.data_dir == loop / "data"


def test_all_problems_are_listed_one_line_each(machine: Machine) -> None:
    lines = machine.problems(
        '[server]\nprot = 1\n[[watch]]\npath = "gone"\n[log]\nlevel = "loud"',
        {"PICTALLION_COMPUTE__WORKERS": "many", "PICTALLION_DATABASE__URL_FILE": "gone"},
    )
    assert sorted(line.partition(": ")[0] for line in lines) == [
        "config.toml",
        "config.toml",
        "config.toml",
        "environment PICTALLION_COMPUTE__WORKERS",
        "environment PICTALLION_DATABASE__URL_FILE",
    ]


def test_invalid_toml_is_told_with_its_line(machine: Machine) -> None:
    [line] = machine.problems("[server]\nport = = 3")
    assert line.startswith("config.toml: is not valid TOML: ")
    assert "line 2" in line


def test_a_file_in_another_encoding_is_told_so(machine: Machine) -> None:
    (machine.working_directory / "config.toml").write_bytes('[server]\nhost = "ü"'.encode("latin-1"))
    assert machine.problems() == ["config.toml: is not valid TOML: it is not UTF-8 text"]


def test_a_long_value_is_cut(machine: Machine) -> None:
    [line] = machine.problems(f'[log]\nlevel = "{"x" * 5000}"')
    assert len(line) < 400


@pytest.mark.parametrize(
    "variable, value, message",
    [
        (
            "PICTALLION_INTAKE__SETTLE_SECS",
            "3",
            "[intake] settle_secs is not a known key; did you mean settle_seconds?",
        ),
        ("PICTALLION_SERVER__PORT", "abc", '[server] port = "abc" must be a whole number'),
        ("PICTALLION_SERVER__PORT__X", "1", '[server] port = {"x": "1"} must be a whole number'),
        ("PICTALLION_SEVER__PORT", "1", "[sever] is not a known section; did you mean [server]?"),
        (
            "PICTALLION_SERVER_PORT",
            "1",
            "is not a setting; did you mean PICTALLION_SERVER__PORT, with two underscores?",
        ),
        (
            "PICTALLION_DATABASE_URL_FILE",
            "x",
            "is not a setting; did you mean PICTALLION_DATABASE__URL_FILE, with two underscores?",
        ),
        (
            "PICTALLION_WATCH",
            "[{",
            "is not valid JSON: Expecting property name enclosed in double quotes (at column 3)",
        ),
        (
            "PICTALLION_WATCH__0__PATH",
            "/photos",
            "watch must be a list: [[watch]] in the file, with two pairs of brackets; a JSON array in PICTALLION_WATCH",
        ),
        ("PICTALLION_LOG", json.dumps({"levl": 1}), "[log] levl is not a known key; did you mean level?"),
    ],
)
def test_a_problem_of_the_environment_names_the_variable(
    machine: Machine, variable: str, value: str, message: str
) -> None:
    assert machine.problems(environment={variable: value}) == [f"environment {variable}: {message}"]


def test_a_folder_that_cannot_be_read_from_json_leaves_no_default_inbox_behind(machine: Machine) -> None:
    machine.problems(environment={"PICTALLION_WATCH": "/photos"})
    assert not (machine.working_directory / "inbox").exists()


def test_a_value_and_a_file_with_the_value_together_are_refused(machine: Machine) -> None:
    machine.write("9000", "port")
    environment = {"PICTALLION_SERVER__PORT": "8000", "PICTALLION_SERVER__PORT_FILE": "port"}
    assert machine.problems(environment=environment) == [
        "environment PICTALLION_SERVER__PORT and PICTALLION_SERVER__PORT_FILE are both set; unset one of them"
    ]


def test_a_value_from_a_file_is_told_with_the_file_and_the_variable(machine: Machine) -> None:
    file = machine.write("abc\n", "port")
    assert machine.problems(environment={"PICTALLION_SERVER__PORT_FILE": "port"}) == [
        f'file {file} via PICTALLION_SERVER__PORT_FILE: [server] port = "abc" must be a whole number'
    ]


def test_a_value_file_that_cannot_be_read_is_told_with_the_reason(machine: Machine) -> None:
    missing = machine.working_directory / "missing"
    assert machine.problems(environment={"PICTALLION_SERVER__PORT_FILE": "missing"}) == [
        f"environment PICTALLION_SERVER__PORT_FILE: cannot read {missing}: No such file or directory"
    ]
    binary = machine.working_directory / "binary"
    binary.write_bytes(b"\xff\xfe")
    assert machine.problems(environment={"PICTALLION_SERVER__PORT_FILE": "binary"}) == [
        f"environment PICTALLION_SERVER__PORT_FILE: cannot read {binary}: it is not UTF-8 text"
    ]


def test_networks_that_are_not_counted_are_written_as_networks(machine: Machine) -> None:
    [line] = machine.problems('[server]\nunlimited = ["192.168.1.5/24"]')
    assert 'must be an address or a network, such as "192.168.1.0/24"' in line
    machine.write('[server]\nunlimited = ["192.168.1.0/24", "::1"]')
    assert machine.load().settings.server.unlimited == ("192.168.1.0/24", "::1/128")
