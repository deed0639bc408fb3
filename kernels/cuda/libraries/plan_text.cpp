#include "kernels/cuda/libraries/plan_text.h"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace poster::kernels {
namespace {

// All of the text, digits alone.
bool read(std::string_view text, std::int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0;
}

}  // namespace

std::string text_of(const Conv2dProblem& p) {
  constexpr const char* kPasses[] = {"conv2d_forward", "conv2d_backward_data", "conv2d_backward_weights"};
  constexpr const char* kAccuracies[] = {" exact", " high", " fast"};
  const Conv2dShape& s = p.shape;
  std::ostringstream text;
  text << kPasses[static_cast<int>(p.pass)] << ' ' << s.batch << 'x' << s.height << 'x' << s.width << 'x'
       << s.c_in << " out=" << s.c_out << " kernel=" << s.kernel << " stride=" << s.stride
       << " padding=" << s.padding
       << (p.half   ? " half"
           : p.tf32 ? " tf32"
                    : " float")
       << (p.bias ? " bias" : "") << (p.prelu ? " prelu" : "") << (p.residual ? " residual" : "")
       << kAccuracies[static_cast<int>(p.accuracy)] << " align=" << p.alignment;
  return text.str();
}

std::string text_of(const Conv2dChoice& c) {
  std::string text(kConv2dFusionNames[static_cast<int>(c.fusion)]);
  text += " " + std::to_string(c.choice.engine);
  for (const auto& [kind, value] : c.choice.knobs)
    text += " " + std::to_string(kind) + "=" + std::to_string(value);
  return text;
}

Conv2dChoice conv2d_choice(const std::string& text) {
  const auto wrong = [&] { return CudaError("\"" + text + "\" is no plan"); };
  std::istringstream words(text);
  std::string word;
  words >> word;
  const auto* const fusion = std::ranges::find(kConv2dFusionNames, word);
  if (fusion == std::end(kConv2dFusionNames)) throw wrong();
  Conv2dChoice c{.fusion = static_cast<Conv2dFusion>(fusion - std::begin(kConv2dFusionNames)), .choice = {}};
  if (!(words >> word) || !read(word, c.choice.engine)) throw wrong();
  while (words >> word) {
    const std::size_t middle = word.find('=');
    auto& [kind, value] = c.choice.knobs.emplace_back();
    if (middle == std::string::npos || !read(word.substr(0, middle), kind) ||
        !read(word.substr(middle + 1), value))
      throw wrong();
  }
  return c;
}

}  // namespace poster::kernels
