# The two functions that every target of troupe goes through, so that warnings, language level and include root are
# said once.
include_guard()

add_library(troupe_warnings INTERFACE)
target_compile_options(troupe_warnings INTERFACE -Wall -Wextra -Wpedantic -Werror -Wnon-virtual-dtor -Wshadow=local)
# GCC 12 takes "literal" + std::string&& for overlapping memory (GCC bug 105651), in Boost.Test's headers too.
target_compile_options(troupe_warnings INTERFACE
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)

# Sanitizers are a property of the whole build: mixing is undefined, so they are set here for every target alike.
add_library(troupe_sanitizers INTERFACE)
if(TROUPE_SANITIZE)
  target_compile_options(troupe_sanitizers INTERFACE -fsanitize=${TROUPE_SANITIZE} -fno-omit-frame-pointer -g1)
  target_link_options(troupe_sanitizers INTERFACE -fsanitize=${TROUPE_SANITIZE})
endif()

# troupe_add_library(NAME SOURCES a.cpp ... PUBLIC lib ... PRIVATE lib ...)
#   A static library whose headers are included by their repository path ("kernels/text/wordpiece.hpp").
function(troupe_add_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_compile_features(${name} PUBLIC cxx_std_20)
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON LINKER_LANGUAGE CXX)
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include/troupe>)
  target_link_libraries(${name} PUBLIC ${arg_PUBLIC}
                        PRIVATE ${arg_PRIVATE} $<BUILD_INTERFACE:troupe_warnings> $<BUILD_INTERFACE:troupe_sanitizers>)
endfunction()

# troupe_add_test(NAME KIND unit|op|actor|component|system|replay|golden|property [TIMEOUT seconds]
#                 SOURCES a.cpp ... LIBRARIES lib ...)
#   One Boost.Test program and one CTest entry, named after the suite and labelled with its kind.
function(troupe_add_test name)
  cmake_parse_arguments(arg "" "KIND;TIMEOUT" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT arg_KIND MATCHES "^(unit|op|actor|component|system|replay|golden|property)$")
    message(FATAL_ERROR "troupe_add_test(${name}): unknown KIND '${arg_KIND}'")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  add_executable(${name} ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/tests/support/main.cpp)
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_definitions(${name} PRIVATE BOOST_TEST_DYN_LINK TROUPE_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                             TROUPE_BINARY_DIR="${PROJECT_BINARY_DIR}")
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} Boost::unit_test_framework troupe_warnings troupe_sanitizers)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_KIND} TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77)
endfunction()
