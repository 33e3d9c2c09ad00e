"""Types and documentation: what the package says of itself is so, and all of it is said."""

import doctest
import importlib
import inspect
import os
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import projectile
import projectile.server
import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = Path(projectile.__file__).parent
SECTIONS = ("Parameters", "Returns", "Yields", "Raises", "Notes", "See Also", "Examples")


def test_the_stub_is_what_the_module_is(tmp_path):
    # A part of the package that has gone takes its lines of the list with it.
    options = ["--concise", "--allowlist", Path(__file__).with_name("stubtest.txt")]
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "projectile", *options],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_pyright_finds_nothing():
    command = ["pyright", "--project", ROOT, "--pythonpath", sys.executable]
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 errors, 0 warnings" in done.stdout


def test_the_package_says_that_it_has_types():
    assert (PACKAGE / "py.typed").is_file()


def public():
    """List every public function, class and method, by name."""
    found = {}
    for module in (projectile, projectile.server):
        for name in module.__all__:
            thing = getattr(module, name)
            if not callable(thing):
                continue
            # What the server's handlers inherit is documented where it comes from.
            found[f"{module.__name__}.{name}"] = thing
            if inspect.isclass(thing):
                own = ((each, part) for each, part in vars(thing).items() if not each.startswith("_"))
                found |= {
                    f"{module.__name__}.{name}.{each}": part
                    for each, part in own
                    if inspect.isfunction(part) or isinstance(part, property)
                }
    return found


PUBLIC = public()


def sections(thing):
    """Take numpydoc apart: the lines of each section, those before the first under `""`."""
    lines = (inspect.getdoc(thing) or "").splitlines()
    found, at = {"": []}, ""
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if below and set(below) == {"-"} and len(below) == len(line):
            assert line in SECTIONS, f"{line} is no section of numpydoc's"
            assert line not in found, f"{line} comes twice"
            at = line
            found[at] = []
        elif not (line and set(line) == {"-"}):
            found[at].append(line)
    return found


def documented(thing):
    """List the parameters that a docstring describes, each with its description."""
    found, names = {}, []
    for line in sections(thing).get("Parameters", []):
        if line and not line.startswith(" "):
            head, colon, kind = line.partition(" : ")
            assert colon, f"{line!r} names no type"
            assert kind
            names = [name.strip().lstrip("*") for name in head.split(",")]
            found |= dict.fromkeys(names, "")
        elif line:
            found |= {name: f"{found[name]} {line.strip()}".strip() for name in names}
    return found


def takes(thing):
    """List the parameters that a function has."""
    return [name for name in inspect.signature(thing).parameters if name not in ("self", "cls")]


FUNCTIONS = {name: thing for name, thing in PUBLIC.items() if inspect.isroutine(thing)}


def test_these_are_public():
    assert {"projectile.show", "projectile.run", "projectile.asgi", "projectile.View.set"} <= FUNCTIONS.keys()
    assert {"projectile.server.make_app", "projectile.server.TileHandler.get"} <= FUNCTIONS.keys()


@pytest.mark.parametrize("name", PUBLIC)
def test_each_begins_with_one_sentence(name):
    lines = (inspect.getdoc(PUBLIC[name]) or "").splitlines()
    assert lines, "it has no docstring"
    assert lines[0].endswith((".", ":")), lines[0]
    assert len(lines) == 1 or lines[1] == ""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_parameter_is_documented(name):
    wanted = takes(FUNCTIONS[name])
    told = documented(FUNCTIONS[name])
    assert list(told) == wanted
    for parameter, text in told.items():
        assert text.endswith("."), f"{parameter}: {text!r} is no sentence"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_returned_is_documented(name):
    annotation = inspect.signature(FUNCTIONS[name]).return_annotation
    if annotation not in ("None", None, inspect.Signature.empty):
        text = "\n".join(sections(FUNCTIONS[name]).get("Returns", []))
        assert text.strip(), f"it returns {annotation}, and says nothing of it"


def test_a_view_that_is_closed_has_no_socket(show):
    view = show([[1, 2], [3, 4]])
    assert view.fileno() >= 0
    view.close()
    assert view.fileno() == -1


def test_show_tells_its_defaults():
    signature = inspect.signature(projectile.show)
    for name, text in documented(projectile.show).items():
        default = signature.parameters[name].default
        head = re.search(rf"^{name} : (.*)$", inspect.getdoc(projectile.show), re.MULTILINE)
        assert (default is not inspect.Parameter.empty) == ("optional" in head.group(1)), (name, text)


def test_asgi_shows_as_show_does():
    shared = inspect.signature(projectile.show).parameters
    for name, parameter in inspect.signature(projectile.asgi).parameters.items():
        assert shared[name].replace(annotation=None) == parameter.replace(annotation=None)
        assert shared[name].annotation == parameter.annotation


@pytest.mark.parametrize("thing", [projectile, projectile.show, projectile.View, projectile.server])
def test_help_renders(thing):
    text = pydoc.render_doc(thing, renderer=pydoc.plaintext)
    assert "show" in text
    assert "\x00" not in text


def test_help_of_the_package_tells_of_everything():
    text = pydoc.render_doc(projectile, renderer=pydoc.plaintext)
    for name in ("show(", "run(", "asgi(", "colormaps(", "class View", "class ViewState", "UnsupportedError"):
        assert name in text, name


@pytest.mark.parametrize("name", ["projectile", "projectile._show", "projectile._asgi"])
def test_examples_in_docstrings_run(name):
    done = doctest.testmod(importlib.import_module(name))
    assert done.attempted > 0
    assert done.failed == 0
