// "Did you mean": what somebody who mistyped a word may have wanted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace poster {

// The word of `known` that is fewest changes away (a letter put in, left out, replaced, two neighbours swapped;
// optimal string alignment distance), or that `word` begins; "" where none is near.
std::string nearest_word(std::string_view word, const std::vector<std::string>& known);

}  // namespace poster
