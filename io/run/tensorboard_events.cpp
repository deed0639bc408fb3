#include "io/run/tensorboard_events.h"

#include <bit>
#include <span>

#include "io/codec/image_header.h"
#include "io/format/checksum.h"

namespace poster::io {
namespace {

// protobuf's wire format (protobuf.dev/programming-guides/encoding): a key of field number and wire type,
// then a varint, 8 bytes, a length with bytes, or 4 bytes.
enum class Wire { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

std::string varint(std::uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) text += static_cast<char>(value | 0x80);
  return text + static_cast<char>(value);
}

template <typename Word>
std::string little_endian(Word word) {
  std::string text;
  for (std::size_t i = 0; i < sizeof word; ++i) text += static_cast<char>(word >> 8 * i & 0xFF);
  return text;
}

std::string key(int field, Wire wire) {
  return varint(static_cast<std::uint64_t>(field << 3 | static_cast<int>(wire)));
}
std::string number(int field, std::int64_t value) {
  return key(field, Wire::varint) + varint(static_cast<std::uint64_t>(value));
}
std::string real(int field, double value) {
  return key(field, Wire::fixed64) + little_endian(std::bit_cast<std::uint64_t>(value));
}
std::string real(int field, float value) {
  return key(field, Wire::fixed32) + little_endian(std::bit_cast<std::uint32_t>(value));
}
std::string bytes(int field, std::string_view value) {
  return (key(field, Wire::bytes) + varint(value.size())).append(value);
}

std::string masked_crc(std::string_view text) {
  const std::uint32_t crc = crc32c(text.data(), text.size());
  return little_endian(std::rotr(crc, 15) + 0xa282ead8u);
}

std::string record_of(double wall_time, std::int64_t step, std::string_view what) {
  // protobuf leaves a zero out; readers take what is missing for zero.
  const std::string event = (real(1, wall_time) + (step != 0 ? number(2, step) : "")).append(what);
  const std::string length = little_endian(std::uint64_t{event.size()});
  return length + masked_crc(length) + event + masked_crc(event);
}

std::string string_tensor(std::string_view plugin, std::string_view text) {
  constexpr int kString = 7;
  return bytes(9, bytes(1, bytes(1, plugin))) + bytes(8, number(1, kString) + bytes(2, "") + bytes(8, text));
}

}  // namespace

void TensorBoardSummary::value(std::string_view tag, std::string_view content) {
  bytes_ += bytes(1, bytes(1, tag).append(content));
}

void TensorBoardSummary::scalar(std::string_view tag, double number) {
  value(tag, real(2, static_cast<float>(number)));
}

void TensorBoardSummary::png(std::string_view tag, std::string_view file) {
  const auto* first = reinterpret_cast<const std::uint8_t*>(file.data());
  const ImageHeader header = inspect_image_header({first, file.size()}, std::string(tag));
  constexpr int kRgba = 4;
  value(tag,
        bytes(4, number(1, header.height) + number(2, header.width) + number(3, kRgba) + bytes(4, file)));
}

void TensorBoardSummary::text(std::string_view tag, std::string_view markdown) {
  value(tag, string_tensor("text", markdown));
}

void TensorBoardSummary::layout(std::string_view title, const std::vector<Chart>& charts) {
  std::string category = bytes(1, title);
  for (const Chart& chart : charts) {
    std::string lines;
    for (const std::string& tag : chart.tags) lines += bytes(1, tag);
    category += bytes(2, bytes(1, chart.title) + bytes(2, lines));
  }
  value("custom_scalars__config__", string_tensor("custom_scalars", bytes(2, category)));
}

std::string TensorBoardSummary::record(double wall_time, std::int64_t step) const {
  return record_of(wall_time, step, bytes(5, bytes_));
}

std::string tensorboard_beginning(double wall_time) {
  constexpr int kStart = 1;
  return record_of(wall_time, 0, bytes(3, "brain.Event:2")) +
         record_of(wall_time, 0, bytes(7, number(1, kStart)));
}

}  // namespace poster::io
