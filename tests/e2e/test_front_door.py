"""`make demo` on machines that are not ours: little installed, odd paths, no network, interrupted."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netwright.version import VERSION
from tests.e2e.conftest import NO_NETWORK, UNCOMPILED, Machine, base_python, everything, make_machine

pytestmark = pytest.mark.e2e

# What `python -m venv` says where Debian's python3-venv is missing, and the half environment that it leaves.
NO_VENV = """\
case "$*" in
*"-m venv"*)
    if [ ! -e "$0.venv" ]; then
        mkdir -p .venv/bin
        printf "The virtual environment was not created successfully because ensurepip is not available.\\n"
        exit 1
    fi ;;
*ensurepip*) [ -e "$0.venv" ] || exit 1 ;;
esac
exec "{python}" "$@"
"""


# An interpreter that says it is 3.9.2.
OLD = """exec "{python}" -I -c 'import sys; sys.version_info = (3, 9, 2); exec(sys.argv.pop(1))' "$3" "$4" """


def talk(run: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines that the front door wrote."""
    return [line for line in run.stderr.splitlines() if line.startswith("netwright: ")]


def assert_works(machine: Machine, clone: Path) -> None:
    for command in ("netwright", "kubectl-netwright"):
        run = machine.run(clone, f".venv/bin/{command}", "version")
        assert run.returncode == 0, run.stderr
        assert VERSION in run.stdout


def test_a_bare_machine_a_path_with_spaces_and_no_network_the_second_time(
    with_venv: Machine, clone: Path, tmp_path: Path
) -> None:
    machine = with_venv
    before = everything(clone)
    first = machine.run(clone, "make", "demo")
    assert first.returncode == 0, first.stdout + first.stderr
    assert first.stdout.strip(), "the demo said nothing"
    assert_works(machine, clone)

    # The core and nothing heavier; nothing outside the clone and the cache.
    installed = {path.name.split("-")[0].lower() for path in clone.glob(".venv/lib/*/site-packages/*.dist-info")}
    assert {"click", "msgspec", "pyyaml", "numpy", "rich", "netwright"} <= installed
    assert not installed & {"pytest", "mypy", "ruff", "hypothesis", "mkdocs", "hatchling"}
    assert everything(machine.folder / "home") == {}
    assert {name.split("/")[0] for name in everything(clone).keys() - before.keys()} <= {".venv", ".make"}

    # Again, without a network and with an empty cache: nothing is installed.
    stamps = {path: path.stat().st_mtime_ns for path in clone.glob(".venv/.netwright-*")}
    assert stamps
    alone = NO_NETWORK | {"XDG_CACHE_HOME": str(tmp_path / "empty")}
    again = machine.run(clone, "make", "demo", environment=alone)
    assert again.returncode == 0, again.stderr
    assert talk(again) == []
    assert again.stdout.splitlines()[:3] == first.stdout.splitlines()[:3]
    assert {path: path.stat().st_mtime_ns for path in clone.glob(".venv/.netwright-*")} == stamps
    assert not (tmp_path / "empty").exists()

    # Moved elsewhere, the entry points would name the old place: the next run mends them, from the cache.
    moved = clone.rename(tmp_path / "moved")
    mended = machine.run(moved, "make", "demo", environment=NO_NETWORK)
    assert mended.returncode == 0, mended.stderr
    assert_works(machine, moved)

    # Cleaning leaves what was there before.
    assert machine.run(moved, "make", "clean").returncode == 0
    assert everything(moved) == before


def test_changed_requirements_are_installed(with_uv: Machine, clone: Path) -> None:
    assert with_uv.run(clone, "make", "demo").returncode == 0
    with (clone / "requirements" / "core.txt").open("a", encoding="utf-8") as core:
        core.write("# a change\n")
    again = with_uv.run(clone, "make", "demo", environment=NO_NETWORK)
    assert again.returncode == 0, again.stderr
    assert any("installing the core" in line for line in talk(again))


def test_what_the_cache_holds_is_not_asked_of_an_index(with_uv: Machine, clone: Path, uv: str) -> None:
    """However long ago it was fetched: uv trusts what it knows of an index for ten minutes only."""
    assert with_uv.run(clone, "make", "demo").returncode == 0
    for made in (".venv", ".make"):
        shutil.rmtree(clone / made, ignore_errors=True)
    offline = 'case "$*" in *--offline*) ;; "pip install"*) exit 1 ;; esac'
    with_uv.install("uv", f'{UNCOMPILED}\n{offline}\nexec "{uv}" "$@"')
    again = with_uv.run(clone, "make", "demo", environment=NO_NETWORK)
    assert again.returncode == 0, again.stderr
    assert_works(with_uv, clone)


def test_a_tampered_package_is_refused(with_uv: Machine, clone: Path) -> None:
    core = clone / "requirements" / "core.txt"
    pinned = core.read_text(encoding="utf-8")
    core.write_text(re.sub(r"(?<=sha256:).", lambda first: "1" if first[0] == "0" else "0", pinned), encoding="utf-8")
    run = with_uv.run(clone, "make", "demo")
    assert run.returncode != 0
    assert "hash" in run.stderr.lower()
    assert not (clone / ".venv" / "bin" / "netwright").exists()


def test_without_venv_one_line_says_what_to_run(machine: Machine, clone: Path) -> None:
    (machine.folder / "bin" / "python3").unlink()
    machine.install("python3", NO_VENV.format(python=machine.python))
    before = everything(clone)
    run = machine.run(clone, "make", "demo", environment={"NO_APT": "1"})
    assert run.returncode == 2
    last = talk(run)[-1]
    assert "Python's venv module is missing" in last
    assert "install" in last
    assert run.stdout == ""
    assert everything(clone) == before
    assert everything(machine.folder / "home") == {}


@pytest.fixture(scope="session")
def system_python() -> Path:
    """Python at /usr/bin/python3, that every account can run: 3.11 or newer, with venv."""
    python = Path("/usr/bin/python3")
    probe = "import ensurepip, venv, sys; assert sys.version_info >= (3, 11)"
    if not python.exists() or subprocess.run([python, "-I", "-c", probe], capture_output=True, check=False).returncode:
        pytest.skip("no Python at /usr/bin/python3 that is 3.11 or newer and has venv")
    return python


@pytest.fixture
def debian_python(system_python: Path) -> Path:
    if not Path("/etc/debian_version").exists():
        pytest.skip("not a Debian machine")
    return system_python


def test_root_on_debian_installs_venv_and_says_so(machine: Machine, clone: Path, debian_python: Path) -> None:
    shim = machine.install("python3", NO_VENV.format(python=debian_python))
    log = machine.folder / "apt.log"
    machine.install("id", "echo 0")
    machine.install("sudo", f'echo sudo >>"{log}"')
    machine.install(
        "apt-get",
        f'printf "%s|%s\\n" "$DEBIAN_FRONTEND" "$*" >>"{log}"\ncase $1 in install) : >"{shim}.venv" ;; esac',
    )
    run = machine.run(clone, "make", "demo")
    assert run.returncode == 0, run.stderr
    assert log.read_text(encoding="utf-8").splitlines() == [
        "noninteractive|update -qq",
        "noninteractive|install -y -qq --no-install-recommends python3-venv",
    ]
    assert any("installing python3-venv with apt-get" in line for line in talk(run))
    assert_works(machine, clone)


@pytest.mark.parametrize(("user", "environment"), [("0", {"NO_APT": "1"}), ("1000", {})], ids=["NO_APT", "not-root"])
def test_apt_is_left_alone(
    machine: Machine, clone: Path, debian_python: Path, user: str, environment: dict[str, str]
) -> None:
    machine.install("python3", NO_VENV.format(python=debian_python))
    machine.install("id", f"echo {user}")
    machine.install("apt-get", f': >"{machine.folder}/called"')
    run = machine.run(clone, "make", "demo", environment=environment)
    assert run.returncode == 2
    assert talk(run)[-1].endswith("as root: apt-get install -y python3-venv")
    assert not (machine.folder / "called").exists()


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (OLD, "is Python 3.9.2 and netwright needs 3.11 or newer"),
        ("exit 127", "is not a Python that runs; name one: make PYTHON=/path/to/python3"),
        ("exit 0", "is not a Python that runs; name one: make PYTHON=/path/to/python3"),
        ('echo "$@"', "is not a Python that runs; name one: make PYTHON=/path/to/python3"),
    ],
    ids=["old", "broken", "silent", "another program"],
)
def test_an_interpreter_that_will_not_do(machine: Machine, clone: Path, script: str, says: str) -> None:
    chosen = machine.install("python-chosen", script.format(python=machine.python))
    before = everything(clone)
    run = machine.run(clone, "make", "demo", f"PYTHON={chosen}")
    assert run.returncode == 2
    assert len(talk(run)) == 1
    assert says in talk(run)[0]
    assert everything(clone) == before


def test_a_chosen_interpreter_replaces_the_environment(with_uv: Machine, clone: Path, system_python: Path) -> None:
    if base_python() == system_python.resolve():
        pytest.skip("this machine has no second Python")
    assert with_uv.run(clone, "make", "demo").returncode == 0
    assert with_uv.run(clone, "make", "demo", f"PYTHON={system_python}").returncode == 0
    made_from = with_uv.run(clone, ".venv/bin/python", "-c", "import sys; print(sys.base_prefix)")
    assert made_from.stdout.strip() == "/usr"
    assert_works(with_uv, clone)


def test_killed_half_way_the_next_run_heals(machine: Machine, clone: Path, uv: str) -> None:
    """uv on PATH is used; killed amid an installation it leaves the worst there is: a package that only looks whole."""
    poison = machine.folder / "poison"
    poison.touch()
    machine.install(
        "uv",
        f'{UNCOMPILED}\n"{uv}" "$@" || exit $?\n'
        f'case "$*" in *requirements/core.txt*) if [ -e "{poison}" ]; then\n'
        f'    rm "{poison}"; rm -rf .venv/lib/*/site-packages/click; kill -9 0\nfi ;; esac',
    )
    killed = machine.run(clone, "make", "demo")
    assert killed.returncode == -signal.SIGKILL
    site = next(clone.glob(".venv/lib/*/site-packages"))
    assert list(site.glob("click-*.dist-info")), "the fault was not planted"
    assert not (site / "click").exists(), "the fault was not planted"

    healed = machine.run(clone, "make", "demo", environment=NO_NETWORK)
    assert healed.returncode == 0, healed.stderr
    assert any("stopped half way" in line for line in talk(healed))
    assert_works(machine, clone)
    assert not (clone / ".venv" / "bin" / "uv").exists(), "uv was on PATH and need not have been installed"
    assert talk(machine.run(clone, "make", "demo")) == []


# A uv that is there and installs nothing: what the front door says before it is all that is asked about.
NO_UV = "[ $1 = --version ]"


@pytest.fixture
def idle(machine: Machine) -> Machine:
    machine.install("uv", NO_UV)
    return machine


def record_of(pid: int) -> str:
    """What a run of this PID writes about itself into `.make/unfinished`."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("no /proc on this machine")
    started = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8")
    return f"{pid} {started} {boot}"


def test_a_second_run_beside_the_first_waits_for_it(with_uv: Machine, clone: Path) -> None:
    (clone / ".make").mkdir()
    with subprocess.Popen(["sleep", "2"]) as first:
        (clone / ".make" / "unfinished").write_text(record_of(first.pid), encoding="utf-8")
        reaper = threading.Thread(target=first.wait)
        reaper.start()
        second = with_uv.run(clone, "make", "demo")
        reaper.join()
    assert second.returncode == 0, second.stderr
    assert f"waiting for process {first.pid}" in talk(second)[0]
    assert_works(with_uv, clone)


def test_what_a_run_writes_about_itself_is_how_another_finds_it(machine: Machine, clone: Path) -> None:
    machine.install("uv", f'{NO_UV} && exit\ncat .make/unfinished "/proc/$PPID/stat" >stopped\nkill -9 0')
    machine.run(clone, "make", "demo")
    record, stat = (clone / "stopped").read_text(encoding="utf-8").splitlines()
    pid, started, boot = record.split()
    assert (pid, started) == (stat.split()[0], stat.rpartition(")")[2].split()[19])
    assert boot == record_of(os.getpid()).split()[2]


@pytest.mark.parametrize("record", ["{pid}\n", "{pid} 1 {boot}\n", "", "nobody\n"])
def test_a_process_that_only_has_the_same_number_is_not_waited_for(idle: Machine, clone: Path, record: str) -> None:
    """PIDs come again, and after a restart the number of what installed here is some other process."""
    (clone / ".make").mkdir()
    boot = record_of(os.getpid()).split()[2]
    with subprocess.Popen(["sleep", "60"]) as other:
        (clone / ".make" / "unfinished").write_text(record.format(pid=other.pid, boot=boot), encoding="utf-8")
        try:
            run = idle.run(clone, "make", "demo", patience=60)
        finally:
            other.kill()
    assert talk(run)[0] == "netwright: the last run was stopped half way"


def test_a_process_that_has_ended_and_was_never_collected_is_not_waited_for(idle: Machine, clone: Path) -> None:
    """In a container whose first process collects nobody, it stays in the list for ever."""
    (clone / ".make").mkdir()
    with subprocess.Popen(["sleep", "600"]) as zombie:
        (clone / ".make" / "unfinished").write_text(record_of(zombie.pid), encoding="utf-8")
        zombie.kill()
        run = idle.run(clone, "make", "demo", patience=60)
    assert talk(run)[0] == "netwright: the last run was stopped half way"


def test_killed_in_a_container_the_next_one_does_not_wait_for_itself(machine: Machine, clone: Path) -> None:
    """In both the front door is the same PID of a namespace of its own."""
    unshare = [shutil.which("unshare") or "", "-p", "-f", "--kill-child", "--mount-proc"]
    if not unshare[0] or subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine makes no PID namespaces")
    machine.install("uv", f"{NO_UV} && exit\n: >stopped\nkill -9 $PPID")
    machine.run(clone, *unshare, "make", "demo")
    assert (clone / "stopped").exists()
    assert (clone / ".make" / "unfinished").exists()
    machine.install("uv", NO_UV)
    run = machine.run(clone, *unshare, "make", "demo", patience=60)
    assert talk(run)[0] == "netwright: the last run was stopped half way"


def test_where_there_is_flock_it_says_who_installs(idle: Machine, clone: Path) -> None:
    """It also counts where the other run is in another container and its PID means nothing here."""
    flock = shutil.which("flock")
    if not flock:
        pytest.skip("no flock on this machine")
    (idle.folder / "bin" / "flock").symlink_to(flock)
    descriptor = os.open(clone, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    release = threading.Timer(2, os.close, [descriptor])
    release.start()
    waited = idle.run(clone, "make", "demo")
    assert not release.is_alive()
    assert [line for line in talk(waited) if "waiting" in line] == [
        "netwright: waiting for another run, which is installing here"
    ]
    free = idle.run(clone, "make", "demo", patience=60)
    assert not [line for line in talk(free) if "waiting" in line]


def test_the_temporary_files_of_the_tests_stay_in_the_clone(idle: Machine, root: Path, tmp_path: Path) -> None:
    clone = tmp_path / "net wright"
    (clone / "tools").mkdir(parents=True)
    (clone / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(root / "Makefile", clone)
    for script in ("bootstrap.sh", "browser.sh", "etcd.sh"):
        (clone / "tools" / script).touch()
    python = clone / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\n: >"$TMPDIR/written"\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    run = idle.run(clone, "make", "test", "ARGS=-k dns", environment={"TMPDIR": "/nonexistent"})
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["-m", "pytest", "-n", "2", "--dist", "worksteal", "-k", "dns"]
    assert (clone / ".make" / "tmp" / "written").exists()


def test_killed_while_the_environment_is_made(with_venv: Machine, clone: Path, uv: str) -> None:
    machine = with_venv
    poison = machine.folder / "poison"
    poison.touch()
    machine.install(
        "python3",
        f'case "$*" in *"-m venv"*) if [ -e "{poison}" ]; then rm "{poison}"\n'
        f'    "{machine.python}" -m venv --without-pip .venv; kill -9 0\nfi ;; esac\nexec "{machine.python}" "$@"',
    )
    assert machine.run(clone, "make", "demo").returncode == -signal.SIGKILL
    assert (clone / ".venv" / "bin" / "python").exists(), "the fault was not planted"
    machine.install("uv", f'{UNCOMPILED}\nexec "{uv}" "$@"')  # sooner done than by a pip that fetches it first
    healed = machine.run(clone, "make", "demo")
    assert healed.returncode == 0, healed.stderr
    assert_works(machine, clone)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account can reach; those of pytest belong to one."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        if not all(above.stat().st_mode & 0o001 for above in Path(folder).resolve().parents):
            pytest.skip("the folder for temporary files is closed to other accounts")
        yield Path(folder)


def copy_cache_of_the_core(cache: Path, clone: Path) -> None:
    """Spares the downloads: of the cache only what the core needs (one theme has 14,000 files)."""
    pinned = "".join((clone / "requirements" / name).read_text(encoding="utf-8") for name in ("core.txt", "build.txt"))
    names = re.findall(r"^([a-z0-9-]+)==", pinned, re.MULTILINE)
    links = [link for name in names for link in cache.glob(f"uv/wheels-*/*/{name}/*") if link.is_symlink()]
    needed = {link.resolve().name for link in links}

    def skipped(folder: str, entries: list[str]) -> set[str]:
        return set(entries) - needed if Path(folder).name.startswith("archive-") else set()

    shutil.copytree(cache, clone / ".make" / "cache", symlinks=True, ignore=skipped)


def test_an_ordinary_user_without_a_home(
    copy_tree: Callable[[Path], Path], open_folder: Path, system_python: Path
) -> None:
    """The account `nobody`: it has no home and cannot read root's files; its cache goes into the clone."""
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or not setpriv:
        pytest.skip("only root, with setpriv, can become another user")
    machine = make_machine(open_folder / "machine")
    clone = copy_tree(open_folder / "clone")
    (machine.folder / "bin" / "python3").unlink()
    (machine.folder / "bin" / "python3").symlink_to(system_python)
    cache = Path(machine.environment["XDG_CACHE_HOME"]) / "netwright"
    if cache.is_dir():
        copy_cache_of_the_core(cache, clone)
    temporary = clone / ".make" / "tmp"
    temporary.mkdir(parents=True)
    subprocess.run(["chown", "-R", "65534:65534", str(clone)], check=True)
    command = [setpriv, "--reuid", "65534", "--regid", "65534", "--clear-groups", "make", "demo"]
    environment = {"HOME": "/nonexistent", "XDG_CACHE_HOME": "", "TMPDIR": str(temporary)}
    run = machine.run(clone, *command, environment=environment)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (clone / ".venv" / "bin" / "netwright").stat().st_uid == 65534
    assert (clone / ".make" / "cache" / "uv").is_dir()
    assert_works(machine, clone)
