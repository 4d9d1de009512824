#!/usr/bin/env python3
"""Clusters as jobs of Slurm: a real munged, slurmctld and slurmd of the test's own, on one machine."""

import json
import os
import pathlib
import shutil
import socket
import stat
import subprocess
import tempfile
import time
import unittest
from unittest import mock

from launch_support import STAND_IN, LaunchTest

PROGRAMS = {name: shutil.which(name, path="/usr/sbin:/usr/bin:" + os.environ.get("PATH", ""))
            for name in ("munged", "slurmctld", "slurmd", "sbatch", "squeue")}

CONFIG = """ClusterName=lab
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld}
SlurmdPort={slurmd}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmdParameters=config_overrides
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
KillWait=2
NodeName=lab NodeAddr=127.0.0.1 CPUs=8 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=lab Default=YES MaxTime=INFINITE State=UP
"""


def free_ports(count: int) -> list:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Slurm:
    """One machine's Slurm in a folder; its three servers run in the foreground and end with it."""

    SECONDS = 60

    def __init__(self, folder: pathlib.Path):
        self.folder, self.processes = folder, []
        ctld, slurmd = free_ports(2)
        self.config = folder / "slurm.conf"
        self.config.write_text(CONFIG.format(host=socket.gethostname(), folder=folder, ctld=ctld, slurmd=slurmd))
        for name in ("state", "spool"):
            (folder / name).mkdir()
        key = folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(stat.S_IRUSR)
        self.environment = {**os.environ, "SLURM_CONF": str(self.config)}
        try:
            self.start("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={folder}/munge.socket",
                       f"--pid-file={folder}/munged.pid", f"--log-file={folder}/munged.log", f"--seed-file={folder}/munged.seed")
            self.wait_for(lambda: (folder / "munge.socket").exists(), "munged")
            self.start("slurmctld", "-D", "-f", self.config)
            self.start("slurmd", "-D", "-N", "lab", "-f", self.config)
            self.wait_for(lambda: "idle" in self.say("sinfo", "--noheader", "--format=%t"), "slurmd")
        except BaseException:
            self.stop()
            raise

    def start(self, name: str, *arguments) -> None:
        with (self.folder / f"{name}.out").open("wb") as out:
            self.processes.append(subprocess.Popen([PROGRAMS[name], *map(str, arguments)], stdout=out, stderr=out,
                                                   stdin=subprocess.DEVNULL, env=self.environment))

    def say(self, *command) -> str:
        return subprocess.run(command, env=self.environment, capture_output=True, text=True).stdout

    def wait_for(self, what, described: str) -> None:
        limit = time.monotonic() + self.SECONDS
        while not what():
            if time.monotonic() > limit or any(process.poll() is not None for process in self.processes):
                logs = "\n".join(f"{file.name}: {file.read_text()[-2000:]}" for file in self.folder.glob("*.out"))
                raise RuntimeError(f"{described} does not start\n{logs}")
            time.sleep(0.05)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@unittest.skipUnless(all(PROGRAMS.values()) and os.geteuid() == 0,
                     "needs root and Slurm's servers: tools/setup --servers")
class SlurmTest(LaunchTest):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory(prefix="troupe-slurm-")
        cls.addClassCleanup(holder.cleanup)
        pathlib.Path(holder.name).chmod(0o755)
        cls.slurm = Slurm(pathlib.Path(holder.name))
        cls.addClassCleanup(cls.slurm.stop)

    def setUp(self):
        super().setUp()
        environment = mock.patch.dict(os.environ, SLURM_CONF=str(self.slurm.config))
        environment.start()
        self.addCleanup(environment.stop)
        self.PROVIDER = f"{{kind: slurm, binary: {STAND_IN}, options: [--partition=main]}}"

    def jobs(self) -> dict:
        said = self.slurm.say("squeue", "--noheader", "--format=%j|%T")
        return dict(line.split("|") for line in said.splitlines())

    def test_up_ps_and_down(self):
        self.write_usual(worker=", resources: {cpu: 2}")
        self.command("up")
        jobs = self.jobs()
        self.assertEqual(sorted(name.split(".")[2] for name in jobs), ["boss-1", "worker-1", "worker-2"])
        nodes = self.nodes()
        self.assertRegex(nodes["worker-1"]["detail"], r"^job \d+ RUNNING$")
        self.assertRegex(nodes["worker-1"]["address"], r"^127\.0\.0\.1:\d+$")
        self.assertIn("--cpus-per-task=2", self.slurm.say("scontrol", "show", "job", "--oneliner").replace("CPUs/Task=2", "--cpus-per-task=2"))
        self.assertIn("joined at", self.command("logs", "--node", "worker-2").stdout)
        self.assertEqual(json.loads(self.command("up", "--json").stdout)["started"], 0)
        self.slurm.say("scancel", f"--name={[name for name in jobs if name.endswith('worker-1')][0]}")
        self.wait_for(lambda: self.states()["worker-1"] == "ended", "the job's end")
        self.assertEqual(json.loads(self.command("up", "--json").stdout)["started"], 1)
        self.command("down")
        self.assertEqual(self.jobs(), {})
        self.assert_nothing_left()
        self.assertIn("stopping", (self.data / "nodes/worker-1/log").read_text())

    def test_what_must_wait_is_told_and_taken_back(self):
        self.write_usual(workers=1, worker=", options: [--begin=now+3600]", more="timeouts: {start: 2s}")
        failed = self.command("up", ok=1)
        self.assertRegex(failed.stderr, r"worker-1: not ready after 2 s \(timeouts.start\) \(job \d+ PENDING: BeginTime\)")
        self.assertEqual(self.jobs(), {})
        self.assert_nothing_left()

    def test_what_slurm_refuses_is_told(self):
        self.write_usual(workers=1, worker=", options: [--partition=nowhere]")
        self.assertRegex(self.command("up", ok=1).stderr, "worker-1: sbatch ended with 1: .*nvalid partition")
        self.assertEqual(self.jobs(), {})
        self.assert_nothing_left()

    def test_what_does_not_end_is_killed(self):
        self.write_usual(workers=1, worker=", labels: {stand-in: stays}")
        self.command("up")
        self.command("down", "--now")
        self.assertEqual(self.jobs(), {})
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
