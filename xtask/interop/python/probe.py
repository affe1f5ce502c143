"""llmprobe, somebody else's conformance suite, against every endpoint, in front
of each wire; the model behind is `obedient.py`'s. What it passes is committed
in `llmprobe.json`: a loss is red, and so is a gain that nobody wrote down."""

import contextlib
import json
import os
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace

from checks import Suite, equal
from gateway import Gateway, config, provider
from obedient import obedient
from sdk import node_of
from wires import WIRES

suite = Suite("llmprobe, every endpoint over every wire")
EXPECTED = json.loads((Path(__file__).parent / "llmprobe.json").read_text())
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
        yield SimpleNamespace(results={wire: probe(options.node, gateway.url, f"{wire}/obedient") for wire in WIRES})


def probe(node, url, model):
    """llmprobe's report of conformance at its default depth."""
    program = f"{node}/node_modules/llmprobe/bin/dist/llmprobe.mjs"
    with tempfile.TemporaryDirectory(prefix="llmprobe-") as home:
        report = f"{home}/report.json"
        ran = subprocess.run(
            [node_of(node), program, f"{url}/v1", "-k", "not-needed", "-m", model,
             "--no-save", "--no-bench", "--no-color", "--save", report],
            env={"PATH": os.environ["PATH"], "HOME": home}, capture_output=True, text=True, timeout=120)
        # Its exit code says what its report says; without a report it broke.
        assert Path(report).exists(), ran.stdout[-2000:] + ran.stderr[-2000:]
        return json.loads(Path(report).read_text())["conformance"]


def holds(wire, surface):
    expected = EXPECTED[wire][surface]

    @suite.check(f"llmprobe {surface} over {wire}: {expected['must']}")
    def _(stage):
        report = stage.results[wire]
        score, = (each for each in report["bySurface"] if each["surface"] == surface)
        results = [each for each in report["results"] if each["surface"] == surface]
        others = {each["id"]: each["outcome"] for each in results if each["outcome"] not in ("pass", "skipped")}
        told = {each["id"]: [failure["message"] for failure in each["failures"]] for each in results if each["outcome"] == "fail"}
        equal(others, {name: row["outcome"] for name, row in expected["not passed"].items()}, f"not passed; failures: {told}")
        equal(f"{score['passed']}/{score['total']}", expected["must"], "MUST assertions")


for _wire in WIRES:
    for _surface in SURFACES:
        holds(_wire, _surface)
