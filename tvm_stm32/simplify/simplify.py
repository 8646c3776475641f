# SPDX-License-Identifier: Apache-2.0
"""All rewrites that keep every output bit, in the order in which they open the way for one another."""

from __future__ import annotations

from tvm_stm32.model.network import Network
from tvm_stm32.simplify.dead import drop_dead_operators
from tvm_stm32.simplify.fold_pad import fold_pads
from tvm_stm32.simplify.fuse_clamp import fuse_clamps
from tvm_stm32.simplify.identity import drop_identities
from tvm_stm32.simplify.idle_clamps import drop_idle_clamps
from tvm_stm32.simplify.prune import prune_channels
from tvm_stm32.simplify.trim_kernels import trim_kernels


def simplify(network: Network, keep_channels: bool = False) -> None:
    """Rewrite `network` into one that computes the same outputs with fewer operators and, by default, channels."""
    drop_identities(network)
    drop_dead_operators(network)
    fold_pads(network)
    trim_kernels(network)
    fuse_clamps(network)
    drop_idle_clamps(network)
    if not keep_channels:
        prune_channels(network)
