// The many spellings of expressions: Anger, Angry, AN, 분노.
#pragma once

#include <string>
#include <string_view>

namespace poster::prepare {

// "anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness" or "surprise" for any of their
// spellings, in any case, in English, in two letters (KDEF, JAFFE) or in Korean; also "embarrassment",
// "anxiety", "hurt" and "unknown" (AI Hub). Empty for other words.
std::string expression_name(std::string_view label);

// As AI Hub names its classes: "joy" for happiness, the others as expression_name().
std::string aihub_expression(std::string_view label);

}  // namespace poster::prepare
