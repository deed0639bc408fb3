#include "engine/environment.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/device.h"
#include "engine/error.h"
#include "kernels/environment.h"
#include "tests/support/error_text.h"
#include "tests/support/scoped_variable.h"

namespace poster {
namespace {

using test::ScopedVariable;

TEST(Environment, ValuesThatMeanNothingAreRefused) {
  check_environment();
  for (const char* isa : {"baseline", "avx2", "avx512"}) {
    const ScopedVariable variable("POSTER_ISA", isa);
    check_environment();
  }
  for (const char* isa : {"nonsense", "", "AVX2", "avx2 "}) {
    const ScopedVariable variable("POSTER_ISA", isa);
    test::expect_contains(test::error_of([] { check_environment(); }), "use baseline, avx2 or avx512");
    // Programs of other people, too.
    test::expect_contains(test::error_of([] { Device::open("cpu", 1); }), "POSTER_ISA");
  }
  {
    const ScopedVariable folders("POSTER_CUDA_LIBRARY_PATH", "/tmp:/no/such/folder");
    EXPECT_EQ(test::error_of([] { check_environment(); }),
              "POSTER_CUDA_LIBRARY_PATH=/tmp:/no/such/folder: there is no folder /no/such/folder");
  }
  const ScopedVariable sync("POSTER_CUDA_SYNC", "yes");
  EXPECT_EQ(test::error_of([] { check_environment(); }), "POSTER_CUDA_SYNC=yes: use 1 for yes, 0 for no");
}

// docs/environment_variables.md has the table's rows and no others.
TEST(Environment, TheDocumentHasEveryVariable) {
  std::ifstream page(POSTER_SOURCE_DIR "/docs/environment_variables.md");
  std::vector<std::string> documented, rows;
  for (std::string line; std::getline(page, line);)
    if (line.starts_with("| `")) documented.push_back(line);
  for (const EnvironmentVariable& variable : kEnvironmentVariables) {
    std::string values = variable.values.empty() ? variable.kind : "";
    for (const std::string_view value : variable.values)
      values.append(values.empty() ? "" : ", ").append(value);
    rows.push_back(std::string("| `") + variable.name + "` | " + values + " | " + variable.purpose + " |");
  }
  EXPECT_EQ(documented, rows);
}

TEST(Environment, AFlagIsSetByOneAlone) {
  for (const auto& [value, set] : {std::pair{"1", true}, {"0", false}, {"", false}, {"11", false}}) {
    const ScopedVariable variable("POSTER_CUDA_SYNC", value);
    EXPECT_EQ(environment_flag(Variable::cuda_sync), set) << value;
  }
}

}  // namespace
}  // namespace poster
