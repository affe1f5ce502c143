"""Everything that `cargo xtask interop --servers` runs: real servers behind the
gateway's binary, real programs in front of it."""

import llama
from checks import main

main([llama.suite], arguments=("--llama-server", "--model", "--agents", "--node"))
