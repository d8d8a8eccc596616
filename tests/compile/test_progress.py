"""A bar where people look, lines where they are kept."""

import io

from components.compile.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines():
    stream = io.StringIO()
    progress = Progress(2, stream)
    progress.done("a", 0.5, 3)
    progress.done("b", 1.25, 4)
    progress.end()
    assert stream.getvalue() == "[1/2] a ... 0.50 s, 3 files\n[2/2] b ... 1.25 s, 4 files\n"


def test_one_cluster_needs_none():
    stream = io.StringIO()
    Progress(1, stream).done("a", 0.5, 3)
    assert stream.getvalue() == ""


def test_a_bar_that_is_gone_at_the_end():
    stream = Terminal()
    progress = Progress(2, stream)
    progress.done("a", 0.5, 3)
    assert stream.getvalue() == f"\r[{'#' * 15:30}] 1/2 a\x1b[K"
    progress.done("b", 0.5, 3)
    progress.end()
    assert "\n" not in stream.getvalue() and stream.getvalue().endswith("2/2 b\x1b[K\r\x1b[K")
