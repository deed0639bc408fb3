// Memory that can't be had, with what was being done. It is a std::bad_alloc, so that nothing that handles
// errors of one file (poster::Error) takes it for a fault of that file; and it asks for no memory itself.
#pragma once

#include <cstdio>
#include <new>
#include <string_view>
#include <utility>

namespace poster {

class OutOfMemory : public std::bad_alloc {
 public:
  // "VERB OBJECT": "reading", "runs/x/best.safetensors".
  OutOfMemory(std::string_view verb, std::string_view object) noexcept {
    std::snprintf(text_, sizeof text_, "%.*s%s%.*s", static_cast<int>(verb.size()), verb.data(),
                  object.empty() ? "" : " ", static_cast<int>(object.size()), object.data());
  }
  const char* what() const noexcept override { return text_; }

 private:
  char text_[512] = {};
};

// Calls `work`; memory that it can't have becomes OutOfMemory, of the innermost such call.
template <typename F>
decltype(auto) doing(std::string_view verb, std::string_view object, F&& work) {
  try {
    return std::forward<F>(work)();
  } catch (const OutOfMemory&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw OutOfMemory(verb, object);
  }
}

}  // namespace poster
