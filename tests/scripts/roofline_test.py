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


KERNEL, LIBRARY = {"kernel": "k"}, {"library": "cuDNN"}


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


class Compare(unittest.TestCase):
    case = {"task": "sam_step", "batch": 64, "from_host_bytes": 0, "sequence": [0, 1, 0], "ops": [
        op("add", [operand("out", [4_000_000])], [KERNEL], signature="A"), op("gelu_forward", [operand("y", [4_000_000])], [KERNEL], signature="B")]}

    def test_totals(self):
        summary = roofline.Case(self.case, H200).summary()
        self.assertEqual(summary["launches"], 3)
        self.assertAlmostEqual(summary["gb_moved"], 0.024)
        self.assertAlmostEqual(summary["ms"], 1e3 * 3 * (8e6 / 6e12 + 2.2e-6))

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
