cmake_minimum_required(VERSION 3.25)
# Run by the build (cmake -D SOURCE=... -D OUTPUT=... -P): writes the commit of the sources into a header, and touches it only when
# it reads differently, so that a build without a new commit compiles nothing again. Outside of a checkout it says "unknown".
set(commit unknown)
execute_process(COMMAND git -C ${SOURCE} rev-parse --show-toplevel
                OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
file(REAL_PATH ${SOURCE} source)
# A tarball unpacked inside some other checkout must not take that one's commit.
if(NOT failed AND top STREQUAL source)
  execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
                  OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(commit ${described})
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define TROUPE_COMMIT \"@commit@\"\n" @ONLY)
