// A tensor in an arena: shape and shared ownership of a block. Row-major; maps are N H W C. Copying shares
// the memory.
#pragma once

#include <array>
#include <initializer_list>
#include <utility>

#include "engine/arena.h"
#include "kernels/cpu_queue.h"

namespace poster {

using kernels::index_t;

struct Shape {
  std::array<index_t, 4> dims{};
  int rank = 0;

  Shape() = default;
  Shape(std::initializer_list<index_t> list) {
    for (index_t d : list) dims[rank++] = d;
  }
  index_t operator[](int i) const { return dims[i]; }
  index_t back() const { return dims[rank - 1]; }
  index_t count() const {
    index_t n = 1;
    for (int i = 0; i < rank; ++i) n *= dims[i];
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

  // The same memory under another shape of the same count.
  Tensor reshaped(Shape shape) const {
    Tensor t(*this);
    t.shape_ = shape;
    return t;
  }
  // `count` entries of the first dimension from `first` on, in the same memory.
  Tensor slice(index_t first, index_t count) const {
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
