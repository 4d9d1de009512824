#!/usr/bin/env python3
"""The memory of `troupe ner` does not grow with its input, by line and by file.

What is measured is the way of the text: reading, windows, batches, decoding, printing. The model is a tiny one, made up on
the spot, so that 200 MB take minutes; the shipped models take the same way, and would need hours.

In CTest: a small and a four times larger file. `memory_test.py --full`: 20 and 200 MB, and their peaks."""

import json
import sys
import time
import unittest

from support import SystemTest, troupe_measured
from tiny_model import write_model, write_text

MEGABYTE = 1_000_000
SIZES = (2 * MEGABYTE, 8 * MEGABYTE)
FULL_SIZES = (20 * MEGABYTE, 200 * MEGABYTE)
MOST_GROWTH = 1.10
MOST_PEAK = 600 * MEGABYTE


class Memory(SystemTest):
    sizes = SIZES

    def peak(self, *arguments, output) -> int:
        code, peak, said = troupe_measured(*arguments, output=output)
        self.assertEqual((code, said), (0, ""))
        return peak

    def measure(self, unit: str) -> None:
        model = write_model(self.folder / "model")
        output, peaks = self.folder / "found", []
        for size in self.sizes:
            text = write_text(self.folder / "text", size)
            began = time.monotonic()
            peaks.append(self.peak("ner", "--model", model, "--by", unit, text, output=output))
            print(f"by {unit}, {size / MEGABYTE:.0f} MB: peak {peaks[-1] / MEGABYTE:.1f} MB, "
                  f"{time.monotonic() - began:.1f} s, {output.stat().st_size / MEGABYTE:.1f} MB written", flush=True)
            self.check(text, output, unit)
        self.assertLessEqual(max(peaks), min(peaks) * MOST_GROWTH)
        self.assertLessEqual(max(peaks), MOST_PEAK)

    def check(self, text, output, unit: str) -> None:
        """All of the text was read. In full for the small sizes only: Python would need gigabytes for the others."""
        with output.open() as found:
            if unit == "line":
                with text.open() as lines:
                    self.assertEqual(sum(1 for _ in found), sum(1 for _ in lines))
            elif self.sizes == SIZES:
                answer = json.load(found)
                self.assertEqual(answer["text"], text.read_text())
                self.assertGreater(len(answer["entities"]), 100)
                self.assertGreater(answer["entities"][-1]["end"], 0.9 * len(answer["text"]))

    def test_by_line(self):
        self.measure("line")

    def test_by_file(self):
        self.measure("file")


if __name__ == "__main__":
    if "--full" in sys.argv:
        sys.argv.remove("--full")
        Memory.sizes = FULL_SIZES
    unittest.main()
