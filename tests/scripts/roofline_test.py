"""Tests of bench/roofline.py and scripts/check_kernel_resources.py: what they make of made-up lists."""

import contextlib
import importlib.util
import io
import os
import sys
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
sys.path[:0] = [os.path.join(ROOT, "bench"), os.path.join(ROOT, "scripts")]
sys.dont_write_bytecode = True

import check_kernel_resources as resources  # noqa: E402
import roofline  # noqa: E402

H200 = roofline.DEVICES["H200"]


def operand(name, dims, element_bytes=2, passes=1):
    size = element_bytes
    for dim in dims:
        size *= dim
    return {"name": name, "use": "in", "dims": dims, "element_bytes": element_bytes, "least_bytes": size, "moved_bytes": size * passes}


def op(name, operands, launches, flops=0, signature="s"):
    return {"op": name, "signature": signature, "flops": flops, "operands": operands, "launches": launches}


KERNEL, LIBRARY = {"kernel": "k", "blocks": 1000}, {"library": "cuDNN"}


def case(ops, sequence, streams=None, after=None):
    """One after the other, unless said."""
    return {"task": "sam_step", "batch": 64, "from_host_bytes": 0, "nodes": 3, "longest_path": 2, "ops": ops, "sequence": sequence,
            "streams": streams or [0] * len(sequence), "after": after or [[i - 1] if i else [] for i in range(len(sequence))]}


class Times(unittest.TestCase):
    def seconds(self, entry):
        return roofline.Op(entry).seconds(H200)

    def test_memory_and_launch(self):
        large = op("add", [operand(n, [100_000_000]) for n in ("out", "a", "b")], [KERNEL])
        self.assertAlmostEqual(self.seconds(large), 600e6 / 4e12 + 2.2e-6)
        small = op("add", [operand(n, [1_000_000]) for n in ("out", "a", "b")], [KERNEL])
        self.assertAlmostEqual(self.seconds(small), 6e6 / 6e12 + 2.2e-6)

    def test_a_second_pass_and_small_launches(self):
        norm = op("batch_norm_forward_train", [operand("y", [100_000_000]), operand("x", [100_000_000], passes=2)], [KERNEL] * 3)
        self.assertAlmostEqual(self.seconds(norm), 600e6 / 4e12 + 3 * 2.2e-6)

    def test_a_convolution_by_its_channels_and_pass(self):
        x, y, w = [64, 56, 56, 64], [64, 56, 56, 64], [64, 3, 3, 64]
        flops = 2.0 * 64 * 56 * 56 * 64 * 9 * 64
        forward = op("conv2d_forward", [operand("y", y), operand("x", x), operand("w", w)], [LIBRARY], flops)
        tiles = 64 * 56 * 56 // 128
        busy = tiles / (-(-tiles // 132) * 132)
        self.assertAlmostEqual(self.seconds(forward), flops / (340e12 * busy) + 2.2e-6)
        backward = op("conv2d_backward_weights", [operand("dw", w, 4), operand("dy", y), operand("x", x)], [LIBRARY, {"kernel": "widen"}], flops)
        weights = 64 * 64 * 9
        self.assertAlmostEqual(self.seconds(backward), flops / (340e12 * 0.7) + weights * 6 / 6e12 + 2 * 2.2e-6)

    def test_gradients_of_weights_have_a_guessed_launch_more(self):
        forward = roofline.Op(op("matmul", [operand("c", [768, 768]), operand("a", [768, 768]), operand("b", [768, 768])], [LIBRARY], 1e9))
        gradient = roofline.Op(op("matmul", [operand("c", [768, 768], 4), operand("a", [768, 768]), operand("b", [768, 768])], [LIBRARY], 1e9))
        self.assertEqual((forward.guessed(H200), gradient.guessed(H200)), (0, 1))

    def test_every_category_is_found(self):
        self.assertEqual(roofline.category("conv2d_backward_weights"), "convolution, weight gradient")
        self.assertEqual(roofline.category("window_attention_forward"), "attention")
        self.assertEqual(roofline.category("add"), "add")
        self.assertEqual(roofline.category("token_assembly"), "small ops")


class Schedule(unittest.TestCase):
    memory = op("add", [operand("out", [100_000_000])], [KERNEL])  # 50 us
    tiny = op("add", [operand("out", [6_000])], [{"kernel": "k", "blocks": 1}])
    product = op("matmul", [operand("c", [16384, 2048]), operand("a", [16384, 2048]), operand("b", [2048, 2048])], [LIBRARY],
                 2.0 * 16384 * 2048 * 2048)
    launch = 2.2e-6

    def times(self, *arguments):
        made = roofline.Case(case(*arguments), H200)
        self.assertAlmostEqual(sum(made.own), made.seconds(), delta=1e-12)
        self.assertLessEqual(made.critical(), made.seconds() + 1e-12)
        self.assertLessEqual(made.seconds(), made.one_after_the_other() + 1e-12)
        return made.one_after_the_other(), made.seconds(), made.critical()

    def test_two_that_are_bound_by_memory_take_the_sum_of_their_work(self):
        together, scheduled, critical = self.times([self.memory], [0, 0], [0, 1], [[], []])
        self.assertAlmostEqual(together, 100e-6 + 2 * self.launch, delta=1e-12)
        self.assertAlmostEqual(scheduled, 100e-6 + self.launch, delta=1e-12)  # both launches pass at once
        self.assertAlmostEqual(critical, 50e-6 + self.launch, delta=1e-12)

    def test_two_tiny_ones_take_the_longer(self):
        alone = roofline.Op(self.tiny).seconds(H200)
        together, scheduled, critical = self.times([self.tiny], [0, 0], [1, 2], [[], []])
        self.assertAlmostEqual(together, 2 * alone, delta=1e-12)
        self.assertAlmostEqual(scheduled, alone, delta=1e-12)
        self.assertAlmostEqual(critical, alone, delta=1e-12)

    def test_a_product_leaves_bandwidth_to_a_pass_and_none_to_its_like(self):
        alone = roofline.Op(self.product).seconds(H200)
        _, beside_a_pass, _ = self.times([self.product, self.memory], [0, 1], [0, 1], [[], []])
        self.assertLess(beside_a_pass, alone + 25e-6)
        filled = roofline.Op(self.product).parts(H200)[0].fills
        _, beside_its_like, _ = self.times([self.product], [0, 0], [0, 1], [[], []])
        self.assertAlmostEqual(beside_its_like, self.launch + 2 * filled * (alone - self.launch), delta=(1 - filled) * alone + 1e-12)

    def test_the_main_stream_has_priority(self):
        # 0 and 1 at once, then 2 after 0: the main stream's two are not held up.
        _, scheduled, critical = self.times([self.memory], [0, 0, 0], [1, 0, 0], [[], [], [1]])
        self.assertAlmostEqual(critical, 2 * (50e-6 + self.launch), delta=1e-12)
        self.assertAlmostEqual(scheduled, 150e-6 + self.launch, delta=1e-12)  # the second launch passes in the shadow of the lane

    def test_who_waits_starts_later(self):
        _, scheduled, critical = self.times([self.memory], [0, 0], [0, 1], [[], [0]])
        self.assertAlmostEqual(scheduled, 100e-6 + 2 * self.launch, delta=1e-12)
        self.assertAlmostEqual(critical, scheduled, delta=1e-12)

    def test_who_waits_for_two_waits_for_the_longer(self):
        _, scheduled, critical = self.times([self.tiny, self.memory], [0, 1, 1], [0, 1, 0], [[], [], [0, 1]])
        self.assertAlmostEqual(critical, 100e-6 + 2 * self.launch, delta=1e-12)
        self.assertLess(scheduled, critical + roofline.Op(self.tiny).seconds(H200))

    def test_moments_in_which_launches_alone_pass(self):
        made = roofline.Case(case([self.memory], [0, 0]), H200)
        self.assertAlmostEqual(sum(made.waited), 2 * self.launch, delta=1e-12)


class Compare(unittest.TestCase):
    case = case([op("add", [operand("out", [4_000_000])], [KERNEL], signature="A"),
                 op("gelu_forward", [operand("y", [4_000_000])], [KERNEL], signature="B")], [0, 1, 0])

    def test_totals(self):
        summary = roofline.Case(self.case, H200).summary()
        self.assertEqual(summary["launches"], 3)
        self.assertAlmostEqual(summary["gb_moved"], 0.024)
        for figure in ("ms", "ms_one_after_the_other", "ms_longest_path"):
            self.assertAlmostEqual(summary[figure], 1e3 * 3 * (8e6 / 6e12 + 2.2e-6))
        self.assertEqual((summary["nodes"], summary["nodes_longest_path"]), (3, 2))

    def test_what_is_missing_to_the_target(self):
        product = op("matmul", [operand(n, [4096, 4096]) for n in "cab"], [LIBRARY], 2.0 * 4096 ** 3)
        twice = op("batch_norm_forward_train", [operand("x", [50_000_000], passes=2)], [KERNEL] * 2)
        made = roofline.Case(case([product, twice], [0, 0, 1]), H200)
        other = roofline.Case(case([product], [0]) | {"batch": 7}, H200)
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in roofline.missing([made, other])]
        self.assertEqual(rows[0], ["ms", "sam_step, batch 64"])
        work = 2 * 2.0 * 4096 ** 3 / roofline.product_rate(H200, 4096, 4096, 4096)[0] / 1e9
        best = 2 * 2.0 * 4096 ** 3 / 640e9
        self.assertEqual(rows[2], ["matrix products", f"{work + 2 * 2.2e-3:.2f} ({work - best:.2f} rate)"])
        self.assertEqual(rows[3], ["batch norm", f"{50e-3 + 2 * 2.2e-3:.2f} (0.03 passes)"])
        self.assertEqual(rows[-3:], [["all", f"{made.seconds() * 1e3:.2f}"], ["target", "17.00"], ["missing", "0.00"]])

    def test_the_worst_ratio_is_first(self):
        rows = roofline.compared_ops([roofline.Case(self.case, H200)], {("add", "A"): 5.0, ("gelu_forward", "B"): 50.0, ("cast", "C"): 1.0})
        self.assertEqual([(row["op"], row["count"]) for row in rows], [("gelu_forward", 1), ("add", 2)])
        modelled = 1e6 * (8e6 / 6e12 + 2.2e-6)
        self.assertAlmostEqual(rows[1]["difference_ms"], 2 * (5.0 - modelled) / 1e3)

    def test_whole_cases_stand_beside_what_was_measured(self):
        results = {"steps": {"end_to_end": {"results": [{"task": "sam_step", "batch": 64, "precision": "fp16", "pipelined": True, "graphs": True,
                                                         "input": "device", "ms": 31.0}]}}}
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            roofline.compare([roofline.Case(self.case, H200)], results, "fp16")
        self.assertIn(", 31.00, ", printed.getvalue())
        self.assertIn("no op of these cases was measured", printed.getvalue())


class Resources(unittest.TestCase):
    def test_blocks(self):
        self.assertEqual(resources.blocks_of(32, 0, 256), 8)   # threads
        self.assertEqual(resources.blocks_of(128, 0, 128), 4)  # registers
        self.assertEqual(resources.blocks_of(33, 0, 256), 6)   # registers of a warp are given out by 256
        self.assertEqual(resources.blocks_of(16, 48 * 1024, 64), 4)  # shared memory
        self.assertEqual(resources.blocks_of(16, 0, 32), 32)

    def test_a_spill_and_a_lost_block_fail_and_the_table_comes_back(self):
        kernels = {"f<int>(A<int>, long)": (128, 0, 0, 128), "g()": (32, 16, 0, 256)}
        version, table = resources.read_table(resources.write_table("13.0", kernels))
        self.assertEqual(version, "13.0")
        self.assertEqual(resources.compare(table, kernels), ([], []))
        worse, _ = resources.compare(table, {"f<int>(A<int>, long)": (129, 0, 0, 128), "g()": (32, 24, 0, 256)})
        self.assertEqual(len(worse), 2)
        self.assertIn("3 blocks a multiprocessor, where it had 4", worse[0])
        self.assertIn("24 bytes of stack, where it had 16", worse[1])
        self.assertEqual(resources.compare(table, {"f<int>(A<int>, long)": (100, 0, 0, 128)}), ([], []))
        worse, new = resources.compare(table, {"h()": (32, 8, 0, 256), "i()": (32, 0, 0, 256)})
        self.assertEqual((len(worse), len(new)), (1, 1))

    def test_names_are_those_of_every_build(self):
        self.assertEqual(resources.short_name("void poster::kernels::(anonymous namespace)::f<poster::Half>(poster::kernels::A)"), "f<Half>(A)")
        self.assertEqual(resources.short_name("void poster::kernels::_GLOBAL__N__12ab_7_cuda_cu_34cd::f(int)"), "f(int)")

    def test_the_block_of_a_kernel_is_read_from_its_section(self):
        info = bytes([3, 0x1B, 0xFF, 0]) + bytes([4, 0x2F, 8, 0]) + b"\0" * 8 + bytes([4, 5, 12, 0]) + bytes([32, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0])
        self.assertEqual(resources.max_threads(info), 512)
        self.assertIsNone(resources.max_threads(info[:16]))


if __name__ == "__main__":
    unittest.main()
