// Labelled images, and the folder layout they usually come in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/format/image_listing.h"
#include "io/image/image.h"

namespace poster::io {

class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual std::int64_t size() const = 0;
  virtual std::int32_t label(std::int64_t index) const = 0;  // 0 .. classes().size() - 1
  virtual std::string path(std::int64_t index) const = 0;    // names the sample in messages
  // Called from several threads at once. Throws poster::Error for an image that cannot be read.
  virtual Image load(std::int64_t index) const = 0;

  const std::vector<std::string>& classes() const { return classes_; }
  std::vector<std::int64_t> class_counts() const;
  std::vector<std::int32_t> labels() const;

 protected:
  std::vector<std::string> classes_;
};

// Which files of a class folder are its images.
enum class FolderRule {
  image_folder,  // torchvision's ImageFolder: io/format/image_listing.h
  // Before that: .jpg .jpeg .png .bmp .webp .tif .tiff, and no folders within a class folder. For runs that
  // were begun so.
  flat,
};

// DIR/<split>/<class>/…/<image>. Classes are the folder names in byte order, samples lie by class, then in
// the order of list_images. What is left out is recorded.
class ImageFolder : public Dataset {
 public:
  // With `classes`, the folders must be exactly these, and labels follow the order given (a checkpoint's).
  // Throws poster::Error: no DIR, no split in it, class folders missing, unexpected, without images, or
  // with names that aren't UTF-8; an image or a folder that cannot be read, which a network would silently
  // be trained without.
  ImageFolder(const std::string& directory, const std::string& split,
              const std::optional<std::vector<std::string>>& classes = std::nullopt,
              FolderRule rule = FolderRule::image_folder);

  std::int64_t size() const override { return static_cast<std::int64_t>(samples_.size()); }
  std::int32_t label(std::int64_t index) const override { return samples_[index].label; }
  std::string path(std::int64_t index) const override;
  Image load(std::int64_t index) const override;

  const std::string& root() const { return root_; }  // DIR/<split>
  const LeftOut& left_out() const { return left_out_; }

  // FNV-1a over classes, names and file sizes: the same for the same listing, wherever DIR lies.
  std::uint64_t listing_hash() const;

 private:
  struct Sample {
    std::string name;
    std::int32_t label = 0;
    std::uint64_t bytes = 0;
  };

  void find_classes(const std::string& directory, const std::string& split);
  void list_class(const std::string& name, std::int32_t label, FolderRule rule);

  std::string root_;
  std::vector<Sample> samples_;
  LeftOut left_out_;
};

// A listing's hash as it stands in files: 16 hexadecimal digits.
std::string listing_text(std::uint64_t listing_hash);

}  // namespace poster::io
