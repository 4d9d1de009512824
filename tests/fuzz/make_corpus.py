#!/usr/bin/env python3
"""Writes the binary part of the corpora (tests/fuzz/corpus): Protobuf messages from their text form, and safetensors.

Needs protoc. The inputs in plain text are written by hand; this script leaves them alone.
"""

import pathlib
import struct
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
SCHEMAS = HERE.parent.parent / "schemas"
ATTEMPT = 'attempt { step: "list" attempt: 1 token: 1 }'
LISTING = '[type.googleapis.com/troupe.v1.ListFilesReply] { files { path: "a/x.txt" name: "x.txt" size_bytes: 3 } }'
DEFINITION = """
  name: "w" version: "1" inputs { name: "folder" type: INPUT_TYPE_STRING }
  steps { id: "list" agent: "files.list/default" request_type: "troupe.v1.ListFilesRequest"
          reply_type: "troupe.v1.ListFilesReply" retry { maximum_attempts: 3 initial_interval { seconds: 1 } backoff_coefficient: 2 maximum_interval { seconds: 9 } }
          input { fields { key: "folder" value { string_value: "${inputs.folder}" } } } }
  steps { id: "read" agent: "files.read/default" request_type: "troupe.v1.ReadFileRequest"
          reply_type: "troupe.v1.ReadFileReply" for_each: "${steps.list.files}" parallelism: 2
          input { fields { key: "path" value { string_value: "${item.path}" } } } }
"""
START = 'run_started { run_id: "r" definition { %s } inputs { fields { key: "folder" value { string_value: "a" } } } }' % DEFINITION
READ = 'attempt { step: "read" attempt: 1 token: 2 }'
DONE = 'step_completed { %s reply { [type.googleapis.com/troupe.v1.ReadFileReply] { text: "hello" name: "x.txt" } } }' % READ
FAILED = 'failure { type: "files.busy" message: "try again" retryable: true }'

HISTORIES = {
    "completed": [START, "step_scheduled { %s }" % ATTEMPT, "step_completed { %s reply { %s } }" % (ATTEMPT, LISTING),
                  "step_scheduled { %s }" % READ, DONE, "run_completed { }"],
    "retried": [START, "step_scheduled { %s }" % ATTEMPT, "step_failed { %s %s retry_time { seconds: 9 } }" % (ATTEMPT, FAILED),
                'step_retry_due { step: "list" attempt: 2 }', 'step_scheduled { attempt { step: "list" attempt: 2 token: 2 } }',
                'step_failed { attempt { step: "list" attempt: 2 token: 2 } %s }' % FAILED,
                'run_failed { %s }' % FAILED.replace("retryable", 'step { step: "list" attempt: 2 } retryable')],
    "skipped": [START.replace('id: "read"', 'id: "read" when: "${item.size_bytes} > 3" priority: 5'), "step_scheduled { %s }" % ATTEMPT,
                "step_completed { %s reply { %s } }" % (ATTEMPT, LISTING), 'step_decided { step: "read" skipped: true }', "run_completed { }"],
    "timed_out": [START, "step_scheduled { %s }" % ATTEMPT, "step_failed { %s %s retry_time { seconds: 9 } }" % (ATTEMPT, FAILED),
                  'step_timed_out { step: "list" %s }' % FAILED.replace("files.busy", "workflow.timeout"),
                  'run_failed { %s }' % FAILED.replace("retryable", 'step { step: "list" attempt: 1 } retryable')],
    "cancelled": [START, "step_scheduled { %s }" % ATTEMPT, 'run_cancelled { reason: "enough" }'],
    "second_attempt": [START.replace('id: "list"', 'id: "list" speculate { factor: 2 } preemptible: true'), "step_scheduled { %s }" % ATTEMPT,
                       'step_speculated { attempt { step: "list" attempt: 2 token: 2 } beside: 1 ran { seconds: 9 } allowed { seconds: 4 } }',
                       "step_failed { %s %s other_goes_on: true }" % (ATTEMPT, FAILED),
                       'step_preempted { attempt { step: "list" attempt: 2 token: 2 } needed_by: "x/y/0" details { %s } }' % LISTING,
                       'step_scheduled { attempt { step: "list" attempt: 3 token: 3 } }'],
    "lost": [START.replace('id: "list"', 'id: "list" placement { strategy: PLACEMENT_STRATEGY_PINNED node: "n1" }'), "step_scheduled { %s }" % ATTEMPT,
             'step_lost { %s node: "n1" node_incarnation: 2 details { %s } timing { run_nanos: 7 node: "n1" node_class: "fast" } }' % (ATTEMPT, LISTING),
             'step_scheduled { attempt { step: "list" attempt: 2 token: 2 } }'],
    "recovered": [START, "step_scheduled { %s }" % ATTEMPT, 'run_recovered { owner: "b" }',
                  'step_scheduled { attempt { step: "list" attempt: 2 token: 2 } }'],
}
MESSAGES = {
    "envelope": ("Envelope", {
        "request": 'message_id: "00000000000000fe-1" sender { type: "a" key: "b" } target { type: "files.read" key: "default" } '
                   'payload_type_url: "type.googleapis.com/troupe.v1.AgentName" payload: "\\n\\001a" deadline { seconds: 1800000100 } '
                   'priority: -1 traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" tracestate: "a=b" '
                   'idempotency_key: "r/s/0" principal: "p" privacy_labels: "pii"',
        "answer": 'message_id: "2" correlation_id: "1" sender { type: "a" key: "b" } target { type: "c" key: "d" } '
                  'failure { type: "files.not_found" message: "no such file" }'}),
    "membership": ("MembershipChanges", {
        "changes": 'version: 7 complete: true members { node: "w-1" incarnation: 3 state: MEMBER_STATE_ACTIVE joined_time { seconds: 1800000000 } '
                   'details { addresses: "10.0.0.1:7000" roles: "worker" resources: "cpu=4,memory=8GiB,license=2" '
                   'node_class: "EPYC" build: "0.1.0" oldest_protocol: 1 newest_protocol: 2 agents { type: "files.list" keys: "default" '
                   'methods { request: "a.B" reply: "a.C" } } } } members { node: "w-2" incarnation: 4 state: MEMBER_STATE_DEAD }'}),
    "failure": ("Failure", {
        "causes": 'type: "a.b" message: "outer" retryable: true timeout { kind: TIMEOUT_KIND_HEARTBEAT } '
                  'cause { type: "c.d" message: "inner" cause { message: "innermost" step { step: "s" } } }'}),
    "workflow_definition": ("WorkflowDefinition", {"two_steps": DEFINITION}),
    "node_snapshot": ("NodeSnapshot", {
        "busy": 'format: 1 owner: "17-a" node_class: "n" policy: "fifo" host: "h" process: 17 began_time { seconds: 1800000000 } '
                'taken_time { seconds: 1800000009 } runs: 2 in_flight: 1 places: 256 last_commit { nanos: 5000 } counted { events: 9 } '
                'resources { name: "cpu" capacity: 2000 used: 1000 } queues { name: "slot" count: 3 oldest_time { seconds: 1800000001 } } '
                'waiting { run_id: "r" step: "s" index: 1 attempt: 2 since_time { seconds: 1800000001 } what: "slot" detail: "d" } '
                'at_work { run_id: "r" step: "t" attempt: 1 what: "a/b" compensation: true } tenants { name: "acme" weight: 3 waiting: 1 } '
                'keys { name: "api" held: 1 full_time { seconds: 1800000019 } } tenants_known: 1 keys_known: 1'}),
    "report": ("WriteReportRequest", {
        "one_document": 'folder: "out" title: "T <b>" include_original_text: true '
                        'documents { name: "a.txt" text: "Ana lives here" size_bytes: 14 } '
                        'entities { name: "a.txt" model: "m" spans { label: "PER" score: 0.9 end_byte: 3 end_codepoint: 3 end_utf16: 3 } } '
                        'redactions { name: "a.txt" text: "[N] lives here" redactions { span { label: "N" end_byte: 3 end_codepoint: 3 '
                        'end_utf16: 3 } source: REDACTION_SOURCE_MODEL replacement: "[N]" redacted_end_byte: 3 redacted_end_codepoint: 3 } } '
                        'run { run_id: "r" workflow: "w" status: RUN_STATUS_COMPLETED started_time { seconds: 5 } closed_time { seconds: 7 } '
                        'steps { step: "s" agent: "a/b" status: STEP_STATUS_COMPLETED attempts: 1 scheduled_time { seconds: 5 } '
                        'closed_time { seconds: 6 } } step_ids: "s" edges { from: "s" to: "t" } }'}),
}


def encode(message: str, text: str) -> bytes:
    run = subprocess.run(["protoc", f"-I{SCHEMAS}", f"--encode=troupe.v1.{message}",
                          *(str(p.relative_to(SCHEMAS)) for p in sorted(SCHEMAS.glob("troupe/v1/*.proto")))],
                         cwd=SCHEMAS, input=text.encode(), capture_output=True, check=False)
    if run.returncode != 0:
        raise SystemExit(f"{message}: {run.stderr.decode()}")
    return run.stdout


def write(target: str, name: str, data: bytes) -> None:
    path = HERE / "corpus" / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)

TO_ECHO = ('envelope { target { type: "echo" key: "default" } payload_type_url: "type.googleapis.com/google.protobuf.StringValue" '
           'payload: "\\n\\002hi" } time_left_millis: 1000')
# Frames of a link after a right hello.
FRAMES = {
    "requests_and_what_goes_with_them": [
        f"parcels {{ lane: LANE_WORK sequence: 1 {TO_ECHO} attempt: 2 }} parcels {{ lane: LANE_WORK sequence: 2 one_way: true {TO_ECHO} }}",
        "receipts { lane: LANE_CONTROL limit_bytes: 100 } interrupts { lane: LANE_WORK sequence: 1 cancelled: true }"],
    "a_number_twice_and_one_left_out": [f"parcels {{ lane: LANE_WORK sequence: {number} {TO_ECHO} }}" for number in (1, 1, 3)],
    "pieces": ['piece { lane: LANE_WORK sequence: 1 total_bytes: 4 content: "ab" }',
               'piece { lane: LANE_WORK sequence: 1 total_bytes: 4 offset: 2 content: "cd" }'],
    "an_answer_to_nothing": ['parcels { lane: LANE_WORK sequence: 1 answers: 9 envelope { failure { type: "x" } } }'],
    "good_bye": ["goodbye { reason: GOODBYE_REASON_LEAVING }"],
}


def main() -> None:
    for name, frames in FRAMES.items():
        parts = [encode("Frame", frame) for frame in frames]
        write("fabric", name, b"\0" + b"".join(struct.pack("<H", len(part)) + part for part in parts))
    write("fabric", "no_hello", b"\1\3\0abc")
    for target, (message, seeds) in MESSAGES.items():
        for name, text in seeds.items():
            write(target, name, encode(message, text))
    for name, events in HISTORIES.items():
        rows = [encode("Event", f"sequence: {i} time {{ seconds: {i} }} {event}") for i, event in enumerate(events, 1)]
        write("history", name, b"".join(struct.pack(">H", len(row)) + row for row in rows))
    row = 'row { table: BACKUP_TABLE_BLOBS cells { bytes: "h" } cells { bytes: "b" } }'
    for name, records in {
            "backup": ["header { kind: BACKUP_KIND_BACKUP }", row, 'mark { sha256: "\\000" rows: 1 last: true }'],
            "archive_with_a_part_of_a_batch": ["header { kind: BACKUP_KIND_ARCHIVE }", 'mark { sha256: "\\000" }', row,
                                               'mark { sha256: "\\000" rows: 1 }', row],
            "unknown_table": ["header { kind: BACKUP_KIND_BACKUP }", "row { table: 99 }",
                              'mark { sha256: "\\000" rows: 1 last: true }']}.items():
        rows = [encode("BackupRecord", record) for record in records]
        write("backup_file", name, b"".join(struct.pack("<I", len(row)) + row for row in rows))
    header = b'{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' \
             b'"b":{"dtype":"BF16","shape":[1,2],"data_offsets":[8,12]},"c":{"dtype":"F16","shape":[],"data_offsets":[12,14]}}'
    write("safetensors", "three_tensors", struct.pack("<Q", len(header)) + header + bytes(range(14)))
    write("store_file", "nothing_changed", b"")
    # Bytes of the header, of a table's page and of the last page.
    write("store_file", "three_changes", b"".join(struct.pack(">IB", at, 255) for at in (18, 4096 + 7, 20000)))
    write("store_file", "cut", struct.pack(">IB", 60, 1) + b"\x80\0\0\0")


if __name__ == "__main__":
    main()
