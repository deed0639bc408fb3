// Running an op. An op is a value: an aggregate with its operands' pointers, its sizes and what else it
// needs, a name, and a table of its operands. It runs by
//
//   run(queue, LayerNormForward<float>{.y = …, .x = …, .rows = 3, .columns = 7});
//
// on any kind of queue. Its computation is `compute` for that struct, in the op's folder: cpu.cpp and
// cuda.cu.
#pragma once

#include <concepts>
#include <stdexcept>
#include <string>

#include "kernels/cpu_queue.h"
#include "kernels/cuda_queue.h"
#include "kernels/isa.h"
#include "kernels/operands.h"
#include "kernels/pointer_members.h"

namespace poster::kernels {

// Names the op, the operand, and all shapes. A runtime_error, as all that the library throws
// (apps/library/poster): labels and sizes of batches come from outside, too.
class OperandError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <typename Op>
concept OpWithOperands = requires(const Op& op, OperandTable& table) {
  { Op::name } -> std::convertible_to<const char*>;
  op.operands(table);
};

// The op's kernel on the CPU, for one build of it (kernels/cpu/isa.h), and on CUDA (kernels/cuda/kernel.cuh).
template <typename Build, OpWithOperands Op>
struct CpuKernel {
  static void run(CpuQueue& queue, const Op& op);
};
template <OpWithOperands Op>
struct CudaKernel {
  static void run(CudaQueue& queue, const Op& op);
};

// "y [64, 49, 256] f16, x [64, 49, 256] f16": the operands that are there.
std::string signature(const OperandTable& table);

enum class OperandMemory { host, device, planned };  // planned: pointers need not point to memory
// Throws OperandError for what the table doesn't allow: null where the operand isn't optional, negative
// sizes, rows that overlap, memory that is shared with an output, integers out of range, and what it
// requires.
void check_operands(const char* op, const OperandTable& table, OperandMemory memory);

template <OpWithOperands Op>
void check_operands(const Op& op, OperandMemory memory) {
  static_assert(lists_every_pointer<Op>(), "operands() must list every pointer of the op once");
  OperandTable table;
  op.operands(table);
  check_operands(Op::name, table, memory);
}

// Throws OperandError.
template <OpWithOperands Op>
void run(CpuQueue& queue, const Op& op) {
  check_operands(op, OperandMemory::host);
  switch (cpu_isa()) {
#if !defined(POSTER_WITHOUT_AVX512)
    case Isa::avx512:
      return CpuKernel<isa_avx512::Here, Op>::run(queue, op);
#endif
#if !defined(POSTER_WITHOUT_AVX2)
    case Isa::avx2:
      return CpuKernel<isa_avx2::Here, Op>::run(queue, op);
#endif
    default:
      return CpuKernel<isa_baseline::Here, Op>::run(queue, op);
  }
}
// Throws OperandError, and CudaError.
template <OpWithOperands Op>
void run(CudaQueue& queue, const Op& op) {
  check_operands(op, queue.planning() ? OperandMemory::planned : OperandMemory::device);
  CudaKernel<Op>::run(queue, op);
}

}  // namespace poster::kernels
