"""Python runs this file when it starts, if its folder is in PYTHONPATH."""

import iomux_select

iomux_select.install()
