// Is told what a queue would run while it is planning: each op with its operands, and what the op launches. So
// launches, bytes and products of a step can be counted without a device (bench/launch_model.cpp).
#pragma once

#include <cstddef>
#include <source_location>

#include "kernels/cuda_queue.h"
#include "kernels/operands.h"

namespace poster::kernels {

class LaunchObserver {
 public:
  virtual ~LaunchObserver() = default;
  // Ops may run others; what is launched belongs to the one that began last. flops: of products, two for a
  // multiply-add.
  virtual void begin_op(const char* name, const OperandTable& operands, double flops) = 0;
  virtual void end_op() = 0;
  // A kernel of ours, launched under that name at that place.
  virtual void kernel(const char* name, const std::source_location& at, std::size_t blocks,
                      std::size_t threads, std::size_t shared_bytes) = 0;
  // A call of "cuBLASLt" or "cuDNN", which launches a kernel or more.
  virtual void library(const char* name) = 0;
};

template <typename Op>
constexpr double flops_of(const Op& op) {
  if constexpr (requires { op.flops(); })
    return op.flops();
  else
    return 0;  // memory alone decides
}

// Of an op that runs while this lives.
class ObservedOp {
 public:
  template <typename Op>
  ObservedOp(CudaQueue& queue, const Op& op) : observer_(queue.planning() ? queue.observer() : nullptr) {
    if (!observer_) return;
    OperandTable table;
    op.operands(table);
    observer_->begin_op(Op::name, table, flops_of(op));
  }
  ~ObservedOp() {
    if (observer_) observer_->end_op();
  }
  ObservedOp(const ObservedOp&) = delete;
  ObservedOp& operator=(const ObservedOp&) = delete;

 private:
  LaunchObserver* observer_;
};

}  // namespace poster::kernels
