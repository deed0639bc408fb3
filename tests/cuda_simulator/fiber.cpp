#include "tests/cuda_simulator/fiber.h"

#include <sys/mman.h>

#include <boost/context/fiber.hpp>
#include <new>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace cuda_simulator {
namespace {

namespace context = boost::context;

// Stacks with a page below them that can't be touched; kept for the next fiber. One caller at a time.
struct GuardedStack {
  static constexpr std::size_t kSize = 256 * 1024, kGuard = 4096;

  static std::vector<void*>& kept() {
    static std::vector<void*> stacks;
    return stacks;
  }
  context::stack_context allocate() {
    context::stack_context stack;
    stack.size = kSize;
    if (!kept().empty()) {
      stack.sp = kept().back();
      kept().pop_back();
      return stack;
    }
    void* const memory = mmap(nullptr, kSize + kGuard, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    mprotect(memory, kGuard, PROT_NONE);
    stack.sp = static_cast<char*>(memory) + kGuard + kSize;
    return stack;
  }
  void deallocate(context::stack_context& stack) noexcept {
#if defined(__SANITIZE_ADDRESS__)
    ASAN_UNPOISON_MEMORY_REGION(static_cast<char*>(stack.sp) - kSize, kSize);
#endif
    kept().push_back(stack.sp);
  }
};

// AddressSanitizer must be told of every change of stacks.
#if defined(__SANITIZE_ADDRESS__)
void leave(void** fake_stack, const void* bottom, std::size_t size) {
  __sanitizer_start_switch_fiber(fake_stack, bottom, size);
}
void arrive(void* fake_stack, const void** bottom, std::size_t* size) {
  __sanitizer_finish_switch_fiber(fake_stack, bottom, size);
}
#else
void leave(void**, const void*, std::size_t) {}
void arrive(void*, const void**, std::size_t*) {}
#endif

}  // namespace

struct Fiber::Impl {
  std::function<void()> body;
  context::fiber inside, outside;
  const void *inside_bottom = nullptr, *outside_bottom = nullptr;
  std::size_t inside_size = 0, outside_size = 0;
  void *inside_fake = nullptr, *outside_fake = nullptr;
  bool ending = false;

  void go_out() {
    leave(&inside_fake, outside_bottom, outside_size);
    outside = std::move(outside).resume();
    arrive(inside_fake, &outside_bottom, &outside_size);
  }
  void go_in() {
    leave(&outside_fake, inside_bottom, inside_size);
    inside = std::move(inside).resume();
    arrive(outside_fake, nullptr, nullptr);
  }
};

Fiber::Fiber(std::function<void()> body) : impl_(std::make_unique<Impl>()) {
  impl_->body = std::move(body);
  GuardedStack stacks;
  context::stack_context stack = stacks.allocate();
  impl_->inside_bottom = static_cast<char*>(stack.sp) - stack.size;
  impl_->inside_size = stack.size;
  impl_->inside = context::fiber(std::allocator_arg, context::preallocated(stack.sp, stack.size, stack),
                                 stacks, [impl = impl_.get()](context::fiber&& caller) {
                                   impl->outside = std::move(caller);
                                   arrive(nullptr, &impl->outside_bottom, &impl->outside_size);
                                   while (!impl->ending) {
                                     impl->body();
                                     impl->go_out();
                                   }
                                   leave(nullptr, impl->outside_bottom, impl->outside_size);
                                   return std::move(impl->outside);
                                 });
}

Fiber::~Fiber() {
  impl_->ending = true;
  impl_->go_in();
}

void Fiber::resume() { impl_->go_in(); }
void Fiber::suspend() { impl_->go_out(); }

}  // namespace cuda_simulator
