# SPDX-License-Identifier: Apache-2.0
"""A compiled model in TVM's Model Library Format: one archive with C, headers, parameters and the source."""
