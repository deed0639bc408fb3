// Where an op of the suite runs: the CPU with some threads, a CUDA device, or the op's reference. Memory has
// guard zones on both sides, and everything that nothing has been written to holds NaN.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kernels/cuda_device.h"
#include "tests/ops/suite/op_test.h"

namespace poster::test {

class Target {
 public:
  virtual ~Target() = default;
  virtual bool is_cuda() const { return false; }
  virtual void run(const AnyOp& op) = 0;
  virtual std::byte* allocate(std::size_t bytes) = 0;
  virtual void free(std::byte* memory) = 0;
  virtual void write(std::byte* memory, const std::vector<std::byte>& bytes) = 0;
  virtual void read(std::vector<std::byte>& bytes, const std::byte* memory) = 0;
};

class HostTarget : public Target {
 public:
  std::byte* allocate(std::size_t bytes) override;
  void free(std::byte* memory) override;
  void write(std::byte* memory, const std::vector<std::byte>& bytes) override;
  void read(std::vector<std::byte>& bytes, const std::byte* memory) override;
};
class CpuTarget final : public HostTarget {
 public:
  explicit CpuTarget(int threads) : queue_(threads) {}
  void run(const AnyOp& op) override { op.run(queue_); }

 private:
  kernels::CpuQueue queue_;
};
class ReferenceTarget final : public HostTarget {
 public:
  explicit ReferenceTarget(const OpTest& test) : reference_(test.reference) {}
  void run(const AnyOp& op) override { reference_(op.arguments()); }

 private:
  std::function<void(const void*)> reference_;
};
class CudaTarget final : public Target {
 public:
  bool is_cuda() const override { return true; }
  void run(const AnyOp& op) override {
    queue.set_planning(planned);
    op.run(queue);
    queue.set_planning(false);
  }
  std::byte* allocate(std::size_t bytes) override;
  void free(std::byte* memory) override;
  void write(std::byte* memory, const std::vector<std::byte>& bytes) override;
  void read(std::vector<std::byte>& bytes, const std::byte* memory) override;

  kernels::CudaQueue queue;
  bool planned = false;
};

// The memory of one operand: guard zones, and 0xFF bytes (NaN) wherever there is no element, too.
class OperandMemory {
 public:
  // The first element lies `shift` elements after a multiple of 256 bytes.
  OperandMemory(Target& target, const Operand& operand, index_t shift);
  ~OperandMemory();
  OperandMemory(const OperandMemory&) = delete;
  OperandMemory& operator=(const OperandMemory&) = delete;

  void* data() const { return memory_ + front_; }
  void put(const std::vector<double>& values);
  void put(const std::vector<std::byte>& object);
  // The elements; fails when bytes have changed outside of them, or at all when the operand isn't `written`,
  // and when an element of an output still holds what was there before (but while planning).
  std::vector<double> take(const std::string& op, bool written, bool must_be_written);

 private:
  std::size_t at(index_t row, index_t column) const;

  Target& target_;
  Operand operand_;
  std::size_t front_, bytes_;
  std::byte* memory_;
  std::vector<std::byte> before_;
};

// Values of operands by name, dense and as doubles, which hold each of the types exactly.
using Values = std::map<std::string, std::vector<double>>;

struct Setup {
  Values inputs;
  std::set<std::string> absent;                   // operands that are null
  std::map<std::string, index_t> shifts = {};     // operands that are misaligned, by how many elements
  std::pair<std::string, std::string> same = {};  // an output, and the input whose memory it is
  bool planned = false;                           // nothing may be computed
};
// Runs the op in `type` (OpCase::types) and returns what it wrote.
Values run_case(Target& target, const OpCase& c, std::size_t type, const Setup& setup);

// What may be left out, each way that the op allows: first with everything there, if that may be.
std::vector<std::set<std::string>> choices(const OpCase& c, std::size_t type);

// Inputs for the case, rounded to the operands' types.
Values draw(const OpCase& c, std::size_t type, const std::set<std::string>& absent);

}  // namespace poster::test
