// Containers and numbers that pickles make by calling functions of Python's library and NumPy.
#pragma once

#include <optional>
#include <string_view>

#include "io/torch/pickle_value.h"

namespace poster::io {

// What NAME(*arguments) gives, for the names known here: dicts (OrderedDict, defaultdict, Counter), sets,
// bytes, torch.Size (a tuple), NumPy's scalars (a number), NumPy's arrays and objects of classes made in the
// old ways (an object of that class). Nothing for other names and for arguments that are not as expected.
std::optional<PickleValue> known_call(PickleTree& tree, std::string_view name, const PickleValue& arguments);

// Whether objects made under that name are plain data that nobody needs to hear about: "numpy.dtype".
bool is_plain_data(std::string_view name);

}  // namespace poster::io
