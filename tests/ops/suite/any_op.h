// An op's argument struct whose type its maker alone knows: what the suite does with it goes through the
// table of operands, so that nothing of the suite is compiled once an op.
#pragma once

#include <cstring>
#include <memory>

#include "kernels/op.h"

namespace poster::test {

using kernels::index_t;
using kernels::Operand;
using kernels::OperandTable;

class AnyOp {
 public:
  virtual ~AnyOp() = default;
  // Of this object: `member` points into it.
  virtual OperandTable table() const = 0;
  virtual const char* name() const = 0;
  virtual const void* arguments() const = 0;
  virtual void run(kernels::CpuQueue&) const = 0;
  virtual void run(kernels::CudaQueue&) const = 0;

  // The operand's pointer.
  void set(const Operand& operand, const void* memory) {
    std::memcpy(const_cast<void*>(operand.member), &memory, sizeof memory);
  }
};

// CPU: whether there are kernels for it on the CPU; CUDA: on CUDA.
template <typename Op, bool on_cpu, bool on_cuda>
class OpOf final : public AnyOp {
 public:
  explicit OpOf(const Op& op) : op_(op) {}
  OperandTable table() const override {
    OperandTable table;
    op_.operands(table);
    return table;
  }
  const char* name() const override { return Op::name; }
  const void* arguments() const override { return &op_; }
  void run([[maybe_unused]] kernels::CpuQueue& queue) const override {
    if constexpr (on_cpu) kernels::run(queue, op_);
  }
  void run([[maybe_unused]] kernels::CudaQueue& queue) const override {
    if constexpr (on_cuda) kernels::run(queue, op_);
  }

 private:
  Op op_;
};

}  // namespace poster::test
