// Labelled pictures, and the folder layout they usually come in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/image.h"

namespace poster::io {

class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual std::int64_t size() const = 0;
  virtual std::int32_t label(std::int64_t index) const = 0;  // 0 .. classes().size() - 1
  virtual std::string path(std::int64_t index) const = 0;    // names the sample in messages
  // Called from several threads at once. Throws poster::Error for a picture that cannot be read.
  virtual Image load(std::int64_t index) const = 0;

  const std::vector<std::string>& classes() const { return classes_; }
  std::vector<std::int64_t> class_counts() const;
  std::vector<std::int32_t> labels() const;

 protected:
  std::vector<std::string> classes_;
};

// DIR/<split>/<class>/<picture>. Classes are the folder names in byte order, samples lie by class, then by
// file name in byte order. Pictures are told by their extension (io/image_reader.h); other files, and
// everything whose name begins with a dot, are left out.
class ImageFolder : public Dataset {
 public:
  // With `classes`, the folders must be exactly these, and labels follow the order given (a checkpoint's).
  // Throws poster::Error: no DIR, no split in it, class folders missing, unexpected, without pictures, or
  // with names that aren't UTF-8, a folder named like a picture.
  ImageFolder(const std::string& directory, const std::string& split,
              const std::optional<std::vector<std::string>>& classes = std::nullopt);

  std::int64_t size() const override { return static_cast<std::int64_t>(samples_.size()); }
  std::int32_t label(std::int64_t index) const override { return samples_[index].label; }
  std::string path(std::int64_t index) const override;
  Image load(std::int64_t index) const override;

  // Files that were left out because their names aren't pictures'.
  std::int64_t ignored() const { return ignored_; }

  // FNV-1a over classes, names and file sizes: the same for the same listing, wherever DIR lies.
  std::uint64_t listing_hash() const;

 private:
  struct Sample {
    std::string name;
    std::int32_t label = 0;
    std::uintmax_t bytes = 0;
  };

  void list_class(const std::string& name, std::int32_t label);

  std::string root_;  // DIR/<split>
  std::vector<Sample> samples_;
  std::int64_t ignored_ = 0;
};

}  // namespace poster::io
