#include "io/weights/safetensors_header.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/error.h"
#include "io/format/quoted_name.h"
#include "io/weights/safetensors_format.h"

namespace poster::io::safetensors_format {
namespace {

using nlohmann::json;

// Takes the parser's events. What stands where it doesn't belong is refused when it comes, so nothing is
// nested deeper than the format has it. Keys are looked for twice here, because JSON libraries keep the last
// of several.
class HeaderEvents : public nlohmann::json_sax<json> {
 public:
  HeaderEvents(Header& header, const std::filesystem::path& path) : header_(header), path_(path) {}

  bool start_object(std::size_t) override {
    if (place_ == Place::root) return go(Place::names);
    if (place_ == Place::value) return go(Place::fields);
    if (place_ == Place::metadata) return go(Place::texts);
    return misplaced();
  }
  bool end_object() override {
    if (place_ == Place::fields) finish_tensor();
    return go(place_ == Place::names ? Place::end : Place::names);
  }
  bool start_array(std::size_t) override {
    if (place_ == Place::shape) return go(Place::sides);
    if (place_ == Place::offsets) return go(Place::bounds);
    return misplaced();
  }
  bool end_array() override { return go(Place::fields); }

  bool key(std::string& key) override {
    if (place_ == Place::names) return begin_value(key);
    if (place_ == Place::texts) {
      const auto [found, is_new] = header_.metadata.try_emplace(key);
      if (!is_new) refuse_twice(key);
      text_ = found;
      return true;
    }
    const auto field = [&](Place place, bool& seen) {
      if (seen) refuse_twice(key);
      seen = true;
      return go(place);
    };
    if (key == "dtype") return field(Place::dtype, has_dtype_);
    if (key == "shape") return field(Place::shape, has_shape_);
    if (key == "data_offsets") return field(Place::offsets, has_offsets_);
    refuse(path_, tensor() + " has more than dtype, shape and data_offsets");
  }

  bool string(std::string& text) override {
    if (place_ == Place::texts) {
      text_->second = std::move(text);
      return true;
    }
    if (place_ != Place::dtype) return misplaced();
    const auto dtype = dtype_by_name(text);
    if (!dtype) refuse_dtype(text);
    entry_->second.dtype = *dtype;
    return go(Place::fields);
  }
  bool number_unsigned(std::uint64_t number) override {
    if (place_ == Place::sides) {
      if (number > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
        refuse(path_, tensor() + ": the shape is too large");
      entry_->second.shape.push_back(static_cast<std::int64_t>(number));
      return true;
    }
    if (place_ != Place::bounds) return misplaced();
    if (bounds_ < 2) (bounds_ == 0 ? entry_->second.begin : entry_->second.end) = number;
    ++bounds_;
    return true;
  }
  bool number_integer(std::int64_t) override { return misplaced(); }
  bool number_float(double, const std::string&) override { return misplaced(); }
  bool null() override { return misplaced(); }
  bool boolean(bool) override { return misplaced(); }
  bool binary(json::binary_t&) override { return misplaced(); }
  bool parse_error(std::size_t byte, const std::string&, const nlohmann::detail::exception&) override {
    refuse(path_, "the header is not valid JSON at byte " + std::to_string(byte));
  }

 private:
  // What is expected next, or what we are in.
  enum class Place { root, names, value, metadata, texts, fields, dtype, shape, sides, offsets, bounds, end };

  bool go(Place place) {
    place_ = place;
    return true;
  }
  std::string tensor() const { return "tensor " + quoted_name(entry_->first); }
  [[noreturn]] void refuse_twice(const std::string& key) const {
    refuse(path_, "the key " + quoted_name(key) + " occurs twice");
  }

  [[noreturn]] void refuse_dtype(const std::string& name) const {
    // Types of the format that no tensor of a network here has.
    constexpr std::string_view kOthers[] = {"C64",     "F4",      "F6_E2M3",     "F6_E3M2",    "F8_E4M3",
                                            "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"};
    if (std::find(std::begin(kOthers), std::end(kOthers), name) != std::end(kOthers))
      throw Error(path_.string() + ": " + tensor() + " is of dtype " + name +
                  ", which is not read here; convert it to F32, F16 or BF16");
    refuse(path_, tensor() + ": unknown dtype " + quoted_name(name));
  }

  bool begin_value(const std::string& name) {
    if (name == kMetadataKey) {
      if (has_metadata_) refuse_twice(name);
      has_metadata_ = true;
      return go(Place::metadata);
    }
    const auto [found, is_new] = header_.tensors.try_emplace(name);
    if (!is_new) refuse_twice(name);
    entry_ = found;
    has_dtype_ = has_shape_ = has_offsets_ = false;
    bounds_ = 0;
    return go(Place::value);
  }

  void finish_tensor() const {
    const HeaderEntry& entry = entry_->second;
    for (const auto& [seen, key] :
         {std::pair(has_dtype_, "dtype"), {has_shape_, "shape"}, {has_offsets_, "data_offsets"}})
      if (!seen) refuse(path_, tensor() + " has no " + key);
    if (bounds_ != 2) refuse(path_, tensor() + ": data_offsets are not two numbers");
    const auto size = byte_size(entry.dtype, entry.shape);
    if (!size) refuse(path_, tensor() + ": the shape " + describe_briefly(entry.shape) + " is too large");
    if (entry.end < entry.begin) refuse(path_, tensor() + ": data_offsets end before they begin");
    if (entry.end - entry.begin != *size)
      refuse(path_, tensor() + ": " + std::string(name_of(entry.dtype)) + " " +
                        describe_briefly(entry.shape) + " takes " + std::to_string(*size) +
                        " bytes, data_offsets give " + std::to_string(entry.end - entry.begin));
  }
  static std::string describe_briefly(const std::vector<std::int64_t>& shape) {
    constexpr std::size_t kMax = 16;
    return shape.size() <= kMax ? describe(shape) : "of " + std::to_string(shape.size()) + " dimensions";
  }

  // Something else stands where the format has one kind of value.
  [[noreturn]] bool misplaced() const {
    switch (place_) {
      case Place::metadata:
        refuse(path_, "__metadata__ is not an object");
      case Place::texts:
        refuse(path_, "__metadata__ " + quoted_name(text_->first) + " is not a text");
      case Place::value:
        refuse(path_, tensor() + " is not described by an object");
      case Place::dtype:
        refuse(path_, tensor() + ": the dtype is not a text");
      case Place::shape:
        refuse(path_, tensor() + ": the shape is not a list");
      case Place::offsets:
        refuse(path_, tensor() + ": data_offsets is not a list");
      case Place::sides:
        refuse(path_, tensor() + ": the shape holds something else than whole numbers from 0");
      case Place::bounds:
        refuse(path_, tensor() + ": data_offsets holds something else than whole numbers from 0");
      default:
        refuse(path_, "the header is not an object");
    }
  }

  Header& header_;
  const std::filesystem::path& path_;
  Place place_ = Place::root;
  std::map<std::string, HeaderEntry>::iterator entry_;
  std::map<std::string, std::string>::iterator text_;
  bool has_metadata_ = false, has_dtype_ = false, has_shape_ = false, has_offsets_ = false;
  int bounds_ = 0;
};

}  // namespace

void refuse(const std::filesystem::path& path, const std::string& why) {
  throw Error(path.string() + ": not a valid safetensors file: " + why + "; copy or save it again");
}

Header parse_header(std::string_view header, const std::filesystem::path& path) {
  if (header.empty() || header.front() != '{') refuse(path, "the header doesn't start with '{'");
  // The JSON library takes a zero byte for the end.
  if (const auto zero = header.find('\0'); zero != std::string_view::npos)
    refuse(path, "the header is not valid JSON at byte " + std::to_string(zero + 1));
  Header result;
  HeaderEvents events(result, path);
  json::sax_parse(header.begin(), header.end(), &events);
  return result;
}

}  // namespace poster::io::safetensors_format
