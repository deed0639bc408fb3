#include "tests/support/device_backend.h"

namespace poster::test {

int order_count() { return 1; }
void choose_order(int) {}
std::string order_name(int) { return "the GPU's"; }
void fence(void*, std::size_t) {}
void unfence(void*, std::size_t) {}
std::int64_t pageable_copies() { return 0; }

}  // namespace poster::test
