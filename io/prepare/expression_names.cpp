#include "io/prepare/expression_names.h"

#include <algorithm>
#include <unordered_map>

#include "io/prepare/text_encoding.h"

namespace poster::prepare {

std::string expression_name(std::string_view label) {
  static const std::unordered_map<std::string, std::string> names = {
      {"anger", "anger"},
      {"angry", "anger"},
      {"an", "anger"},
      {"분노", "anger"},
      {"contempt", "contempt"},
      {"contemptuous", "contempt"},
      {"disgust", "disgust"},
      {"disgusted", "disgust"},
      {"di", "disgust"},
      {"혐오", "disgust"},
      {"fear", "fear"},
      {"fearful", "fear"},
      {"afraid", "fear"},
      {"scared", "fear"},
      {"af", "fear"},
      {"fe", "fear"},
      {"공포", "fear"},
      {"happiness", "happiness"},
      {"happy", "happiness"},
      {"joy", "happiness"},
      {"ha", "happiness"},
      {"기쁨", "happiness"},
      {"neutral", "neutral"},
      {"neutrality", "neutral"},
      {"ne", "neutral"},
      {"중립", "neutral"},
      {"sadness", "sadness"},
      {"sad", "sadness"},
      {"sa", "sadness"},
      {"슬픔", "sadness"},
      {"surprise", "surprise"},
      {"surprised", "surprise"},
      {"su", "surprise"},
      {"놀람", "surprise"},
      {"embarrassment", "embarrassment"},
      {"embarrassed", "embarrassment"},
      {"당황", "embarrassment"},
      {"anxiety", "anxiety"},
      {"anxious", "anxiety"},
      {"불안", "anxiety"},
      {"hurt", "hurt"},
      {"상처", "hurt"},
      {"unknown", "unknown"},
      {"알수없음", "unknown"},
  };
  std::string key = lower(nfc(label));
  std::erase_if(key, [](char c) { return c == ' ' || c == '_' || (c >= '\t' && c <= '\r'); });
  const auto found = names.find(key);
  return found == names.end() ? "" : found->second;
}

std::string aihub_expression(std::string_view label) {
  const std::string name = expression_name(label);
  return name == "happiness" ? "joy" : name;
}

}  // namespace poster::prepare
