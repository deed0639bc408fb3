// The study's places on this machine: where they lie, whether they are there, and the faces that it draws
// itself.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "apps/study/study_file.h"

namespace poster::study {

class Places {
 public:
  // `given`: "NAME=PATH" of the command line, in place of what the study says. Throws Error for other texts,
  // and for names that the study doesn't have.
  Places(const Study& study, const std::filesystem::path& folder, const std::vector<std::string>& given);

  // By name; places may lie anywhere, or not be there.
  const std::map<std::string, std::string>& paths() const { return paths_; }
  const std::string& path(const std::string& name) const { return paths_.at(name); }
  bool drawn(const std::string& name) const;

  // What is wrong with the place and how to mend it; empty: it is there, or will be drawn.
  std::string trouble(const std::string& name) const;

  bool there(const std::string& name) const;

  // Sees to it that the data set is there, with its three splits; draws faces that aren't yet, all or none.
  // Returns hashes of the listings of its splits. Throws Error.
  Json prepare(const std::string& name, int threads) const;
  // The hashes alone.
  Json listing(const std::string& name) const;

 private:
  void draw(const Place& place, int threads) const;

  const Study& study_;
  std::map<std::string, std::string> paths_;
  std::map<std::string, bool> drawn_;
};

}  // namespace poster::study
