"""Children of a process that shows something: forked in the middle of everything, or made by multiprocessing."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from interpreters import environment, run

FORKS = """
    import json, os, random, signal, socket, sys, threading, time, traceback
    import numpy, projectile

    forks = int(sys.argv[1])
    array = numpy.zeros((512, 512), "f4")

    class Lazy:
        shape, dtype = array.shape, array.dtype
        def __getitem__(self, block):
            time.sleep(0.01)
            return array[block]

    def ask(view, tail="0/0/0.png"):
        "By hand: looking up a name is not for a child of many threads, whoever forks it."
        host, _, port = view.url.split("/")[2].partition(":")
        with socket.socket() as client:
            client.settimeout(20)
            client.connect((host, int(port)))
            client.sendall(f"GET /{tail} HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\\r\\n".encode())
            answer = b""
            while piece := client.recv(1 << 16):
                answer += piece
        return int(answer.split()[1])

    def child(number):
        "What is the parent's says so; what the child shows itself works."
        for call in (
            lambda: view.refresh(), lambda: view.set(zoom=1.0), lambda: view.state,
            lambda: view.screenshot() if number % 2 else view.selection,
        ):
            try:
                call()
            except RuntimeError as error:
                assert "forked" in str(error), error
            else:
                raise AssertionError("it does as if it were shown")
        repr(view), view.url, view.images, view.closed
        with projectile.show([array, Lazy()][number % 2]) as own:
            assert ask(own) == 200
            own.refresh()
        if number % 3 == 0:
            projectile.show(array)  # for the end to close
        view.close()

    view = projectile.show({"array": array, "lazy": Lazy()})
    slowest, faults, done = 0.0, [], threading.Event()

    def work():
        "All that another thread may be doing in that moment."
        global slowest
        try:
            while not done.is_set():
                began = time.monotonic()
                assert ask(view, random.choice(["0/0/0.png", "images/lazy/0/0/0.png"])) == 200
                slowest = max(slowest, time.monotonic() - began)
                view.refresh()
                projectile.show(array).close()
        except BaseException as fault:
            faults.append(repr(fault))

    working = [threading.Thread(target=work) for _ in range(4)]
    for thread in working:
        thread.start()
    hung, codes = 0, []
    for number in range(forks):
        forked = os.fork()
        if forked == 0:
            code = 1
            try:
                child(number)
                code = 0
            except BaseException:
                traceback.print_exc()
            if number % 4 and code == 0:
                sys.exit(0)  # by the interpreter's own end
            os._exit(code)
        until = time.monotonic() + 30
        while (ended := os.waitpid(forked, os.WNOHANG)) == (0, 0) and time.monotonic() < until:
            time.sleep(0.005)
        if ended == (0, 0):
            hung += 1
            os.kill(forked, signal.SIGKILL)
            ended = os.waitpid(forked, 0)
        codes.append(os.waitstatus_to_exitcode(ended[1]))
    done.set()
    for thread in working:
        thread.join()
    assert ask(view) == 200
    print(json.dumps({"hung": hung, "wrong": sum(code != 0 for code in codes), "slowest": slowest, "faults": faults}))
"""


@pytest.mark.timeout(1200)
def test_forks_in_the_middle_of_everything(full: bool, figure: Callable[..., None]) -> None:
    forks = 200 if full else 12
    ended = run(FORKS, forks, timeout=1150)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    figure(
        "R50",
        f"{forks} × os.fork while four threads show, ask and close",
        "no child hangs, the parent is unaffected",
        hung=told["hung"],
        children_that_failed=told["wrong"],
        faults_in_the_parent=len(told["faults"]),
        slowest_answer_of_the_parent_s=told["slowest"],
    )
    assert told["hung"] == 0
    assert told["wrong"] == 0, ended.stderr
    assert not told["faults"], told["faults"]


CHILDREN = """
    import multiprocessing, sys
    import numpy, projectile
    from client import ask

    view = None

    def work(number):
        "Under fork the parent's view is there, and says whose it is; a view of one's own works everywhere."
        inherited = "none"
        if view is not None:
            try:
                view.refresh()
                inherited = "as if it were shown"
            except RuntimeError as error:
                inherited = "refused" if "forked" in str(error) else repr(error)
        with projectile.show(numpy.full((64, 64), number)) as own:
            return inherited, ask(own.url, "0/0/0.png").status

    if __name__ == "__main__":
        method, children = sys.argv[1], int(sys.argv[2])
        context = multiprocessing.get_context(method)
        view = projectile.show(numpy.zeros((64, 64)))
        with context.Pool(4, maxtasksperchild=1) as pool:
            told = pool.map_async(work, range(children), chunksize=1).get(timeout=1000)
        expected = ("refused" if method == "fork" else "none", 200)
        assert told == [expected] * children, told
        if method != "fork":
            # A view does not go to another process: it is told when somebody tries.
            try:
                context.Process(target=print, args=(view,)).start()
            except TypeError as error:
                assert "pickle" in str(error), error
            else:
                raise AssertionError("a view was sent to another process")
        assert ask(view.url, "0/0/0.png").status == 200
        print("done")
"""


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
@pytest.mark.timeout(1200)
def test_multiprocessing(method: str, full: bool, figure: Callable[..., None], tmp_path: Path) -> None:
    children = 200 if full else 10
    script = tmp_path / "children.py"
    script.write_text(textwrap.dedent(CHILDREN))
    # A child that hangs is one that the pool waits for: the time is over, then.
    ended = subprocess.run(
        [sys.executable, str(script), method, str(children)],
        capture_output=True,
        text=True,
        timeout=1100,
        check=False,
        env=environment(),
    )
    worked = ended.stdout.strip() == "done"
    figure(
        "R50",
        f"{children} children of multiprocessing ({method}) beside a running server",
        "none hangs: a clear error, or it works",
        done=worked,
        exit_code=ended.returncode,
    )
    assert (ended.returncode, worked) == (0, True), ended
