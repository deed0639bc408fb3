#include "io/format/mapping_guard.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

namespace poster::io {

// A list that only grows: a signal handler may walk it at any moment. Entries are used again.
struct MappingGuard::Entry {
  std::atomic<bool> used{true};
  std::atomic<std::uintptr_t> begin{0}, end{0};
  std::atomic<bool> failed{false};
  Entry* next = nullptr;
};

struct MappingFault {
  using Entry = MappingGuard::Entry;

  static inline std::atomic<Entry*> first{nullptr};
  static inline struct sigaction before = {};
  static inline std::uintptr_t page = 4096;

  static bool fill_with_zeros(std::uintptr_t address) {
    for (Entry* entry = first.load(std::memory_order_acquire); entry != nullptr; entry = entry->next) {
      const std::uintptr_t begin = entry->begin.load(std::memory_order_acquire), end = entry->end.load();
      if (begin == 0 || address < begin || address >= end) continue;
      // To the end at once: behind the new end of a file nothing is there, and none of it counts any more.
      const std::uintptr_t from = address / page * page, to = (end + page - 1) / page * page;
      if (::mmap(reinterpret_cast<void*>(from), to - from, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                 -1, 0) == MAP_FAILED)
        return false;
      entry->failed.store(true);
      return true;
    }
    return false;
  }

  static void on_signal(int number, siginfo_t* info, void* context) {
    const int error_number = errno;
    const bool mended = fill_with_zeros(reinterpret_cast<std::uintptr_t>(info->si_addr));
    errno = error_number;
    if (mended) return;
    if ((before.sa_flags & SA_SIGINFO) != 0) {
      before.sa_sigaction(number, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
      before.sa_handler(number);
    } else {
      ::signal(number, SIG_DFL);  // the instruction faults again, and ends the program
    }
  }

  static bool install() {
    page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    struct sigaction action = {};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    return ::sigaction(SIGBUS, &action, &before) == 0;
  }

  static Entry* take() {
    for (Entry* entry = first.load(std::memory_order_acquire); entry != nullptr; entry = entry->next) {
      bool used = false;
      if (entry->used.compare_exchange_strong(used, true)) return entry;
    }
    Entry* const entry = new Entry;
    entry->next = first.load();
    while (!first.compare_exchange_weak(entry->next, entry, std::memory_order_release)) {
    }
    return entry;
  }
};

MappingGuard::MappingGuard(std::span<const std::byte> mapping) {
  static const bool installed = MappingFault::install();
  if (!installed || mapping.empty()) return;
  entry_ = MappingFault::take();
  const auto begin = reinterpret_cast<std::uintptr_t>(mapping.data());
  entry_->failed.store(false);
  entry_->end.store(begin + mapping.size());
  entry_->begin.store(begin, std::memory_order_release);
}

MappingGuard::~MappingGuard() {
  if (entry_ == nullptr) return;
  entry_->begin.store(0, std::memory_order_release);
  entry_->used.store(false);
}

bool MappingGuard::failed() const { return entry_ != nullptr && entry_->failed.load(); }

}  // namespace poster::io
