#include "io/device/conv_plan_file.h"

#include "engine/error.h"
#include "io/format/atomic_file.h"
#include "io/format/quoted_name.h"
#include "io/format/text.h"
#include "kernels/environment.h"

namespace poster::io {
namespace {

constexpr std::string_view kFirstLine = "Poster's plans for cuDNN, version 1";
constexpr std::uint64_t kMaxBytes = std::uint64_t{16} << 20;

}  // namespace

std::string conv_plan_text(const ConvPlanFile& file) {
  std::string text = std::string(kFirstLine) + "\n" + file.made_for + "\n";
  for (const auto& [problem, plan] : file.plans) text.append(problem).append(": ").append(plan).append("\n");
  return text;
}

ConvPlanFile parse_conv_plans(std::string_view text, const std::string& name) {
  const auto lines = text_lines(text);
  const auto refuse = [&](std::size_t line, const std::string& why) {
    throw Error(name + ", line " + std::to_string(line + 1) + ": " + why +
                "; make the file anew: network_times --tune");
  };
  if (lines.empty() || lines[0] != kFirstLine) refuse(0, "not \"" + std::string(kFirstLine) + "\"");
  if (lines.size() < 2 || lines[1].empty()) refuse(1, "no device");
  ConvPlanFile file{.made_for = std::string(lines[1]), .plans = {}};
  for (std::size_t i = 2; i < lines.size(); ++i) {
    const std::size_t middle = lines[i].find(": ");
    if (middle == 0 || middle == std::string_view::npos || middle + 2 == lines[i].size())
      refuse(i, "not a convolution and its plan");
    const auto [entry, is_new] = file.plans.emplace(lines[i].substr(0, middle), lines[i].substr(middle + 2));
    if (!is_new) refuse(i, "a second plan for " + entry->first);
  }
  return file;
}

std::string load_conv_plans(Device& device) {
  const char* const path = environment(Variable::cudnn_plans);
  auto* const queue = device.cuda();
  if (!path || !*path || !queue) return "";
  const std::string name = "POSTER_CUDNN_PLANS " + quoted_name(path);
  ConvPlanFile file;
  try {
    file = parse_conv_plans(read_text(path, kMaxBytes), name);
  } catch (const Error& error) {
    const std::string why = error.what();
    throw Error(why.starts_with(name) ? why : name + ": " + why);
  }
  const std::string here = kernels::conv_plans_are_for(*queue);
  if (file.made_for != here)
    return name + " is for " + file.made_for + ", and this is " + here +
           ": it is left alone, and convolutions run as cuDNN recommends";
  kernels::use_conv_plans(*queue, std::move(file.plans));
  return "";
}

void save_conv_plans(Device& device, const std::filesystem::path& path) {
  auto* const queue = device.cuda();
  if (!queue) throw Error(quoted_name(path.string()) + ": plans are measured on a CUDA device alone");
  write_file_atomically(path, conv_plan_text({.made_for = kernels::conv_plans_are_for(*queue),
                                              .plans = kernels::conv_plans(*queue)}));
}

}  // namespace poster::io
