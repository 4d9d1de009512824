#!/usr/bin/env python3
"""Plays a customer of the host-loop example, and checks what it says: check.py PROGRAM"""

import pathlib
import signal
import subprocess
import sys
import tempfile
import threading

LIMIT_SECONDS = 40


class Shop:
    """The program at work; everything is killed when the time is up, so that no read waits for ever."""

    def __init__(self, store: pathlib.Path):
        self.process = subprocess.Popen([sys.argv[1], str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said: list[str] = []
        self.limit = threading.Timer(LIMIT_SECONDS, self.process.kill)
        self.limit.start()

    def tell(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def await_line(self, *parts: str) -> str:
        """Reads until a line was said, now or before, that has all `parts`."""
        while True:
            for line in self.said:
                if all(part in line for part in parts):
                    return line
            line = self.process.stdout.readline()
            if not line:
                sys.exit(f"it ended or took longer than {LIMIT_SECONDS} s before it said {parts}; it said: {self.said}")
            self.said.append(line.rstrip("\n"))

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.await_line("closed")
        code = self.process.wait()
        self.limit.cancel()
        if code != 0:
            sys.exit(f"exit status {code} after Ctrl-C; it said: {self.said}")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="troupe-host-loop-") as folder:
        store = pathlib.Path(folder) / "orders.db"
        shop = Shop(store)
        shop.await_line("open")
        shop.await_line("audit: bread is known")
        shop.tell("price apple")
        shop.tell("price unicorn")
        shop.await_line("apple costs 45")
        shop.await_line("shop.unknown_item: the shop has no unicorn")
        shop.tell("order cheese")
        shop.await_line("price done")
        shop.await_line("receipt 1: cheese, 780 cents")
        shop.await_line(": complete")
        shop.tell("order unicorn")
        shop.await_line("order", "the shop has no unicorn")
        shop.tell("sing")
        shop.await_line("what is 'sing'?")
        shop.interrupt()

        # The store keeps its promises: nothing is left to do, and a second life begins where the first ended.
        again = Shop(store)
        again.await_line("open")
        if any("goes on" in line for line in again.said):
            sys.exit(f"a closed order was taken up again: {again.said}")
        again.interrupt()


if __name__ == "__main__":
    main()
