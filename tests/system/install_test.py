#!/usr/bin/env python3
"""The installed tree works on its own, wherever it is moved to: the command finds its library and models, a stranger's
project finds the package, the public headers bring no vendor's, and the licences are there."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from support import ROOT, SystemTest, json_lines

BUILD = pathlib.Path(os.environ.get("TROUPE_BUILD", ROOT / "build" / "release"))
PROJECT = ROOT / "tests" / "system" / "install_project"
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("LD_LIBRARY_PATH", "TROUPE_MODELS", "CXXFLAGS")}
# What a host must not be made to parse; CAF comes with the headers of troupe::caf alone.
VENDORS = re.compile(r"/(caf|oneapi|hwy|nlohmann|yaml-cpp|spdlog|fmt|re2|openssl|CLI)/|/(dnnl[a-z_]*\.h|sqlite3\.h|omp\.h)")
CAF_HEADERS = {"caf_agent.hpp", "caf_compat.hpp", "native_request.hpp"}


def run(*command, **options) -> subprocess.CompletedProcess:
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, env=ENVIRONMENT, timeout=170, **options)


class InstalledTree(SystemTest):
    """Installed once for all tests, and moved, so that no path of the first place can be of help."""

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory(prefix="troupe-install-")
        cls.addClassCleanup(holder.cleanup)
        first = pathlib.Path(holder.name) / "first place"
        installed = run("cmake", "--install", BUILD, "--prefix", first)
        if installed.returncode != 0:
            raise RuntimeError(installed.stdout + installed.stderr)
        cls.prefix = first.rename(first.with_name("second place"))
        cls.headers = cls.prefix / "include" / "troupe"


class InstallTest(InstalledTree):
    def test_installed_command_runs_from_its_prefix(self):
        command = self.prefix / "bin" / "troupe"
        found = run(command, "ner", input="Jonas Weber lives in Oslo.", cwd=self.folder)
        self.assert_exit(found, 0)
        self.assertEqual({e["label"] for e in json_lines(found.stdout)[0]["entities"]}, {"PER", "LOC"})
        self.assertIn(str(self.prefix), run("ldd", command).stdout)

    def test_licences_come_along(self):
        models = self.prefix / "share" / "troupe" / "models"
        licences = [models / "pii-rampart" / "LICENSE", models / "pii-rampart" / "NOTICE", models / "ner-default" / "LICENSE",
                    self.prefix / "share" / "doc" / "troupe" / "LICENSE"]
        private = self.prefix / "lib" / "troupe"
        if (private / "libdnnl.so.3").exists():
            licences.append(self.prefix / "share" / "doc" / "troupe" / "onednn" / "LICENSE")
        if (private / "caf").exists():
            licences.append(private / "caf" / "LICENSE")
        for licence in licences:
            self.assertTrue(licence.is_file(), licence)

    def test_no_file_names_the_place_it_was_built_or_installed_in(self):
        for file in (self.prefix / "lib" / "cmake" / "troupe").iterdir():
            text = file.read_text(encoding="utf-8")
            for place in (str(BUILD), str(ROOT), "first place"):
                self.assertNotIn(place, text, file)


class StrangersProjectTest(InstalledTree):
    def build(self, *options) -> pathlib.Path:
        build = self.folder / "build"
        launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        configured = run("cmake", "-S", PROJECT, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}", *launcher,
                         *options)
        self.assert_exit(configured, 0)
        self.assert_exit(run("cmake", "--build", build), 0)
        return build

    def test_finds_builds_and_runs(self):
        build = self.build()
        stranger = run(build / "stranger", self.folder / "runs.db")
        self.assert_exit(stranger, 0)
        self.assertEqual(stranger.stdout, "PER jonas weber\nLOC oslo\n")
        model = self.prefix / "share" / "troupe" / "models" / "ner-default"
        tokens = run(build / "tokens", model, "Oslo!")
        self.assert_exit(tokens, 0)
        self.assertEqual(tokens.stdout.split(), ["[CLS]", "oslo", "!", "[SEP]"])
        native = run(build / "native")
        self.assert_exit(native, 0)
        self.assertEqual(native.stdout, "hello from CAF\n")

    def configure(self, lines: str) -> subprocess.CompletedProcess:
        """Configures a project of these lines, which is to fail."""
        project = self.folder / "project"
        project.mkdir()
        (project / "CMakeLists.txt").write_text(f"cmake_minimum_required(VERSION 3.25)\nproject(p LANGUAGES CXX)\n{lines}\n")
        configured = run("cmake", "-S", project, "-B", self.folder / "build", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        self.assertNotEqual(configured.returncode, 0)
        return configured

    def test_another_minor_version_is_refused(self):
        self.assertIn("0.999", self.configure("find_package(troupe 0.999 REQUIRED)").stderr)

    def test_another_caf_is_refused(self):
        configured = self.configure("add_library(CAF::core INTERFACE IMPORTED)\nset(CAF_VERSION 0.17.6)\n"
                                    "find_package(troupe REQUIRED)")
        self.assertIn("CAF 0.17.6", " ".join(configured.stderr.split()))


class PublicHeadersTest(InstalledTree):
    def all_headers(self) -> list[pathlib.Path]:
        found = sorted(p.relative_to(self.headers) for p in self.headers.rglob("*.hpp"))
        self.assertGreater(len(found), 20)
        return found

    def test_they_include_only_what_is_installed(self):
        for header in self.all_headers():
            self.assertNotIn("internal", header.parts)
            for name in re.findall(r'#include "([^"]+)"', (self.headers / header).read_text(encoding="utf-8")):
                self.assertTrue((self.headers / name).is_file(), f"{header} includes {name}, which is not installed")

    def test_they_bring_no_vendor_along(self):
        source = self.folder / "all.cpp"
        source.write_text("".join(f'#include "{h}"\n' for h in self.all_headers() if h.name not in CAF_HEADERS))
        parsed = run(os.environ.get("CXX", "c++"), "-std=c++20", "-fsyntax-only", "-H", "-I", self.headers, source)
        self.assert_exit(parsed, 0)
        # Each line is dots for the depth, and a path; the chain above a breach says who brought it.
        chain: list[str] = []
        for line in parsed.stderr.splitlines():
            if match := re.match(r"(\.+) (.*)", line):
                depth, path = len(match[1]), match[2]
                chain[depth - 1:] = [path]
                self.assertIsNone(VENDORS.search(path), " <- ".join(reversed(chain)))


if __name__ == "__main__":
    unittest.main()
