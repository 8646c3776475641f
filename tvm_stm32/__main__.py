# SPDX-License-Identifier: Apache-2.0
"""``python -m tvm_stm32``."""

import sys

from tvm_stm32.cli import main

sys.exit(main())
