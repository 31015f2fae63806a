import json

from click.testing import CliRunner

from dressform.commands.motion import motion
from dressform.runtime.motion.clip import read_clip
from dressform.schemas.errors import UsageError


def test_list_names_every_motion():
    plain = CliRunner().invoke(motion, ["list"])
    assert plain.exit_code == 0
    assert [line.split()[0] for line in plain.stdout.splitlines()] == ["catwalk", "turn", "arms-raise", "idle"]
    rows = json.loads(CliRunner().invoke(motion, ["list", "--json"]).stdout)["motions"]
    assert {row["name"] for row in rows} == {"catwalk", "turn", "arms-raise", "idle"}
    assert all(row["loop"] and row["seconds"] > 5 for row in rows)


def test_make_writes_a_clip(tmp_path):
    path = tmp_path / "walk.safetensors"
    done = CliRunner().invoke(motion, ["make", "catwalk", "-o", str(path)])
    assert done.exit_code == 0
    assert done.stdout.strip() == str(path)
    assert read_clip(path).name == "catwalk"


def test_wrong_names_and_folders_are_refused(tmp_path):
    done = CliRunner().invoke(motion, ["make", "moonwalk", "-o", str(tmp_path / "x.json")])
    assert isinstance(done.exception, UsageError)
    done = CliRunner().invoke(motion, ["make", "idle", "-o", str(tmp_path / "absent" / "x.json")])
    assert "does not exist; make it first" in str(done.exception)
    assert not list(tmp_path.iterdir())
