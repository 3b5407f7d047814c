# Copyright (c) 2026, homeops.cluster contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.homeops.cluster.plugins.module_utils import _tree_sources as sources
from ansible_collections.homeops.cluster.plugins.module_utils._problem import ClusterError


@pytest.fixture
def write(tmp_path):
    def write(name, content=b"x", mode=0o644):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
        return path

    return write


def walked(tmp_path, output=".", exclude=()):
    return {one.name: one for one in sources.walk(str(tmp_path), "templates", output, exclude)}


def test_walk(tmp_path, write):
    write("templates/b/c.yaml.j2", b"{{ x }}", 0o755)
    write("templates/a")
    write("templates/.hidden/.d.j2")
    write("templates/x.j2.txt")
    found = walked(tmp_path, output="out")
    assert list(found) == [".hidden/.d.j2", "a", "b/c.yaml.j2", "x.j2.txt"]
    assert found["b/c.yaml.j2"] == sources.Source("b/c.yaml.j2", b"{{ x }}", 0o755, "out/b/c.yaml")
    assert [one.is_template for one in found.values()] == [True, False, True, False]
    assert [one.output for one in found.values()] == ["out/.hidden/.d", "out/a", "out/b/c.yaml", "out/x.j2.txt"]


def test_what_is_excluded_can_be_included_but_comes_to_nothing(tmp_path, write):
    write("templates/lib/x.partial.j2")
    assert walked(tmp_path, exclude=["*.partial.*"])["lib/x.partial.j2"].output == ""


def problems(tmp_path):
    with pytest.raises(ClusterError) as error:
        walked(tmp_path)
    return sorted(str(problem) for problem in error.value.problems)


def test_everything_that_is_wrong_is_told_at_once(tmp_path, write):
    write("templates/a.j2")
    write("templates/a")
    write("templates/.j2")
    write("templates/file.j2")
    write("templates/file/deep/x")
    write("templates/strange\nname")
    (tmp_path / "templates/link").symlink_to("/etc/hostname")
    (tmp_path / "templates/folder").symlink_to("/etc")
    (tmp_path / "templates/broken").symlink_to("nowhere")
    os.mkfifo(tmp_path / "templates/pipe")
    assert problems(tmp_path) == [
        "templates/'strange\\nname': has unprintable letters in its name. Rename it",
        "templates/.j2: has no name but .j2. Rename it",
        "templates/a.j2: and templates/a both become a. Keep one of them",
        "templates/broken: is a link to no file. Take it away",
        "templates/file.j2: becomes file, which is the folder of file/deep/x. Rename one of them",
        "templates/folder: is a link to no file. Take it away",
        "templates/link: is a link to a place outside of templates. Copy the file here",
        "templates/pipe: is neither a file nor a folder. Take it away",
    ]


def test_a_link_within_the_templates_is_followed(tmp_path, write):
    write("templates/a", b"content")
    (tmp_path / "templates/b").symlink_to("a")
    assert walked(tmp_path)["b"].content == b"content"


def test_there_are_no_templates(tmp_path):
    assert problems(tmp_path) == ["templates: is not a folder. Put the templates there, or name another one"]


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("a/b", []),
        ("config.yaml.txt", []),
        ("../x", ["is outside of the repository"]),
        ("/x", ["is outside of the repository"]),
        (".git/hooks/x", ["is in Git's own folder"]),
        ("a/.GIT/x", ["is in Git's own folder"]),
        ("config.yaml", ["would be written over the configuration"]),
        ("templates/x", ["would be written over the templates"]),
    ],
)
def test_forbidden(output, said):
    reserved = {"config.yaml": "the configuration", "templates": "the templates"}
    assert [problem.what for problem in sources.forbidden([output], reserved)] == said


def test_look(tmp_path, write):
    write("file", b"x", 0o640)
    write("folder/file")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "behind").symlink_to("folder")
    os.mkfifo(tmp_path / "pipe")
    outputs = sources.Outputs(str(tmp_path))
    kinds = {name: outputs.look(name).kind for name in ("file", "folder", "link", "pipe", "file/x", "absent", "no/x")}
    assert kinds == {
        "file": "file",
        "folder": "a folder",
        "link": "a link",
        "pipe": "a special file",
        "file/x": "below a file",
        "absent": "absent",
        "no/x": "absent",
    }
    assert (outputs.look("behind/file").kind, outputs.look("behind/x").kind) == ("behind a link", "behind a link")
    assert outputs.look("file") == sources.Found("file", sources.sha256(b"x"), 0o640)
    assert (outputs.read("file"), outputs.read("absent")) == (b"x", None)
