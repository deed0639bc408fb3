# The headers that most tests include, compiled once for each of QUICK and PLAIN (cmake/PosterTarget.cmake). ccache keeps what is
# compiled with them when it is told sloppiness=pch_defines,time_macros.
set(pch_options "$<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>")
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/precompiled.cpp CONTENT "" @ONLY)
foreach(kind QUICK PLAIN)
  set(name poster_test_precompiled_${kind})
  add_executable(${name} ${CMAKE_CURRENT_BINARY_DIR}/precompiled.cpp)  # a program as those that use it
  poster_target(${name} ${kind})
  target_link_libraries(${name} PRIVATE poster_test_support nlohmann_json::nlohmann_json)
  target_compile_options(${name} PRIVATE ${pch_options})
  target_precompile_headers(${name} PRIVATE support/precompiled.h)
endforeach()

# A test program that uses them. Those of io, which compute little themselves, are PLAIN.
function(poster_test_target name kind)
  poster_target(${name} ${kind})
  target_link_libraries(${name} PRIVATE poster_test_support)
  target_compile_options(${name} PRIVATE ${pch_options})
  target_precompile_headers(${name} REUSE_FROM poster_test_precompiled_${kind})
endfunction()
