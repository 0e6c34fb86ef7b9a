"""Python runs this when it starts, if this folder is on PYTHONPATH."""

import iomux_select

iomux_select.install()
