// What an error says.
#pragma once

#include <gtest/gtest.h>

#include <exception>
#include <string>

namespace poster::test {

// The message of what `call` throws, or "".
template <typename F>
std::string error_of(F call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

inline void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

}  // namespace poster::test
