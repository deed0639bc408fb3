// Numbers as a report shows them; "–" where there is none.
#pragma once

#include <cmath>
#include <cstdio>
#include <string>

namespace poster {

inline constexpr const char* kNone = "–";

inline std::string fixed(double value, int digits, const char* unit = "") {
  if (!std::isfinite(value)) return kNone;
  char text[400];
  std::snprintf(text, sizeof text, "%.*f%s", digits, value, unit);
  return text;
}

inline std::string percent(double value) { return fixed(value, 2, " %"); }

// "1 h 02 min", "3 min 05 s", "12.3 s".
inline std::string duration(double seconds) {
  if (!std::isfinite(seconds)) return kNone;
  char text[64];
  if (seconds < 60) {
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  } else if (seconds < 3600) {
    const auto whole = static_cast<long>(seconds + 0.5);
    std::snprintf(text, sizeof text, "%ld min %02ld s", whole / 60, whole % 60);
  } else {
    const auto minutes = static_cast<long>(seconds / 60 + 0.5);
    std::snprintf(text, sizeof text, "%ld h %02ld min", minutes / 60, minutes % 60);
  }
  return text;
}

inline std::string plural(long long count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

}  // namespace poster
