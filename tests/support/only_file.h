// The one file of a folder whose name begins and ends so: names of evaluations hold what they are of.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace poster::test {

inline std::filesystem::path only_file(const std::filesystem::path& folder, const std::string& begin,
                                       const std::string& end) {
  std::filesystem::path found;
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(begin) || !name.ends_with(end)) continue;
    found = entry.path();
    ++count;
  }
  EXPECT_EQ(count, 1) << folder << " " << begin << "*" << end;
  return found;
}

}  // namespace poster::test
