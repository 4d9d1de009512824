"""`troupe ca`: what it issues is held to by another TLS implementation's rules, in real mutual handshakes."""

import concurrent.futures
import pathlib
import random
import re
import shlex
import ssl
import stat
import subprocess
import unittest

from support import ROOT, TROUPE, SystemTest, json_lines, troupe


def context(server: bool, bundle: pathlib.Path, node: str, ca: pathlib.Path) -> ssl.SSLContext:
    """TLS as a node of the cluster has it: its own certificate, the authority's, and the list of revocations as it is now."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_cert_chain(bundle / f"{node}.pem", bundle / f"{node}.key")
    made.load_verify_locations(capath=None, cafile=ca / "ca.pem")
    for revocations in (ca / "crl").iterdir():
        made.load_verify_locations(revocations)
    made.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_X509_STRICT
    return made


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> tuple:
    """Shakes hands in memory. @returns what each saw of the other's certificate; raises ssl.SSLError."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(to_client, to_server, server_hostname=host),
            server.wrap_bio(to_server, to_client, server_side=True)]
    done = set()
    for _ in range(20):
        for end in ends:
            try:
                end.do_handshake()
                done.add(id(end))
            except ssl.SSLWantReadError:
                pass
        if len(done) == 2:
            return tuple(end.getpeercert() for end in ends)
    raise AssertionError("the handshake does not end")


def uris(certificate: dict) -> list:
    return [value for kind, value in certificate["subjectAltName"] if kind == "URI"]


class CaTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.ca, self.certs = self.folder / "ca", self.folder / "certs"

    def ca_command(self, *arguments, ok=0, ca=None):
        done = troupe("ca", *arguments, "--ca", ca or self.ca)
        self.assert_exit(done, ok)
        return done

    def issue(self, node, *arguments, role="worker", out=None, **options):
        return self.ca_command("issue", node, "--role", role, "--host", "localhost", "--host", "127.0.0.1",
                               "--out", out or self.certs, *arguments, **options)

    def assert_refused(self, server, client):
        with self.assertRaises(ssl.SSLError):
            handshake(server, client, "localhost")

    def test_nodes_know_each_other_by_their_certificates(self):
        self.ca_command("init", "--cluster", "lab")
        self.issue("boss", role="coordinator")
        self.issue("one", "--role", "gateway")
        server = context(True, self.certs, "boss", self.ca)
        client = context(False, self.certs, "one", self.ca)
        seen_by_client, seen_by_server = handshake(server, client, "localhost")
        self.assertEqual(uris(seen_by_client), ["troupe://lab/boss", "troupe:role:coordinator"])
        self.assertEqual(uris(seen_by_server), ["troupe://lab/one", "troupe:role:worker", "troupe:role:gateway"])
        handshake(server, client, "127.0.0.1")
        with self.assertRaises(ssl.SSLCertVerificationError):  # a host that the certificate does not name
            handshake(server, client, "elsewhere")
        for key in [self.ca / "ca.key", self.certs / "boss.key", self.certs / "one.key"]:
            self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)
        # A node's certificate signs nobody.
        with self.assertRaises(ssl.SSLError):
            handshake(server, context(False, self.certs, "one", self.stranger_signed_by_node()), "localhost")

    def stranger_signed_by_node(self) -> pathlib.Path:
        """A folder in which a node plays the authority."""
        fake = self.folder / "fake"
        (fake / "crl").mkdir(parents=True)
        (fake / "ca.pem").write_bytes((self.certs / "one.pem").read_bytes())
        for file in (self.ca / "crl").iterdir():
            (fake / "crl" / file.name).write_bytes(file.read_bytes())
        return fake

    def test_another_authority_is_refused(self):
        self.ca_command("init", "--cluster", "lab")
        self.issue("boss")
        other = self.folder / "other"
        self.ca_command("init", "--cluster", "lab", ca=other)
        self.issue("boss", out=self.folder / "other-certs", ca=other)
        server = context(True, self.certs, "boss", self.ca)
        # Of the same names, and it even trusts the server.
        stranger = context(False, self.folder / "other-certs", "boss", self.ca)
        self.assert_refused(server, stranger)
        plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        plain.load_verify_locations(self.ca / "ca.pem")
        self.assert_refused(server, plain)

    def test_what_is_revoked_is_refused_and_a_rotation_goes_on(self):
        self.ca_command("init", "--cluster", "lab")
        self.issue("boss")
        self.issue("one")
        old = context(False, self.certs, "one", self.ca)
        handshake(context(True, self.certs, "boss", self.ca), old, "localhost")
        self.issue("one", "--replace")
        new = context(False, self.certs, "one", self.ca)
        handshake(context(True, self.certs, "boss", self.ca), new, "localhost")
        handshake(context(True, self.certs, "boss", self.ca), old, "localhost")
        first, second = (row["serial"] for row in self.listed() if row["node"] == "one")
        self.ca_command("revoke", first, "--reason", "superseded")
        self.assert_refused(context(True, self.certs, "boss", self.ca), old)
        handshake(context(True, self.certs, "boss", self.ca), new, "localhost")
        said = self.ca_command("revoke", "one", "--reason", "key-compromise").stdout
        self.assertIn(second, said)
        self.assert_refused(context(True, self.certs, "boss", self.ca), new)
        states = {row["serial"]: (row["state"], row.get("reason")) for row in self.listed()}
        self.assertEqual(states[first], ("revoked", "superseded"))
        self.assertEqual(states[second], ("revoked", "key-compromise"))

    def listed(self) -> list:
        return json_lines(self.ca_command("list", "--json").stdout)

    def test_mistakes_are_told(self):
        self.assertIn("troupe ca init", self.ca_command("list", ok=1).stderr)
        self.ca_command("init", "--cluster", "Lab", ok=2)
        self.ca_command("init", "--cluster", "lab")
        self.assertIn("exists", self.ca_command("init", "--cluster", "lab", ok=1).stderr)
        self.issue("one")
        self.assertIn("--replace", self.issue("one", ok=1).stderr)
        self.issue("two", role="root", ok=2)
        self.issue("../two", ok=2)
        self.ca_command("issue", "two", "--role", "worker", "--host", "a,URI:b", "--out", self.certs, ok=2)
        self.ca_command("issue", "two", "--role", "worker", "--days", "0", "--out", self.certs, ok=2)
        self.ca_command("revoke", "nobody", ok=1)
        self.assertIn("key-compromise", self.ca_command("revoke", "one", "--reason", "boredom", ok=2).stderr)
        other = self.folder / "other"
        self.ca_command("init", "--cluster", "other", ca=other)
        root = (self.certs / "ca.pem").read_bytes()
        self.assertIn("another authority", self.issue("three", ca=other, ok=1).stderr)
        self.assertEqual((self.certs / "ca.pem").read_bytes(), root)
        self.assertEqual([row["node"] for row in self.listed()], ["one"])
        self.assertIn("valid", self.ca_command("list").stdout)
        (self.ca / "certificates.json").write_text("{")
        self.assertIn("certificates.json", self.ca_command("list", ok=1).stderr)

    def test_the_commands_of_the_page_work(self):
        page = (ROOT / "docs" / "certificates.md").read_text(encoding="utf-8")
        blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
        commands = [line for block in blocks for line in block.splitlines() if line.strip()]
        self.assertGreaterEqual(len(commands), 6)
        for command in commands:
            words = shlex.split(command)
            self.assertEqual(words[0], "troupe")
            self.assert_exit(troupe(*words[1:], cwd=self.folder), 0)

    def test_many_at_once_lose_nothing(self):
        self.ca_command("init", "--cluster", "lab")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda i: self.issue(f"n{i}"), range(24)))
        rows = self.listed()
        self.assertEqual(sorted(row["node"] for row in rows), sorted(f"n{i}" for i in range(24)))
        self.assertEqual(len({row["serial"] for row in rows}), 24)

    def test_whatever_was_handed_out_can_be_revoked_after_a_kill(self):
        self.ca_command("init", "--cluster", "lab")
        draw = random.Random(7)
        for i in range(30):
            process = subprocess.Popen([TROUPE, "ca", "issue", f"n{i}", "--role", "worker", "--ca", self.ca, "--out", self.certs],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(draw.uniform(0, 0.06))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        known = {row["node"] for row in self.listed()}
        self.assertLessEqual({file.stem for file in self.certs.glob("n*.pem")}, known)
        self.issue("last")
        self.ca_command("revoke", "last")
        self.assertFalse([row for row in self.listed() if row["node"] == "last" and row["state"] != "revoked"])


if __name__ == "__main__":
    unittest.main()
