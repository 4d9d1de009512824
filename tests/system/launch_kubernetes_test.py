#!/usr/bin/env python3
"""Manifests of a cluster: held to Kubernetes' own schemas, strictly, and to what they say of each other."""

import copy
import json
import os
import stat
import subprocess
import sys
import unittest

from launch_support import STAND_IN, LaunchTest
from support import ROOT, json_lines, troupe

sys.path.insert(0, str(ROOT / ".deps" / "kubernetes"))
try:
    import kubernetes_validate
    import yaml
except ImportError:
    kubernetes_validate = None

GROUPS = """  boss: {roles: [coordinator], resources: {cpu: 1.5, memory: 2GiB}, certificate_hosts: [boss.example.org]}
  worker: {roles: [worker], count: 2, resources: {cpu: 2, memory: 4GiB, gpu: 1, license: 3}, labels: {zone: a},
           models: {default: /models/ner}, node_selector: {disk: ssd}}"""


@unittest.skipUnless(kubernetes_validate, "needs the PyPI package kubernetes-validate: tools/setup --servers")
class KubernetesTest(LaunchTest):
    PROVIDER = "{kind: kubernetes, image: 'registry.lab/troupe:1.0', namespace: agents, storage_class: fast, storage: 20Gi}"

    def setUp(self):
        super().setUp()
        self.out = self.folder / "manifests"

    def manifests(self) -> dict:
        said = self.command("up", "--write", self.out).stdout.split()
        self.assertEqual(sorted(said), sorted(str(file) for file in self.out.iterdir()))
        found = {}
        for file in self.out.iterdir():
            for each in yaml.safe_load_all(file.read_text()):
                found[each["kind"], each["metadata"]["name"]] = each
        return found

    def assert_valid(self, document: dict) -> None:
        for version in ("1.25", "1.34"):  # old enough and new enough for most
            kubernetes_validate.validate(document, version, strict=True)

    def test_what_is_written_is_valid(self):
        self.write(GROUPS)
        found = self.manifests()
        self.assertEqual(sorted(kind for kind, _ in found),
                         ["ConfigMap"] * 2 + ["NetworkPolicy"] + ["PodDisruptionBudget"] * 2 + ["Secret"] * 2 + ["Service"]
                         + ["StatefulSet"] * 2)
        for each in found.values():
            self.assert_valid(each)
            self.assertEqual(each["metadata"]["namespace"], "agents")
        # What is checked can be wrong.
        broken = copy.deepcopy(found["StatefulSet", "lab-worker"])
        broken["spec"]["template"]["spec"]["containers"][0]["livenessprobe"] = {}
        with self.assertRaises(kubernetes_validate.ValidationError):
            self.assert_valid(broken)

    def test_what_is_written_fits_together(self):
        self.write(GROUPS)
        found = self.manifests()
        worker = found["StatefulSet", "lab-worker"]["spec"]
        self.assertEqual(worker["replicas"], 2)
        self.assertIn(("Service", worker["serviceName"]), found)
        pod = worker["template"]["spec"]
        labels = worker["template"]["metadata"]["labels"]
        for kind, name in (("PodDisruptionBudget", "lab-worker"), ("StatefulSet", "lab-worker")):
            self.assertLessEqual(found[kind, name]["spec"]["selector"]["matchLabels"].items(), labels.items())
        self.assertLessEqual(found["Service", "lab-nodes"]["spec"]["selector"].items(), labels.items())
        policy = found["NetworkPolicy", "lab-fabric"]["spec"]
        self.assertLessEqual(policy["podSelector"]["matchLabels"].items(), labels.items())
        self.assertEqual(policy["ingress"][0]["from"], [{"podSelector": policy["podSelector"]}])
        (container,) = pod["containers"]
        self.assertEqual(container["resources"]["limits"], {"cpu": "2000m", "memory": str(4 << 30), "nvidia.com/gpu": "1"})
        self.assertEqual(container["resources"]["requests"], container["resources"]["limits"])
        self.assertTrue(container["securityContext"]["readOnlyRootFilesystem"] and pod["securityContext"]["runAsNonRoot"])
        self.assertEqual(pod["nodeSelector"], {"disk": "ssd"})
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        self.assertEqual({mount["name"] for mount in container["volumeMounts"]}, set(volumes))
        config = found["ConfigMap", volumes["nodes"]["configMap"]["name"]]["data"]
        secret = found["Secret", volumes["certificates"]["secret"]["secretName"]]["stringData"]
        self.assertEqual({item["key"] for item in volumes["certificates"]["secret"]["items"]}, set(secret))
        self.assertEqual(set(config), {"lab-worker-0.yaml", "lab-worker-1.yaml"})
        self.assertLessEqual({f"lab-worker-{i}.{end}" for i in (0, 1) for end in ("pem", "key")} | {"ca.pem"}, set(secret))
        boss = found["StatefulSet", "lab-boss"]["spec"]
        self.assertEqual(boss["volumeClaimTemplates"][0]["spec"]["storageClassName"], "fast")
        self.assertNotIn("data", {volume["name"] for volume in boss["template"]["spec"]["volumes"]})

    def test_nodes_are_told_what_they_can_read(self):
        self.write(GROUPS)
        found = self.manifests()
        for name, text in found["ConfigMap", "lab-worker-nodes"]["data"].items():
            told = yaml.safe_load(text)
            self.assertEqual((told["name"] + ".yaml", told["advertise"]), (name, f"{told['name']}.lab-nodes:7400"))
            self.assertEqual(told["seeds"], ["lab-boss-0.lab-nodes:7400"])
            self.assertEqual(told["labels"], {"zone": "a"})
            file = self.folder / name
            file.write_text(text)
            # It understands the file, and misses what only the pod has.
            read = subprocess.run([STAND_IN, "node", "--config", file], capture_output=True, text=True)
            self.assertEqual((read.returncode, "no certificate in /etc/troupe/certs" in read.stderr), (1, True), read.stderr)
        issued = {row["node"]: row["hosts"] for row in json_lines(troupe("ca", "list", "--ca", self.data / "ca", "--json").stdout)}
        self.assertIn("lab-worker-1.lab-nodes.agents.svc.cluster.local", issued["lab-worker-1"])
        self.assertIn("boss.example.org", issued["lab-boss-0"])

    def test_secrets_are_kept_apart(self):
        self.write(GROUPS, more="store: {kind: postgresql, url: 'postgresql://lab:p%40ss%2Fword@db.lab/runs'}")
        found = self.manifests()
        self.assertEqual(found["Secret", "lab-store"]["stringData"], {"password": "p@ss/word"})
        told = yaml.safe_load(found["ConfigMap", "lab-boss-nodes"]["data"]["lab-boss-0.yaml"])
        self.assertEqual(told["store"], "postgresql://lab@db.lab/runs")
        (container,) = found["StatefulSet", "lab-boss"]["spec"]["template"]["spec"]["containers"]
        self.assertIn("PGPASSWORD", {variable["name"] for variable in container["env"]})
        for each in found.values():
            self.assert_valid(each)
        for file in self.out.iterdir():
            secret = "PRIVATE KEY" in file.read_text() or "p@ss" in file.read_text()
            self.assertEqual(secret, stat.S_IMODE(file.stat().st_mode) == 0o600, file)

    def test_other_commands_say_what_to_do(self):
        self.write(GROUPS)
        self.assertIn("--write DIR", self.command("up", ok=1).stderr)
        self.assertIn("kubectl", self.command("ps", ok=1).stderr)
        self.write("  boss: {roles: [coordinator]}", provider="{kind: process}")
        self.assertIn("kind: kubernetes", self.command("up", "--write", self.out, ok=1).stderr)


class ProbeTest(LaunchTest):
    def test_a_node_that_is_ready_and_one_that_is_not(self):
        self.write_usual(workers=1)
        self.command("up")
        folder = self.data / "nodes/worker-1"
        self.assert_exit(troupe("probe", folder), 0)
        self.assert_exit(troupe("probe", self.folder), 1)
        # What an earlier life of the same number said: it is older than the process.
        said = json.loads((folder / "node.json").read_text())
        old = self.folder / "old"
        old.mkdir()
        (old / "node.json").write_text(json.dumps(said))
        self.assert_exit(troupe("probe", old), 0)
        os.utime(old / "node.json", (1e9, 1e9))
        self.assert_exit(troupe("probe", old), 1)
        self.command("down")
        self.assert_exit(troupe("probe", folder), 1)


if __name__ == "__main__":
    unittest.main()
