"""Builds the wheel, which carries the program dosna for one platform.

The program is built with Go from the sources that this directory lies in, or taken from
DOSNA_BUILD_BINARY. DOSNA_WHEEL_PLATFORM is the platform of the wheel, such as
manylinux_2_17_x86_64, if it is not to be that of this machine.
"""

import os
import shutil
import subprocess
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

SOURCES = Path(__file__).resolve().parent.parent


def build_program(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    given = os.environ.get("DOSNA_BUILD_BINARY")
    if given:
        shutil.copy2(given, target)
        return
    if not (SOURCES / "go.mod").exists():
        raise SystemExit("dosna: the Go sources are not beside this directory; build the wheel in a checkout, or name the program in DOSNA_BUILD_BINARY")
    if shutil.which("go") is None:
        raise SystemExit("dosna: building it needs Go; install a wheel, or name the program in DOSNA_BUILD_BINARY")
    command = ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", str(target), "./cmd/dosna"]
    subprocess.run(command, cwd=SOURCES, env={**os.environ, "CGO_ENABLED": "0"}, check=True)


class BuildPy(build_py):
    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            build_program(Path(self.build_lib) / "dosna" / "_bin" / "dosna")
        else:
            build_program(Path(__file__).resolve().parent / "dosna" / "_bin" / "dosna")


class BdistWheel(bdist_wheel):
    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple:
        _, _, platform = super().get_tag()
        return "py3", "none", os.environ.get("DOSNA_WHEEL_PLATFORM", platform)


class WithProgram(Distribution):
    def has_ext_modules(self) -> bool:
        return True


setup(cmdclass={"build_py": BuildPy, "bdist_wheel": BdistWheel}, distclass=WithProgram)
