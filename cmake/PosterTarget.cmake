# What every target of the project shares: the include root (headers are named from the top, "engine/arena.h"),
# warnings as errors, and the sanitizers asked for.
function(poster_target name)
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  # GCC 12 and 13 warn falsely of overlapping strings in "text" + std::string (-Wrestrict, bug 105651).
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wshadow -Wno-restrict -Wno-unknown-pragmas -Werror)
  if(POSTER_SANITIZE)
    target_compile_options(${name} PUBLIC -fsanitize=${POSTER_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${name} PUBLIC -fsanitize=${POSTER_SANITIZE})
  endif()
endfunction()
