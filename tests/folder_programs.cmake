# POSTER_TEST_FOLDERS: the tests of these folders alone, each folder's as one program (kernels_tests) and one CTest test. For
# builds whose compiler or sanitizers look at the code while the tests run it: less is compiled, and processes start once.
set(POSTER_TEST_FOLDERS "" CACHE STRING "Build only the tests of these folders, each folder's as one program, e.g. kernels;engine")

function(poster_folder_programs)
  foreach(folder ${POSTER_TEST_FOLDERS})
    file(GLOB sources CONFIGURE_DEPENDS ${folder}/*_test.cpp)
    add_executable(${folder}_tests ${sources})
    poster_target(${folder}_tests)
    target_link_libraries(${folder}_tests PRIVATE ${libraries_${folder}} poster_test_support)
    foreach(source ${sources})
      get_filename_component(name ${source} NAME_WE)
      target_link_libraries(${folder}_tests PRIVATE ${libraries_${name}})
    endforeach()
    target_precompile_headers(${folder}_tests PRIVATE <gtest/gtest.h> <filesystem> <functional> <string> <vector>)
    add_test(NAME ${folder}_tests COMMAND ${folder}_tests)
    set_tests_properties(${folder}_tests PROPERTIES LABELS ${folder} TIMEOUT 1200)
  endforeach()
endfunction()
