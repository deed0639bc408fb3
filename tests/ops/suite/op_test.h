// What the suite is told of an op: sizes to try, a reference, tolerances. Everything else it knows from the
// op's table of operands. A file tests/ops/OP.cpp has
//
//   const bool added = [] {
//     auto forward = op_test<GeluForward>({.reference = reference});
//     auto backward = op_test<GeluBackward>({});
//     for (const index_t count : {1, 71, 6000}) {
//       const GeluForward<double> f{.count = count};
//       forward.add(f);
//       backward.add({.count = count}, {.gradient_of = forward.add(f)});
//     }
//     return true;
//   }();
//
// Sizes should have 1, odd ones, one that every vector and block fits, one of many blocks and tasks, and
// those of every path through the kernels.
#pragma once

#include <bit>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/ops/suite/any_op.h"

namespace poster::test {

struct Range {
  double low, high;
};

struct OpTest;

struct OpCase {
  OpTest* test;
  // Makes the op without its memory; in double, float, and in what other types CUDA has it for.
  std::vector<std::function<std::unique_ptr<AnyOp>()>> types;

  // Whose gradient it is: reads what that reads and writes (by name), dy for each output y it has, and writes
  // dx for inputs x.
  std::shared_ptr<const OpCase> gradient_of = {};
  // Of inputs, by name. Where nothing is said, [-1, 1), or [0.5, 1.5) where the table says positive.
  std::map<std::string, Range> ranges = {};
  // The bytes of inputs that are neither numbers nor integers.
  std::map<std::string, std::vector<std::byte>> objects = {};
  // Of outputs: errors are relative to the largest value or to this, whichever is more.
  std::map<std::string, double> floors = {};
  // Of outputs that have a tolerance of their own, on the CPU and on CUDA.
  std::map<std::string, double> tolerances = {};
  // Of single outputs, beside that, where the op computes in 16 bits.
  std::map<std::string, double> half_tolerances = {};
  std::set<std::string> rounded_to_half = {};  // outputs in float that 16 bits may have held in between
  double tolerance = 0, cuda_tolerance = 0, exact_tolerance = 0;  // 0: the op's
  double half_tolerance = 0;                                      // of 16-bit outputs, beside that
  // Outputs don't change although they depend on an input: exp of -1000, the one column of a layer norm.
  bool saturated = false;
};

struct OpTest {
  std::string name;
  std::function<void(const void* arguments)> reference;  // of the op in double
  double tolerance, cuda_tolerance, exact_tolerance, gradient_tolerance;
  bool nan_follows, bits_for_any_alignment;
  std::set<std::string> compared, nan_may_stop_in;
  std::vector<std::shared_ptr<OpCase>> cases = {};
  struct Refused {
    std::shared_ptr<const OpCase> op;
    std::string why;
  };
  std::vector<Refused> refused = {};
};

// In the order in which they were added.
std::vector<std::unique_ptr<OpTest>>& op_tests();

template <typename Op>
struct OpTestOptions {
  // Naive, in double: writes what the op writes. None for ops that are the gradient of another.
  void (*reference)(const Op&) = nullptr;
  // Largest errors, relative to the largest value of an output: of float arithmetic against double (on CUDA
  // another where it isn't 0; the rounding of 16-bit outputs is allowed for), of double against the
  // reference, and of double against central differences.
  double tolerance = 1e-6, cuda_tolerance = 0, exact_tolerance = 1e-12, gradient_tolerance = 1e-6;
  // Whether a NaN must come out where a number that is put there instead would change something, and nowhere
  // else.
  bool nan_follows = true;
  // Inputs that are compared with something, as x of a ReLU: what depends on them may show only where they
  // are much larger or smaller. And those of them a NaN in which may come out as a number.
  std::set<std::string> compared = {}, nan_may_stop_in = {};
  // Whether CUDA gives the same bits however the operands are aligned.
  bool bits_for_any_alignment = false;
};

struct CaseOptions {
  std::shared_ptr<const OpCase> gradient_of = {};
  std::map<std::string, Range> ranges = {};
  std::map<std::string, std::vector<std::byte>> objects = {};
  std::map<std::string, double> floors = {};
  std::map<std::string, double> tolerances = {}, half_tolerances = {};
  std::set<std::string> rounded_to_half = {};
  double tolerance = 0, cuda_tolerance = 0, exact_tolerance = 0, half_tolerance = 0;
  bool saturated = false;
};

// For an op that runs in Double on the CPU, in Float on both devices, and in Others on CUDA.
template <typename Double, typename Float, typename... Others>
class AddOpTest {
 public:
  explicit AddOpTest(const OpTestOptions<Double>& options) {
    op_tests().push_back(
        std::make_unique<OpTest>(OpTest{.name = Double::name,
                                        .reference = nullptr,
                                        .tolerance = options.tolerance,
                                        .cuda_tolerance = options.cuda_tolerance,
                                        .exact_tolerance = options.exact_tolerance,
                                        .gradient_tolerance = options.gradient_tolerance,
                                        .nan_follows = options.nan_follows,
                                        .bits_for_any_alignment = options.bits_for_any_alignment,
                                        .compared = options.compared,
                                        .nan_may_stop_in = options.nan_may_stop_in}));
    test_ = op_tests().back().get();
    if (options.reference)
      test_->reference = [f = options.reference](const void* op) { f(*static_cast<const Double*>(op)); };
  }

  std::shared_ptr<const OpCase> add(const Double& op, const CaseOptions& options = {}) {
    return test_->cases.emplace_back(made(op, options));
  }
  // Arguments that run() must refuse with an error that has `why` in it, whatever the memory.
  void refuses(const Double& op, const std::string& why) { test_->refused.push_back({made(op, {}), why}); }

 private:
  template <typename Op, bool on_cpu, bool on_cuda>
  static std::function<std::unique_ptr<AnyOp>()> maker(const Double& op) {
    static_assert(sizeof(Op) == sizeof(Double),
                  "the argument struct must have the same members in each type");
    return [op = std::bit_cast<Op>(op)] { return std::make_unique<OpOf<Op, on_cpu, on_cuda>>(op); };
  }
  std::shared_ptr<OpCase> made(const Double& op, const CaseOptions& o) const {
    return std::make_shared<OpCase>(
        OpCase{.test = test_,
               .types = {maker<Double, true, false>(op), maker<Float, true, true>(op),
                         maker<Others, false, true>(op)...},
               .gradient_of = o.gradient_of,
               .ranges = o.ranges,
               .objects = o.objects,
               .floors = o.floors,
               .tolerances = o.tolerances,
               .half_tolerances = o.half_tolerances,
               .rounded_to_half = o.rounded_to_half,
               .tolerance = o.tolerance,
               .cuda_tolerance = o.cuda_tolerance,
               .exact_tolerance = o.exact_tolerance,
               .half_tolerance = o.half_tolerance,
               .saturated = o.saturated});
  }
  OpTest* test_;
};

// An op for every type of its device: float and double on the CPU, float and Half on CUDA.
template <template <typename> class Op>
auto op_test(const OpTestOptions<Op<double>>& options) {
  return AddOpTest<Op<double>, Op<float>, Op<Half>>(options);
}

}  // namespace poster::test
