// Which files of a folder are images: the one rule for training, preparing and prediction, that of
// torchvision's ImageFolder (folder.py, IMG_EXTENSIONS and make_dataset) with three differences. Names that
// begin with a dot are passed over; .jfif, .jpe and .jif, which are JPEG too, are taken; a link that leads
// back to a folder above it is not followed, where os.walk goes round until the system stops it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace poster::io {

// Whether the name ends as an image's, in any case: .jpg .jpeg .png .ppm .bmp .pgm .tif .tiff .webp, and
// .jfif .jpe .jif. What lies in the file may still be something else.
bool has_image_extension(const std::string& name);

// What was not taken of a folder, by kind and number.
class LeftOut {
 public:
  enum class Trouble {
    link_to_nowhere,
    link_back,
    unreadable_folder,
    unreadable_file,
    no_file,        // a named pipe, a device
    image_folder,   // a folder that is named like an image and holds none
    inner_folder,   // where folders within it are not wanted
    beside_classes  // an image beside the class folders (io/data/dataset.h)
  };
  struct Entry {
    Trouble trouble;
    std::string path;
    std::string why;  // the system's words, or empty
  };

  // A file of another kind, by its name.
  void add_file(const std::string& name);
  void add_hidden() { ++hidden_; }
  void add(Entry entry) { entries_.push_back(std::move(entry)); }
  void add(const LeftOut& other);

  bool empty() const { return kinds_.empty() && hidden_ == 0 && entries_.empty(); }
  std::int64_t count() const;
  // Files of other kinds by extension in lower case (".heic"; "" for none).
  const std::map<std::string, std::int64_t>& kinds() const { return kinds_; }
  // What could not be looked at, in the order of the walk; each may deserve a line of its own.
  const std::vector<Entry>& entries() const { return entries_; }

  // "left out: 2 .heic, 1 .gif; 3 hidden; 1 link to nowhere (a/b.jpg); 1 folder that cannot be read
  // (a/locked)". One line whatever the names; empty when nothing was left out.
  std::string line() const;

 private:
  std::map<std::string, std::int64_t> kinds_;
  std::int64_t hidden_ = 0;
  std::vector<Entry> entries_;
};

// One line on one entry: "a/locked: a folder that cannot be read (Permission denied); check its permissions".
std::string describe(const LeftOut::Entry& entry);

struct ListedFile {
  std::string name;  // below the folder, "/" between parts
  std::uint64_t bytes = 0;
};

struct ImageListing {
  // As ImageFolder's sorted(os.walk()): folders by their whole path, the files of one by name, in byte order.
  std::vector<ListedFile> files;
  LeftOut left_out;
};

struct ListingOptions {
  // Which names to take.
  std::function<bool(const std::string& name)> takes = has_image_extension;
  // Folders not to go into, without a word: what the program itself writes.
  std::function<bool(const std::filesystem::path& folder)> passes_over = {};
  bool nested = true;  // folders within it, too
};

// The files of a folder that are taken: regular files and links to such. Throws poster::Error when the folder
// itself cannot be listed; anything below it that cannot be read loses nothing else, and is recorded.
ImageListing list_images(const std::filesystem::path& folder, const ListingOptions& options = {});

}  // namespace poster::io
