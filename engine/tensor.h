// A tensor in an arena: shape and shared ownership of a block. Row-major; maps are N H W C. Copying shares
// the memory.
#pragma once

#include <array>
#include <initializer_list>
#include <string>
#include <utility>

#include "engine/arena.h"
#include "engine/error.h"
#include "kernels/cpu_queue.h"

namespace poster {

using kernels::index_t;

// Throws Error for more than four sides, a negative one, and a count that no memory holds.
struct Shape {
  static constexpr int kMaxRank = 4;
  static constexpr index_t kMaxCount = index_t{1} << 56;
  std::array<index_t, kMaxRank> dims{};
  int rank = 0;

  Shape() = default;
  Shape(std::initializer_list<index_t> list) {
    if (list.size() > kMaxRank) throw Error("tensor: a shape of more than four sides");
    for (index_t d : list) {
      if (d < 0) throw Error("tensor: a side of " + std::to_string(d));
      dims[rank++] = d;
    }
  }
  index_t operator[](int i) const { return dims[i]; }
  // Of at least one side.
  index_t back() const {
    if (rank == 0) throw Error("tensor: the last side of a shape without sides");
    return dims[rank - 1];
  }
  index_t count() const {
    index_t n = 1;
    for (int i = 0; i < rank; ++i)
      if (__builtin_mul_overflow(n, dims[i], &n) || n > kMaxCount)
        throw Error("out of memory: a tensor of more elements than any memory holds");
    return n;
  }
  index_t rows() const { return back() ? count() / back() : 0; }  // all but the last dimension
  bool operator==(const Shape&) const = default;
};

template <typename T>
class Tensor {
 public:
  Tensor() = default;
  Tensor(Arena& arena, Shape shape)
      : arena_(&arena),
        block_(arena.allocate(static_cast<std::size_t>(shape.count()) * sizeof(T))),
        shape_(shape) {}
  Tensor(const Tensor& other)
      : arena_(other.arena_), block_(other.block_), offset_(other.offset_), shape_(other.shape_) {
    if (arena_) arena_->share(block_);
  }
  Tensor(Tensor&& other) noexcept { swap(other); }
  Tensor& operator=(Tensor other) noexcept {
    swap(other);
    return *this;
  }
  ~Tensor() {
    if (arena_) arena_->free(block_);
  }
  void swap(Tensor& other) noexcept {
    std::swap(arena_, other.arena_);
    std::swap(block_, other.block_);
    std::swap(offset_, other.offset_);
    std::swap(shape_, other.shape_);
  }

  // Empty also when the arena has forgotten its blocks since (Arena::forget_blocks).
  explicit operator bool() const { return arena_ && arena_->alive(block_); }
  T* data() const { return *this ? reinterpret_cast<T*>(arena_->data(block_)) + offset_ : nullptr; }
  const Shape& shape() const { return shape_; }
  index_t count() const { return shape_.count(); }
  index_t rows() const { return shape_.rows(); }
  index_t back() const { return shape_.back(); }
  // Nobody else holds the memory: it may be overwritten.
  bool unique() const { return arena_ && arena_->unique(block_); }

  // The same memory under another shape of the same count; throws Error for another count.
  Tensor reshaped(Shape shape) const {
    if (shape.count() != count()) throw Error("tensor: reshaped to another count");
    Tensor t(*this);
    t.shape_ = shape;
    return t;
  }
  // `count` entries of the first dimension from `first` on, in the same memory; throws Error beyond its end.
  Tensor slice(index_t first, index_t count) const {
    if (shape_.rank == 0 || first < 0 || count < 0 || first > shape_.dims[0] - count)
      throw Error("tensor: a slice beyond the first side");
    Tensor t(*this);
    t.offset_ += shape_.dims[0] ? first * (shape_.count() / shape_.dims[0]) : 0;
    t.shape_.dims[0] = count;
    return t;
  }

 private:
  Arena* arena_ = nullptr;
  Arena::BlockId block_;
  index_t offset_ = 0;  // of a slice, in elements
  Shape shape_;
};

}  // namespace poster
