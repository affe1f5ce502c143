"""Everything that `cargo xtask interop` runs: foreign clients and relays
against the gateway's binary, over scripted upstreams."""

import helpers
import litellm_relay
import paths
import probe
import recorded
from checks import main

main([recorded.suite, paths.suite, helpers.suite, probe.suite, litellm_relay.suite], arguments=("--node", "--litellm"))
