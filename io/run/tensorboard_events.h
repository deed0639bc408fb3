// The records of a TensorBoard event file, as bytes.
//
// A file is a sequence of TFRecords (tensorflow/core/lib/io/record_writer.h), little endian:
//   uint64 length | uint32 masked CRC of these 8 bytes | `length` bytes | uint32 masked CRC of them
// with CRC-32C, masked as ((crc >> 15) | (crc << 17)) + 0xa282ead8. Each holds one Event in protobuf's wire
// format. Fields that are written, by number (tensorflow/core/util/event.proto, core/framework/summary.proto,
// tensor.proto, tensor_shape.proto, types.proto; tensorboard/plugins/custom_scalar/layout.proto):
//   Event          1 wall_time (double), 2 step (int64), and one of 3 file_version, 5 summary, 7 session_log
//   SessionLog     1 status: 1 = START
//   Summary        1 value (repeated)
//   Summary.Value  1 tag, 9 metadata, and one of 2 simple_value (float), 4 image, 8 tensor
//   Image          1 height, 2 width, 3 colorspace: 3 = RGB, 4 = RGBA, 4 encoded_image_string
//   SummaryMetadata 1 plugin_data: 1 plugin_name
//   TensorProto    1 dtype: 7 = DT_STRING, 2 tensor_shape: no dimension, 8 string_val
//   Layout         2 category: 1 title, 2 chart: 1 title, 2 multiline: 1 tag (repeated, regular expressions)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace poster::io {

// One Summary, and the record of an Event around it.
class TensorBoardSummary {
 public:
  void scalar(std::string_view tag, double value);
  void png(std::string_view tag, std::string_view file);  // throws poster::Error when it is no PNG
  void text(std::string_view tag, std::string_view markdown);
  // Charts of the tab "Custom scalars": curves that lie over each other.
  struct Chart {
    std::string title;
    std::vector<std::string> tags;
  };
  void layout(std::string_view title, const std::vector<Chart>& charts);

  std::string record(double wall_time, std::int64_t step) const;

 private:
  void value(std::string_view tag, std::string_view content);
  std::string bytes_;
};

// What a file begins with: the version, and a SessionLog that tells readers to forget whatever steps they
// know of this run.
std::string tensorboard_beginning(double wall_time);

}  // namespace poster::io
