"""Everything that `cargo xtask interop --servers` runs: a real server behind the
gateway's binary, real programs in front of it."""

import agents
import llama
import llama_paths
from checks import main

main([llama.suite, llama_paths.suite, agents.suite], arguments=("--llama-server", "--model", "--agents", "--node"))
