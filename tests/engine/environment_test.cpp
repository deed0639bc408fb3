#include "engine/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/device.h"
#include "engine/error.h"
#include "tests/support/error_text.h"

namespace poster {
namespace {

class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value, 1);
  }
  ~Variable() { before_.empty() ? ::unsetenv(name_) : ::setenv(name_, before_.c_str(), 1); }

 private:
  const char* name_;
  std::string before_;
};

TEST(Environment, ValuesThatMeanNothingAreRefused) {
  check_environment();
  for (const char* isa : {"baseline", "avx2", "avx512"}) {
    const Variable variable("POSTER_ISA", isa);
    check_environment();
  }
  for (const char* isa : {"nonsense", "", "AVX2", "avx2 "}) {
    const Variable variable("POSTER_ISA", isa);
    test::expect_contains(test::error_of([] { check_environment(); }), "use baseline, avx2 or avx512");
    // Programs of other people, too.
    test::expect_contains(test::error_of([] { Device::open("cpu", 1); }), "POSTER_ISA");
  }
  {
    const Variable folders("POSTER_CUDA_LIBRARY_PATH", "/tmp:/no/such/folder");
    EXPECT_EQ(test::error_of([] { check_environment(); }),
              "POSTER_CUDA_LIBRARY_PATH=/tmp:/no/such/folder: there is no folder /no/such/folder");
  }
  const Variable sync("POSTER_CUDA_SYNC", "yes");
  EXPECT_EQ(test::error_of([] { check_environment(); }), "POSTER_CUDA_SYNC=yes: use 1 for yes, 0 for no");
}

}  // namespace
}  // namespace poster
