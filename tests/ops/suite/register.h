// A test of gtest for each op and property: "gelu_forward.AgreesWithDouble".
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/ops/suite/checks.h"

namespace poster::test {

class PropertyTest : public testing::Test {
 public:
  explicit PropertyTest(std::function<void()> body) : body_(std::move(body)) {}
  void TestBody() override { body_(); }

 private:
  std::function<void()> body_;
};

inline void add_property(const OpTest& test, const char* property, std::function<void()> body) {
  testing::RegisterTest(test.name.c_str(), property, nullptr, nullptr, __FILE__, __LINE__,
                        [body = std::move(body)]() -> testing::Test* { return new PropertyTest(body); });
}

template <typename F>
std::function<void()> for_cases(const OpTest& test, index_t largest, F f) {
  return [&test, largest, f] {
    int ran = 0;
    for (const auto& c : test.cases)
      if (elements(*c) <= largest && !testing::Test::HasFatalFailure()) ++ran, f(*c);
    EXPECT_GT(ran, 0) << test.name << " has no case of up to " << largest << " elements";
  };
}

}  // namespace poster::test
