#!/usr/bin/env python3
"""The main job over the sample documents: what it writes, what it prints, and that it fails well."""

import html.parser
import json
import pathlib
import re
import shlex
import signal
import subprocess
import unittest

from support import ROOT, TROUPE, SystemTest, troupe, write_documents

DOCUMENTS = ROOT / "examples" / "documents"
# Values in the sample documents that rules find with certainty; none may survive.
SECRETS = ["t.lindqvist@example.org", "+44 20 7946 0321", "GB82 WEST 1234 5698 7654 32", "beatrice.keller@example.com",
           "(212) 555-0147", "4111 1111 1111 1111", "ingrid.abbott@example.net", "192.0.2.17", "priya.raman@example.org",
           "lena.schulz@example.com", "DE89 3704 0044 0532 0130 00", "2001:db8::7e2", "198.51.100.24",
           "chiara.conti@example.org", "kasia.nowak@example.com", "zoe.mueller@example.org", "+86 10 5550 1234"]


class Tags(html.parser.HTMLParser):
    """Collects what a page would fetch."""

    def __init__(self):
        super().__init__()
        self.fetched = []

    def handle_starttag(self, tag, attributes):
        self.fetched += [v for k, v in attributes if k == "src" or (k == "href" and tag != "a")]


class MainJobTest(SystemTest):
    def run_job(self, *more, documents=DOCUMENTS):
        self.output = self.folder / "out"
        return troupe(*self.run_arguments(documents, self.output, *more))

    def test_redacts_every_document_and_reports(self):
        done = self.run_job()
        self.assert_exit(done, 0)
        self.assertIn("ENTITY", done.stdout)
        self.assertIn(str(self.output / "report.html"), done.stdout)
        names = sorted(p.relative_to(DOCUMENTS) for p in DOCUMENTS.rglob("*") if p.is_file())
        written = sorted(p.relative_to(self.output / "redacted") for p in (self.output / "redacted").rglob("*") if p.is_file())
        self.assertEqual(names, written)
        everything = "".join((self.output / "redacted" / n).read_text("utf-8") for n in names)
        originals = "".join((DOCUMENTS / n).read_text("utf-8") for n in names)
        for secret in SECRETS:
            self.assertIn(secret, originals)
            self.assertNotIn(secret, everything)

    def test_entities_are_found(self):
        self.assert_exit(self.run_job(), 0)
        report = json.loads((self.output / "report.json").read_text("utf-8"))
        self.assertEqual(len(report["documents"]), 12)
        self.assertIn("timing", report)
        found = set()
        for document in report["documents"]:
            text = (DOCUMENTS / document["name"]).read_text("utf-8")
            found |= {(e["label"], text[e["start_codepoint"]:e["end_codepoint"]]) for e in document["entities"]}
        for entity in [("PER", "Amara Diallo"), ("LOC", "Budapest"), ("ORG", "Bank of Japan"), ("LOC", "Oslo")]:
            self.assertIn(entity, found)

    def test_report_page_needs_nothing_else_and_holds_no_secret(self):
        self.assert_exit(self.run_job(), 0)
        page = (self.output / "report.html").read_text("utf-8")
        tags = Tags()
        tags.feed(page)
        self.assertEqual(tags.fetched, [])
        for secret in SECRETS:
            self.assertNotIn(secret, page)

    def test_same_documents_same_report(self):
        self.assert_exit(self.run_job(), 0)
        first = json.loads((self.output / "report.json").read_text("utf-8"))
        self.assert_exit(self.run_job(), 0)
        second = json.loads((self.output / "report.json").read_text("utf-8"))
        first.pop("timing"), second.pop("timing")
        self.assertEqual(first, second)

    def test_pseudonyms_are_consistent(self):
        documents = self.folder / "documents"
        write_documents(documents, 2)
        (documents / "again.txt").write_text("Please answer person0@example.org, not person1@example.org.\n")
        self.assert_exit(self.run_job("--input", "style=REDACTION_STYLE_PSEUDONYMS", "--input", "pseudonym_key=k",
                                      documents=documents), 0)
        again = (self.output / "redacted" / "again.txt").read_text()
        first = (self.output / "redacted" / "document-0000.txt").read_text()
        names = [word.strip(",.") for word in again.split() if word.startswith("[EMAIL_")]
        self.assertEqual(len(set(names)), 2)
        self.assertIn(names[0], first)
        self.assertNotIn(names[1], first)

    def test_empty_folder_is_an_empty_report(self):
        (self.folder / "empty").mkdir()
        done = self.run_job(documents=self.folder / "empty")
        self.assert_exit(done, 0)
        self.assertIn("No files: ", done.stdout)
        self.assertEqual(json.loads((self.output / "report.json").read_text())["documents"], [])

    def test_missing_folder_fails_and_says_where(self):
        failed = self.run_job("--json", documents=self.folder / "nowhere")
        self.assert_exit(failed, 1)
        self.assertEqual(json.loads(failed.stdout)["status"], "failed")
        self.assertIn("nowhere", failed.stderr)
        self.assertIn("files.not_found", failed.stderr)

    def test_interrupt_ends_cleanly_and_resume_goes_on(self):
        documents = self.folder / "documents"
        write_documents(documents, 60)
        self.store = f"sqlite:{self.folder}/Zoë's runs.db"  # the hint must be a command that a shell takes
        process = subprocess.Popen([str(TROUPE), *map(str, self.run_arguments(documents, self.folder / "out", "--id", "job"))],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with process:
            for line in process.stderr:
                if " completed" in line:
                    break
            process.send_signal(signal.SIGINT)
            rest = process.communicate(timeout=30)[1]
        self.assertEqual(process.returncode, 130, rest)
        hint = shlex.split(re.search(r"go on with: troupe (run .*)", rest)[1])
        self.assertEqual(hint, ["run", "--resume", "job", "--store", self.store])
        resumed = troupe(*hint, "--json")
        self.assert_exit(resumed, 0)
        self.assertEqual(json.loads(resumed.stdout)["status"], "completed")


if __name__ == "__main__":
    unittest.main()
