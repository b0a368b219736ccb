# SPDX-License-Identifier: GPL-2.0-only
"""What pyproject.toml cannot say: a wheel brings templates/ and patches/ inside of a package."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HOUSE = Path(__file__).parent


class WithFiles(build_py):
    """Put the folders beside the packages where generator/system/house.py looks for them."""

    def run(self) -> None:
        """Copy them after the modules; an editable install uses them where they are."""
        super().run()
        if self.editable_mode:
            return
        for folder in ("templates", "patches"):
            there = Path(self.build_lib, "generator", "shipped", folder)
            shutil.rmtree(there, ignore_errors=True)
            shutil.copytree(HOUSE / folder, there)


setup(cmdclass={"build_py": WithFiles})
