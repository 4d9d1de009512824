#!/usr/bin/env python3
"""`troupe run` with definitions that are wrong: what it says, with which exit code, and how soon."""

import unittest

from support import SystemTest, troupe

LIST = "  list: { agent: files.list, input: { folder: x } }\n"
READ = "  read: { agent: files.read, input: { path: x } }\n"


def steps(*lines: str) -> str:
    return "name: w\nversion: '1'\nsteps:\n" + "".join(lines)


# What is wrong, the line it is in, and what the message must say: the place and the remedy.
MISTAKES = {
    "unknown agent": (steps("  read: { agent: files.raed, input: { path: x } }\n"), 4, "files.raed.*files.read"),
    "cycle": (steps("  a: { agent: files.list, needs: [b], input: { folder: x } }\n",
                    "  b: { agent: files.list, needs: [a], input: { folder: x } }\n"), 4, "cycle|circle"),
    "step twice": (steps(LIST, LIST), 5, "list.*(twice|already|duplicate)|(twice|already|duplicate).*list"),
    "unknown field": (steps("  read: { agent: files.read, input: { pth: x } }\n"), 4, "pth.*path"),
    "wrong type in a reference": (
        steps(LIST, "  read: { agent: files.read, input: { path: '${steps.list.files}' } }\n"), 5, "path"),
    "reference to no step": (steps("  read: { agent: files.read, input: { path: '${steps.lits.files}' } }\n"), 4, "lits"),
    "no YAML": ("name: [\n", 2, "not valid YAML"),
    "a list": ("- a\n- b\n", 1, "a definition is a mapping"),
    "tab": ("name: w\nsteps:\n\tread: {}\n", 3, "not valid YAML"),
    "empty": ("", 1, "the file is empty"),
    "binary": ("\x00\x01\x02ELF\x00", 1, "NUL byte"),
    "deep": ("[" * 1_000_000, 1, "nested deeper than"),
}


class DefinitionFaults(SystemTest):
    def refused(self, content: bytes) -> str:
        """Exit code 2, soon, nothing on standard output, no store left behind with a run in it."""
        path = self.folder / "bad.yaml"
        path.write_bytes(content)
        done = troupe("run", path, "--store", self.store, timeout=60)
        self.assert_exit(done, 2)
        self.assertEqual(done.stdout, "")
        self.assertLess(len(done.stderr), 20_000)
        return done.stderr

    def test_each_mistake_is_named_with_its_place(self):
        for name, (yaml, line, words) in MISTAKES.items():
            with self.subTest(name):
                said = self.refused(yaml.encode())
                self.assertRegex(said, rf"bad\.yaml:{line}:\d+: ")
                self.assertRegex(said, words)

    def test_all_mistakes_at_once(self):
        said = self.refused(steps("  read: { agent: files.raed, input: {} }\n",
                                  "  write: { agent: files.write, input: { txt: a } }\n").encode())
        self.assertRegex(said, r"bad\.yaml:4:\d+")
        self.assertRegex(said, r"bad\.yaml:5:\d+")

    def test_an_alias_bomb(self):
        bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        bomb += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
        self.assertRegex(self.refused((bomb + steps(READ)).encode()), r"bad\.yaml:1:\d+: .*anchors are not allowed.*remove")

    def test_ten_megabytes(self):
        step = "  s{}: {{ agent: files.read, input: {{ path: x }} }}\n"
        many = steps(*(step.format(i) for i in range(200_000)))
        self.assertRegex(self.refused(many.encode()), r"bad\.yaml:1:1: .*10488918 bytes.*split it")

    def test_files_that_cannot_be_read(self):
        for path, words in ((self.folder / "missing.yaml", "missing.yaml: No such file"), (self.folder, "is a folder")):
            with self.subTest(words):
                done = troupe("run", path, "--store", self.store)
                self.assert_exit(done, 2)
                self.assertRegex(done.stderr, words)


if __name__ == "__main__":
    unittest.main()
