# Installs the library so that find_package(poster) gives poster::poster: two headers, the libraries below it (static, but for the
# CUDA backend), and the CMake files that find what they link. Component "library"; the programs are component "programs".
include(CMakePackageConfigHelpers)

set(folder ${CMAKE_INSTALL_LIBDIR}/cmake/poster)
get_property(rooms DIRECTORY ${CMAKE_SOURCE_DIR}/io PROPERTY POSTER_ROOMS)
list(REMOVE_ITEM rooms poster_io_video poster_io_prepare poster_io_sample_faces)
set(libraries poster_library ${rooms} poster_model poster_engine poster_kernels poster_libdeflate poster_opencv)
if(POSTER_HAS_CUDA)
  list(APPEND libraries poster_cuda)
else()
  list(APPEND libraries poster_cuda_absent)
endif()
install(TARGETS ${libraries} EXPORT poster-targets COMPONENT library ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/poster
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT poster-targets NAMESPACE poster:: DESTINATION ${folder} COMPONENT library)
install(FILES ${CMAKE_SOURCE_DIR}/apps/library/poster/classifier.h ${CMAKE_SOURCE_DIR}/apps/library/poster/trainer.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/poster
        COMPONENT library)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/poster-config.cmake.in ${CMAKE_BINARY_DIR}/poster-config.cmake
                              INSTALL_DESTINATION ${folder})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/poster-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/poster-config.cmake ${CMAKE_BINARY_DIR}/poster-config-version.cmake DESTINATION ${folder}
        COMPONENT library)
