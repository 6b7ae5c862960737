"""The oracle of the fuzzer: each effect of a program is found and blocked, and nothing else is."""

import json
import subprocess
import sys

import pytest

from tests.support.serving import ROOT

# Programs that would make a file, import a module or change an object; each by a plain pickle.
EFFECTS = {
    "a folder": (b"cposix\nmkdir\n(S'made'\ntR.", "os.mkdir"),
    "a file": (b"c_io\nopen\n(S'made'\nS'w'\ntR.", "open"),
    "a file to read": (b"c_io\nopen\n(S'/etc/hostname'\ntR.", "open"),
    "a text that runs": (b"cbuiltins\neval\n(S'1'\ntR.", "compile"),
    "a module that is not there": (b"cabsent_module\nname\n.", "import of absent_module"),
    "another module": (b"cantigravity\nfly\n.", "import of antigravity"),
    "a variable": (b"cposix\nputenv\n(C\x01aC\x01btR.", "os.putenv"),
    "a socket": (b"c_socket\nsocket\n(tR.", "socket"),
    "a pipe, which Python does not report": (b"cposix\npipe\n(tR.", "posix.pipe"),
    "a list": (b"\x80\x02cnumpy\n__all__\nS'made'\na.", "changed: numpy.__all__"),
    "a dictionary": (b"ccopyreg\n_inverted_registry\nI1\nI2\ns.", "changed: copyreg"),
    "a prediction that no guard sees": (b"c__main__\nQuiet\n(tR.", "posix.umask"),
    "a function": (b"cnumpy\nmean\n}S'made'\nI1\nsb.", "changed: numpy.mean"),
}
HARMLESS = {
    "a value": b"I1\n.",
    "a prediction that the guard refuses": b"c__main__\nLoud\n(tR.",
    "an object": b"cnumpy\nfloat64\n(F1.5\ntR.",
    "a module of a library": b"cscipy.fft\nfft\n.",
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The findings of a separate process that loads these programs without any check."""
    programs = {name: content for name, (content, _) in EFFECTS.items()} | HARMLESS
    code = f"""if True:
        import json, joblib, os, pandas, posix, scipy, sklearn, tests.fuzz.weak
        from tests.fuzz import counting, effects, inventory, judge, loader, objects, weak
        from tests.fuzz.tokens import Contents

        class Loud:
            def predict(self, rows):
                os.mkdir("made")

        class Quiet:
            def predict(self, rows):
                posix.umask(0o22)

        from service.model.audit import no_effects
        with no_effects():
            pass  # its hook comes before the one that records
        used = Contents(names={{("numpy", "ndarray")}})
        seen, shared = objects.Objects(inventory.Inventory([used]), []), counting.Shared()
        hook = effects.Effects()
        own = judge.Judge(loader.loader(weak.__name__), hook, seen, counting.Lines([]), shared)
        hook.install()
        seen.all_changed()
        found = {{}}
        for name, content in {programs!r}.items():
            verdict = own.verdict(content)
            found[name] = [*verdict.effects, *("changed: " + one for one in verdict.changed)]
        print(json.dumps(found))
    """
    folder = tmp_path_factory.mktemp("empty")
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.PIPE,
        check=True,
    )
    assert not list(folder.iterdir()), "an effect was not blocked"
    return dict(json.loads(ran.stdout))


@pytest.mark.parametrize("effect", EFFECTS)
def test_an_effect_is_found_and_blocked(verdicts: dict[str, list[str]], effect: str) -> None:
    assert any(found.startswith(EFFECTS[effect][1]) for found in verdicts[effect])


@pytest.mark.parametrize("program", HARMLESS)
def test_what_has_no_effect_is_no_finding(verdicts: dict[str, list[str]], program: str) -> None:
    assert verdicts[program] == []
