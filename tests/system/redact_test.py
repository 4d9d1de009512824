"""`troupe redact` over large inputs: order, parts, threads, bounded memory, options."""

import os
import re
import subprocess
import unittest

from support import TROUPE, SystemTest, json_lines, troupe

SANITIZED = bool(os.environ.get("ASAN_OPTIONS") or os.environ.get("TSAN_OPTIONS"))


def log_line(number: int) -> str:
    """One line in a hundred has a name, one in three an address of a host or a mail."""
    stamp = f"2026-01-{number % 28 + 1:02d}T10:{number % 60:02d}:30.{number % 1000:03d}Z"
    if number % 100 == 7:
        return f"{stamp} WARN  crm  callback requested by Olga Petrov, order={number}"
    if number % 3 == 0:
        return f"{stamp} INFO  auth  login ok user=u{number}@example.org ip=192.0.2.{number % 250 + 1}"
    return f"{stamp} INFO  cache  evicted {number} entries, version 3.{number % 60}.1"


def write_log(path, lines: int) -> None:
    with open(path, "w", encoding="utf8") as out:
        for number in range(lines):
            out.write(log_line(number) + "\n")


class Streams(SystemTest):
    def test_lines_keep_their_order_whatever_the_threads(self):
        path = self.folder / "log.txt"
        write_log(path, 20_000)
        one = troupe("redact", "--threads", "1", path)
        many = troupe("redact", "--threads", "5", path)
        self.assert_exit(one, 0)
        self.assertEqual(one.stdout, many.stdout)
        lines = one.stdout.splitlines()
        self.assertEqual(len(lines), 20_000)
        self.assertNotIn("@example.org", one.stdout)
        self.assertNotRegex(one.stdout, r"Olga|Petrov|192\.0\.2\.")
        for number, line in enumerate(lines):
            if number % 3 and number % 100 != 7:
                self.assertEqual(line, log_line(number))

    def test_several_files_follow_each_other(self):
        for name, text in (("a", "Thanks,\n"), ("b", "Olga\nmail a@example.org"), ("c", "\r\nlast\r\n")):
            (self.folder / name).write_bytes(text.encode())
        files = [self.folder / name for name in "abc"]
        self.assertEqual(troupe("redact", "--labels", "EMAIL", *files, stdin=b"").stdout, b"Thanks,\nOlga\nmail [EMAIL]\n\nlast\n")
        self.assertEqual(troupe("redact", "--labels", "EMAIL", "--by", "file", *files, stdin=b"").stdout,
                         b"Thanks,\nOlga\nmail [EMAIL]\r\nlast\r\n")

    def test_a_line_without_end(self):
        """Longer than what is kept: cut between words, and put together again in the output."""
        words = " ".join(f"word {n} u{n}@example.org," for n in range(90_000))  # 2.7 MB
        done = troupe("redact", "--labels", "EMAIL", stdin=words + "\nnext\n")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, re.sub(r"u\d+@example\.org", "[EMAIL]", words) + "\nnext\n")

    def test_json_of_a_file_counts_over_its_lines(self):
        path = self.folder / "mail.txt"
        path.write_bytes("Zoë, write to\r\nana@example.org\nor 192.0.2.7 ".encode() + b"\xff\n")
        done = troupe("redact", "--by", "file", "--json", "--labels", "EMAIL,IP_ADDRESS", path, stdin=b"")
        self.assert_exit(done, 0)
        (answer,) = json_lines(done.stdout.decode())
        self.assertEqual(answer["text"], "Zoë, write to\r\n[EMAIL]\nor [IP_ADDRESS] \ufffd\n")
        raw = path.read_bytes()
        self.assertEqual([raw[r["start_byte"]:r["end_byte"]] for r in answer["redactions"]],
                         [b"ana@example.org", b"192.0.2.7"])
        for r in answer["redactions"]:
            self.assertEqual(answer["text"][r["redacted_start"]:r["redacted_end"]], r["replacement"])
            self.assertEqual(answer["text"].encode()[r["redacted_start_byte"]:r["redacted_end_byte"]].decode(), r["replacement"])
        self.assertIn(b"mail.txt: 1 malformed", done.stderr)

    @unittest.skipIf(SANITIZED, "whose memory is not the program's")
    def test_memory_does_not_grow_with_the_input(self):
        small, large = (self.peak_kib(lines) for lines in (20_000, 400_000))  # 1.6 MB and 32 MB
        self.assertLess(large - small, 24 << 10, f"{small} KiB for 1.6 MB, {large} KiB for 32 MB")

    def peak_kib(self, lines: int) -> int:
        path = self.folder / f"{lines}.txt"
        write_log(path, lines)
        with open(path, "rb") as source, open(os.devnull, "wb") as nowhere:
            process = subprocess.Popen([str(TROUPE), "redact", "--threads", "2"], stdin=source, stdout=nowhere)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        return usage.ru_maxrss


class Options(SystemTest):
    TEXT = "My name is Oscar Eriksson.\n"

    def test_thresholds(self):
        self.assertEqual(troupe("redact", stdin=self.TEXT).stdout, "My name is [GIVEN_NAME] [SURNAME].\n")
        self.assertEqual(troupe("redact", "--min-score", "1", stdin=self.TEXT).stdout, self.TEXT)
        self.assertIn("[SURNAME]", troupe("redact", "--min-score", "1", "--threshold", "SURNAME=0.1", stdin=self.TEXT).stdout)

    def test_wrong_options(self):
        for arguments, word in ((["--threshold", "SURNAME"], "LABEL=SCORE"), (["--threshold", "SURNAME=2"], "LABEL=SCORE"),
                                (["--threshold", "SURNAM=0.5"], "SURNAME"), (["--threads", "0"], "--threads")):
            with self.subTest(arguments=arguments):
                refused = troupe("redact", *arguments, stdin=self.TEXT)
                self.assert_exit(refused, 2)
                self.assertIn(word, refused.stderr)
                self.assertEqual(refused.stdout, "")

    def test_names_by_their_place_and_source(self):
        done = troupe("redact", "--json", stdin="Dear Mr. Quxley,\n\nThanks,\n\nZbignew\n")
        self.assert_exit(done, 0)
        found = [[r["replacement"] for r in answer["redactions"]] for answer in json_lines(done.stdout)]
        self.assertTrue(found[0] and found[4], found)
        for answer in json_lines(done.stdout):
            for r in answer["redactions"]:
                self.assertIn(r["source"], ("rule", "model", "context"))

    def test_thorough_reads_what_the_gate_leaves_out(self):
        text = "i met kunjana there\n"  # no capitals, and no frequent name
        fast, thorough = (troupe("redact", *arguments, stdin=text) for arguments in ([], ["--thorough"]))
        self.assert_exit(thorough, 0)
        self.assertEqual(fast.stdout, text)
        self.assertNotEqual(thorough.stdout, text)


if __name__ == "__main__":
    unittest.main()
