"""llmprobe, somebody else's conformance suite, against every endpoint, in front
of each wire; the model behind is `obedient.py`'s. What it passes is committed
in `llmprobe.json`: a loss is red, and so is a gain that nobody wrote down.
`INTEROP_UPDATE=always` writes it anew; say there why a test is not passed."""

import contextlib
import json
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace

import programs
from checks import Suite, equal
from gateway import Gateway, config, provider
from obedient import obedient
from sdk import node_of
from wires import WIRES

suite = Suite("llmprobe, every endpoint over every wire", limit=400)
FILE = Path(__file__).parent / "llmprobe.json"
EXPECTED = json.loads(FILE.read_text())
SURFACES = ("models", "chat", "responses", "messages", "count-tokens")


@suite.stage
@contextlib.contextmanager
def stage(options):
    """One gateway; llmprobe has run over each wire, and its results are read."""
    with contextlib.ExitStack() as stack:
        upstreams = {wire: stack.enter_context(upstream) for wire, upstream in obedient().items()}
        providers = {wire: provider(upstream.url + "/v1", wire, "obedient", input=["text", "image"])
                     for wire, upstream in upstreams.items()}
        gateway = stack.enter_context(Gateway(options.gateway, config(providers, "openai-responses/obedient")))
        reports = {wire: probe(options.node, gateway.url, f"{wire}/obedient") for wire in WIRES}
        results = {wire: {surface: outcome(report, surface) for surface in SURFACES} for wire, report in reports.items()}
        if os.environ.get("INTEROP_UPDATE") == "always":
            write(results)
        yield SimpleNamespace(results=results)


def probe(node, url, model):
    """llmprobe's report of conformance at its default depth."""
    program = f"{node}/node_modules/llmprobe/bin/dist/llmprobe.mjs"
    with tempfile.TemporaryDirectory(prefix="llmprobe-") as home:
        report = f"{home}/report.json"
        ran = programs.run(
            [node_of(node), program, f"{url}/v1", "-k", "not-needed", "-m", model,
             "--no-save", "--no-bench", "--no-color", "--save", report], 120,
            env={"PATH": os.environ["PATH"], "HOME": home})
        # Its exit code says what its report says; without a report it broke.
        assert Path(report).exists(), ran.stdout[-2000:] + ran.stderr[-2000:]
        return json.loads(Path(report).read_text())["conformance"]


def outcome(report, surface):
    """What of it is committed: the score, and each test that did not pass."""
    score, = (each for each in report["bySurface"] if each["surface"] == surface)
    others = {each["id"]: each for each in report["results"]
              if each["surface"] == surface and each["outcome"] not in ("pass", "skipped")}
    return {"must": f"{score['passed']}/{score['total']}", "not passed": others}


def write(results):
    """The new outcomes, with the reasons that the old file gave for the same tests."""
    old = [rows["not passed"] for surfaces in EXPECTED.values() for rows in surfaces.values()]
    why = {name: row["why"] for rows in old for name, row in rows.items()}
    FILE.write_text(json.dumps({wire: {surface: {"must": rows["must"], "not passed": {
        name: {"outcome": row["outcome"], "why": why.get(name, "")} for name, row in rows["not passed"].items()}}
        for surface, rows in surfaces.items()} for wire, surfaces in results.items()}, indent=2) + "\n")


def holds(wire, surface):
    expected = EXPECTED[wire][surface]

    @suite.check(f"llmprobe {surface} over {wire}: {expected['must']}", cell=(f"llmprobe, {surface}", wire))
    def _(stage):
        got = stage.results[wire][surface]
        told = [failure["message"] for each in got["not passed"].values() for failure in each["failures"]]
        equal({name: each["outcome"] for name, each in got["not passed"].items()},
              {name: row["outcome"] for name, row in expected["not passed"].items()}, f"not passed; failures: {told}")
        equal(got["must"], expected["must"], "MUST assertions")


for _wire in WIRES:
    for _surface in SURFACES:
        holds(_wire, _surface)
