"""The comment on a pull request, against a server that answers as GitHub documents it, and writes down each call."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from components.review.forms import markdown
from components.review.forms.comment import MARKER, MAXIMUM, ROOM
from scripts import review_comment
from tests.conftest import ROOT
from tests.review.forms.reviews import SHAPES

COMMIT, REPOSITORY, FORK = "c0ffee" + 34 * "1", "dojot/gitops", 4711
PAGE = f"https://github.com/{REPOSITORY}/actions/runs/30433642"
TOKEN = "ghs_token"
BOT = {"login": "github-actions[bot]", "type": "Bot", "id": 41898282}

#: The part that is read, and what stands beside it: https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run
EVENT = {
    "action": "completed",
    "workflow_run": {
        "id": 30433642,
        "name": "Review",
        "event": "pull_request",
        "status": "completed",
        "conclusion": "failure",
        "head_branch": "more-workers",
        "head_sha": COMMIT,
        "html_url": PAGE,
        # Of a fork's pull request GitHub names none here.
        "pull_requests": [],
        "repository": {"id": 1, "full_name": REPOSITORY, "private": False},
        "head_repository": {"id": FORK, "full_name": "someone/gitops", "fork": True},
    },
    "workflow": {"id": 7, "name": "Review", "path": ".github/workflows/review.yml"},
    "repository": {"id": 1, "full_name": REPOSITORY},
    "sender": {"login": "someone", "type": "User"},
}


@dataclass
class GitHub:
    """What a repository has, the answers that are to come first (number, headers), and the calls there were."""

    comments: list[dict] = field(default_factory=list)
    pull: dict = field(default_factory=lambda: {"number": 5, "head": {"sha": COMMIT, "repo": {"id": FORK}}})
    answers: list[tuple[str, int, dict]] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[dict] = field(default_factory=list)
    headers: list[dict] = field(default_factory=list)
    #: The next call is carried out, and the answer lost.
    lost: bool = False
    address: str = ""

    def add(self, body: str, user: dict | None = BOT) -> dict:
        number = 1_000 + len(self.comments)
        comment = {"id": number, "user": user, "body": body, "html_url": f"https://github.com/c/{number}"}
        self.comments.append(comment)
        return comment

    def texts(self) -> list[str]:
        return [comment["body"] for comment in self.comments]

    def written(self) -> list[tuple[str, str]]:
        return [call for call in self.calls if call[0] != "GET"]


class _Handler(BaseHTTPRequestHandler):
    github: GitHub

    def _do(self) -> None:
        github, address = self.github, urlsplit(self.path)
        github.calls.append((self.command, self.path))
        github.headers.append(dict(self.headers))
        sent = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        due = next((each for each in github.answers if each[0] == self.command), None)
        if due:
            github.answers.remove(due)
            return self._answer(due[1], {"message": "as the test wants it"}, due[2])
        base = f"/repos/{REPOSITORY}"
        if (self.command, address.path) == ("GET", f"{base}/pulls/5"):
            return self._answer(200, github.pull)
        if (self.command, address.path) == ("GET", f"{base}/issues/5/comments"):
            query = parse_qs(address.query)
            size, page = int(query["per_page"][0]), int(query["page"][0])
            link = {}
            if page * size < len(github.comments):
                # Whoever follows this finds nobody.
                link = {"Link": f'<http://127.0.0.1:1/{page + 1}>; rel="next", <http://127.0.0.1:1/9>; rel="last"'}
            return self._answer(200, github.comments[(page - 1) * size : page * size], link)
        if (self.command, address.path) == ("POST", f"{base}/issues/5/comments"):
            github.bodies.append(sent)
            made = github.add(sent["body"])
            if github.lost:
                github.lost = False
                return self._answer(502, {"message": "Server Error"})
            return self._answer(201, made)
        if self.command == "PATCH" and (found := re.fullmatch(f"{base}/issues/comments/([0-9]+)", address.path)):
            github.bodies.append(sent)
            comment = next(each for each in github.comments if each["id"] == int(found[1]))
            comment["body"] = sent["body"]
            return self._answer(200, comment)
        return self._answer(404, {"message": "Not Found"})

    do_GET = do_POST = do_PATCH = _do

    def _answer(self, status: int, content, headers=None) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def github(tmp_path, monkeypatch):
    found = GitHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"github": found}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.address = f"http://127.0.0.1:{server.server_address[1]}"
    (tmp_path / "event.json").write_text(json.dumps(EVENT))
    monkeypatch.setenv("GITHUB_API_URL", found.address)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "review").mkdir()
    (tmp_path / "review" / "number").write_text("5\n")
    (tmp_path / "review" / "review.md").write_text(markdown.text(SHAPES["one"]), "utf-8")
    return tmp_path / "review"


def _run(folder: Path, waits: list[float] | None = None) -> int:
    return review_comment.main([str(folder)], sleep=(waits if waits is not None else []).append)


def test_the_first_run_makes_the_comment(github, folder, capsys):
    github.add("Looks good", {"login": "someone"})
    assert _run(folder) == 0
    assert github.written() == [("POST", f"/repos/{REPOSITORY}/issues/5/comments")]
    assert github.texts()[1] == f"{markdown.text(SHAPES['one'])}\nOf commit {COMMIT}, by [this run]({PAGE}).\n"
    assert capsys.readouterr().err == "review_comment: pull request 5 has its comment: https://github.com/c/1001\n"


def test_the_second_run_edits_it_in_place(github, folder, capsys):
    _run(folder)
    (folder / "review.md").write_text(f"{MARKER}\nanother\n")
    assert _run(folder) == 0
    assert github.written()[1:] == [("PATCH", f"/repos/{REPOSITORY}/issues/comments/1000")]
    assert [text.splitlines()[1] for text in github.texts()] == ["another"]
    assert "the comment on pull request 5 was edited: https://github.com/c/1000" in capsys.readouterr().err


@pytest.mark.parametrize(
    "body, user",
    [
        (f"{MARKER}\nforged", {"login": "someone", "type": "User"}),
        (f"{MARKER}\nof an account that is gone", None),
        (f"A workflow's other comment, which quotes {MARKER}", BOT),
        (None, BOT),
    ],
)
def test_comments_that_are_not_ours_stay(github, folder, body, user):
    github.add(body, user)
    assert _run(folder) == 0
    assert github.texts()[0] == body and len(github.comments) == 2


def test_ours_is_found_behind_a_hundred_others_and_no_further_page_is_read(github, folder):
    for number in range(250):
        github.add(f"comment {number}", {"login": "someone"})
    ours = github.comments[150]
    ours.update(body=f"{MARKER}\nold", user=BOT)
    assert _run(folder) == 0
    assert github.written() == [("PATCH", f"/repos/{REPOSITORY}/issues/comments/{ours['id']}")]
    pages = [path for method, path in github.calls if "comments?" in path]
    assert [path.rpartition("page=")[2] for path in pages] == ["1", "2"] and len(github.comments) == 250


def test_all_pages_are_read_before_one_is_made(github, folder):
    for number in range(200):
        github.add(f"comment {number}", {"login": "someone"})
    assert _run(folder) == 0
    assert sum("comments?" in path for _, path in github.calls) == 2 and len(github.comments) == 201


def test_each_call_has_what_github_asks_for(github, folder):
    _run(folder)
    for headers in github.headers:
        assert headers["Authorization"] == f"Bearer {TOKEN}"
        assert headers["Accept"] == "application/vnd.github+json"
        assert headers["X-Github-Api-Version"] == "2022-11-28" and headers["User-Agent"] == "dojot-gitops"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_what_passes_is_waited_for(github, folder, method, status, capsys):
    github.answers = [(method, status, {}), (method, status, {})]
    waits: list[float] = []
    assert _run(folder, waits) == 0
    assert waits == [2, 4] and len(github.comments) == 1
    assert f"{status} as the test wants it. Again in 2 s" in capsys.readouterr().err


def test_github_says_how_long_to_wait(github, folder):
    github.answers = [("POST", 403, {"Retry-After": "30"}), ("GET", 403, {"X-RateLimit-Remaining": "0"})]
    waits: list[float] = []
    assert _run(folder, waits) == 0
    assert sorted(waits) == [2, 30]


def test_it_is_not_waited_for_an_hour(github, folder, capsys):
    github.answers = [("GET", 429, {"Retry-After": "3600"})]
    waits: list[float] = []
    assert _run(folder, waits) == 1
    assert waits == [] and "429" in capsys.readouterr().err


def test_a_server_that_stays_ill_is_given_up(github, folder, capsys):
    github.answers = [("GET", 503, {})] * 9
    waits: list[float] = []
    assert _run(folder, waits) == 1
    assert waits == [2, 4, 8, 16] and capsys.readouterr().err.count("503") == 5


def test_a_comment_whose_answer_was_lost_is_not_made_twice(github, folder):
    github.lost = True
    assert _run(folder) == 0
    assert [method for method, _ in github.written()] == ["POST", "PATCH"] and len(github.comments) == 1


def test_nobody_there(folder, github, monkeypatch, capsys):
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:1")
    assert _run(folder) == 1
    assert "GET /repos/dojot/gitops/pulls/5: no whole answer from http://127.0.0.1:1: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "status, said",
    [
        (401, "The token is not valid, or no longer"),
        (403, "the job needs `pull-requests: write`"),
        (404, "It is not there, or the token may not see it"),
        (422, "/issues/5/comments: 422 as the test wants it\n"),
        (301, "301"),
    ],
)
def test_what_is_refused_is_not_tried_again(github, folder, status, said, capsys):
    github.answers = [("POST", status, {"Location": f"{github.address}/elsewhere"})]
    waits: list[float] = []
    assert _run(folder, waits) == 1
    said_so = capsys.readouterr().err
    assert said in said_so and TOKEN not in said_so
    assert waits == [] and len(github.written()) == 1
    assert not any("elsewhere" in path for _, path in github.calls)


def test_a_token_is_not_sent_along_to_wherever_an_answer_leads(github, folder):
    github.answers = [("GET", 302, {"Location": f"{github.address}/elsewhere"})]
    assert _run(folder) == 1
    assert not any("elsewhere" in path for _, path in github.calls)


def _shows_no_review(github: GitHub) -> None:
    (body,) = (each["body"] for each in github.bodies)
    assert body.startswith(MARKER) and "There is no review of this commit." in body and PAGE in body
    assert len(body) < MAXIMUM


def test_an_oversized_review_is_never_sent(github, folder, capsys):
    for size in (MAXIMUM - ROOM, 300_000):
        github.bodies.clear()
        (folder / "review.md").write_text(MARKER + "x" * (size - len(MARKER)))
        assert _run(folder) == 1
        _shows_no_review(github)
    said = capsys.readouterr().err
    assert "the review is too long for a comment" in said and "it has more than 262,144 bytes" in said


def test_the_longest_review_still_has_room_for_what_is_added(github, folder):
    text = markdown.text(SHAPES["huge"])
    assert len(text) > 60_000
    (folder / "review.md").write_text(MARKER + "x" * (MAXIMUM - ROOM - 1 - len(MARKER)))
    assert _run(folder) == 0
    assert MAXIMUM - ROOM < len(github.bodies[0]["body"]) < MAXIMUM


def test_characters_beyond_the_first_plane_count_twice(github, folder):
    (folder / "review.md").write_text(MARKER + "\U0001f308" * (MAXIMUM // 2), "utf-8")
    assert _run(folder) == 1
    _shows_no_review(github)


def test_an_older_review_does_not_stay_as_if_it_were_this_ones(github, folder, capsys):
    github.add(f"{MARKER}\nRoutine.")
    (folder / "review.md").unlink()
    assert _run(folder) == 1
    _shows_no_review(github)
    assert "Routine" not in github.texts()[0] and "no review could be made" in capsys.readouterr().err


@pytest.mark.parametrize(
    "make",
    [
        lambda path, secret: path.write_text("# Please merge\n"),
        lambda path, secret: path.write_bytes(b"\xff"),
        lambda path, secret: path.symlink_to(secret),
        lambda path, secret: path.mkdir(),
        lambda path, secret: os.mkfifo(path),
    ],
    ids=["no review", "no text", "a link", "a folder", "a pipe"],
)
def test_what_is_no_review_is_not_sent(github, folder, tmp_path, make):
    (tmp_path / "secret").write_text(f"{MARKER}\n{TOKEN}")
    (folder / "review.md").unlink()
    make(folder / "review.md", tmp_path / "secret")
    assert _run(folder) == 1
    _shows_no_review(github)
    assert TOKEN not in github.texts()[0]


@pytest.mark.parametrize("number", ["", "x", "5\n../6", "9" * 30, "6"])
def test_a_number_that_is_none_or_another_ones(github, folder, number):
    (folder / "number").write_text(number)
    assert _run(folder) == 1
    assert github.written() == []


@pytest.mark.parametrize("repository", [{"id": 1}, None])
def test_a_number_of_a_pull_request_from_elsewhere(github, folder, repository, capsys):
    github.pull["head"]["repo"] = repository
    assert _run(folder) == 1
    assert github.written() == [] and "number 5 is no pull request of the run's repository" in capsys.readouterr().err


def test_newer_commits_have_their_own_run(github, folder, capsys):
    github.pull["head"]["sha"] = "d" * 40
    assert _run(folder) == 0
    assert github.written() == [] and "has newer commits" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_EVENT_PATH"])
def test_what_is_not_set_is_named(github, folder, monkeypatch, name, capsys):
    monkeypatch.setenv(name, "")
    assert _run(folder) == 2
    assert f"review_comment: {name} is not set" in capsys.readouterr().err and github.calls == []


@pytest.mark.parametrize("event", ["", "[]", "{}", '{"workflow_run": {"head_sha": "1"}}', '{"pull_request": {}}'])
def test_an_event_of_another_kind(github, folder, tmp_path, event, capsys):
    (tmp_path / "event.json").write_text(event)
    assert _run(folder) == 2
    assert "event.json: this is no event of a completed run" in capsys.readouterr().err and github.calls == []


def test_no_package_is_needed(github, folder):
    """As the workflow runs it: with a Python that has nothing but itself."""
    process = subprocess.run(
        [sys.executable, "-S", "scripts/review_comment.py", str(folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    assert len(github.comments) == 1
