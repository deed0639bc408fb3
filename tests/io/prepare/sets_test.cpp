#include "io/prepare/source_set.h"

#include <gtest/gtest.h>

#include "tests/support/error_text.h"

namespace poster::prepare {
namespace {

TEST(PrepareSet, UnknownNamesAreAnsweredWithTheKnown) {
  const std::string error = test::error_of([] { source_set("raf"); });
  for (const SourceSet& set : source_sets()) test::expect_contains(error, set.name);
  EXPECT_EQ(source_sets().size(), 10u);
}

}  // namespace
}  // namespace poster::prepare
