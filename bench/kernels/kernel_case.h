// One case of the microbenchmarks: an op at one size. A list of them is made for a type T of maps.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bench/kernels/operands.h"
#include "kernels/launch_observer.h"
#include "kernels/op.h"

namespace poster::bench {

struct KernelCase {
  std::string op, shape;
  bool cuda_only = false;
  // Allocates and fills the operands, and returns the call to be timed.
  std::function<std::function<void()>(Operands&)> prepare;

  std::string name() const { return op + "/" + shape; }
};

// What to make cases for.
struct CaseSizes {
  index_t batch = 64;
  index_t parameters = 1 << 22;  // of the optimizer's passes
};

template <typename O>
struct OpOptions {
  std::set<std::string> with = {};                     // optional operands that are there
  std::function<void(Operands&, O&)> given = nullptr;  // sets pointers that the table can't fill
};

template <typename T>
class CaseList {
 public:
  explicit CaseList(const CaseSizes& sizes) : sizes_(sizes) {}

  index_t batch() const { return sizes_.batch; }
  index_t parameters() const { return sizes_.parameters; }

  // add("784x256", GeluForward<T>{.count = …}, {.with = {"bias"}}): an op of sizes alone. Its table of
  // operands says what memory it gets; of the optional operands those of `with`.
  template <kernels::OpWithOperands O>
  void add(std::string shape, const O& op, const OpOptions<O>& options = {}) {
    cases_.push_back({.op = O::name,
                      .shape = std::move(shape),
                      .prepare = prepare(op, options, [](Device& device, const O& filled) {
                        device.run<T>([&](auto& queue) { kernels::run(queue, filled); });
                      })});
  }

  // Of an op that the CPU lacks.
  template <kernels::OpWithOperands O>
  void add_cuda_only(std::string shape, const O& op, const OpOptions<O>& options = {}) {
    cases_.push_back({.op = O::name,
                      .shape = std::move(shape),
                      .cuda_only = true,
                      .prepare = prepare(op, options, [](Device& device, const O& filled) {
                        kernels::run(*device.cuda(), filled);
                      })});
  }

  std::vector<KernelCase> take() { return std::move(cases_); }

 private:
  template <typename O, typename Run>
  static std::function<std::function<void()>(Operands&)> prepare(const O& op, const OpOptions<O>& options,
                                                                 Run run) {
    return [op, options, run](Operands& m) -> std::function<void()> {
      O filled = op;
      if (options.given) options.given(m, filled);
      kernels::OperandTable table;
      filled.operands(table);
      m.bind(table, options.with);
      m.count_flops(kernels::flops_of(filled));
      kernels::OperandTable bound;
      filled.operands(bound);
      m.keep_signature(kernels::signature(bound));
      return [filled, run, &device = m.device()] { run(device, filled); };
    };
  }

  CaseSizes sizes_;
  std::vector<KernelCase> cases_;
};

// "784x256"
inline std::string by(std::initializer_list<index_t> sizes) {
  std::string text;
  for (const index_t size : sizes) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

}  // namespace poster::bench
