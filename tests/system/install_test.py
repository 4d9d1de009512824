#!/usr/bin/env python3
"""The installed tree works on its own: the command finds its library and models, and the licences are there."""

import os
import pathlib
import subprocess
import unittest

from support import ROOT, SystemTest, json_lines

BUILD = pathlib.Path(os.environ.get("TROUPE_BUILD", ROOT / "build" / "release"))


class InstallTest(SystemTest):
    def test_installed_command_runs_from_its_prefix(self):
        prefix = self.folder / "prefix"
        installed = subprocess.run(["cmake", "--install", str(BUILD), "--prefix", str(prefix)], capture_output=True, text=True)
        self.assert_exit(installed, 0)
        command = prefix / "bin" / "troupe"
        environment = {k: v for k, v in os.environ.items() if k not in ("LD_LIBRARY_PATH", "TROUPE_MODELS")}
        found = subprocess.run([str(command), "ner"], input="Jonas Weber lives in Oslo.", capture_output=True, text=True,
                               env=environment, cwd=self.folder, timeout=60)
        self.assert_exit(found, 0)
        self.assertEqual({e["label"] for e in json_lines(found.stdout)[0]["entities"]}, {"PER", "LOC"})
        linked = subprocess.run(["ldd", str(command)], capture_output=True, text=True, env=environment)
        self.assertIn(str(prefix), linked.stdout)
        models = prefix / "share" / "troupe" / "models"
        for licence in (models / "pii-rampart" / "LICENSE", models / "pii-rampart" / "NOTICE", models / "ner-default" / "LICENSE"):
            self.assertTrue(licence.is_file(), licence)


if __name__ == "__main__":
    unittest.main()
