// What a film's header promises and what came, for one line at its end.
#pragma once

#include <cstdint>
#include <string>

namespace poster::io {

struct FilmCount {
  std::int64_t expected_frames = 0;  // by header or index; 0: unknown
  bool exact = false;                // the index lists every one of them
  double expected_s = 0;             // how long the film is said to be; 0: unknown
  double tolerance_s = 0;            // by which `expected_s` may be wrong
  bool torn = false;                 // the file doesn't end as its container says
  double frames_per_second = 0;

  std::int64_t packets = 0;  // coded frames that came
  std::int64_t unseen = 0;   // of these: before the film's beginning, decoded for others alone
  double read_s = 0;         // how far the film was read
  std::int64_t frames = 0;   // that were given
  std::int64_t damaged = 0;  // of these
  std::int64_t first_damaged = -1, last_damaged = -1;
  std::int64_t errors = 0;      // of container and decoder
  std::string disk_error = {};  // what the disk said, or empty

  void add_damaged(std::int64_t frame);
  // Whether less came than was promised.
  bool ends_early() const;
  // The line without path, or empty where nothing is wrong.
  std::string complaint() const;

 private:
  std::string promised() const;
};

}  // namespace poster::io
