// Is told what queues would run while they are planning: each op with its operands, what the op launches, and
// what waits for what. So the graph of a step, its bytes and its products can be counted without a device
// (engine/launch_graph.h, bench/launch_model.cpp).
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
  virtual void kernel(const CudaQueue& queue, const char* name, const std::source_location& at,
                      std::size_t blocks, std::size_t threads, std::size_t shared_bytes) = 0;
  // A call of "cuBLASLt" or "cuDNN", which launches a kernel or more.
  virtual void library(const CudaQueue& queue, const char* name) = 0;
  // A node of a graph that is no kernel: a "copy" or a "memory set".
  virtual void memory(const CudaQueue& queue, const char* what, std::size_t bytes) = 0;
  // A CudaEvent marks the queue's place; what the queue is given from here on waits for the place marked
  // last.
  virtual void record(const CudaQueue& queue, const void* event) = 0;
  virtual void wait(const CudaQueue& queue, const void* event) = 0;
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
