# SPDX-License-Identifier: Apache-2.0
"""All rewrites that keep every output bit, in the order in which they open the way for one another."""

from __future__ import annotations

from tvm_stm32.model.network import Network
from tvm_stm32.simplify.dead import drop_dead_operators
from tvm_stm32.simplify.fold_pad import fold_pads
from tvm_stm32.simplify.fuse_clamp import fuse_clamps
from tvm_stm32.simplify.identity import drop_identities


def simplify(network: Network) -> None:
    """Rewrite `network` into one that computes the same outputs with fewer operators."""
    drop_identities(network)
    drop_dead_operators(network)
    fold_pads(network)
    fuse_clamps(network)
