// Guard zones on the CPU: AddressSanitizer, where it watches, sees what reads them.
#include "tests/support/device_backend.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace poster::test {

int order_count() { return 1; }
void choose_order(int) {}
std::string order_name(int) { return "the CPU's"; }

#if defined(__SANITIZE_ADDRESS__)
void fence(void* memory, std::size_t bytes) { ASAN_POISON_MEMORY_REGION(memory, bytes); }
void unfence(void* memory, std::size_t bytes) { ASAN_UNPOISON_MEMORY_REGION(memory, bytes); }
#else
void fence(void*, std::size_t) {}
void unfence(void*, std::size_t) {}
#endif

}  // namespace poster::test
