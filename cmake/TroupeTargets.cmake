# The two functions that every target of troupe goes through, so that warnings, language level and include root are
# said once.
include_guard()

add_library(troupe_warnings INTERFACE)
target_compile_options(troupe_warnings INTERFACE -Wall -Wextra -Wpedantic -Werror -Wnon-virtual-dtor
  $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local>)
# GCC 12 takes "literal" + std::string&& for overlapping memory (GCC bug 105651), in Boost.Test's headers too.
target_compile_options(troupe_warnings INTERFACE
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)
# GCC takes what several sources are read through for a header: types that one of them keeps to itself look leaked.
target_compile_options(troupe_warnings INTERFACE
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wno-subobject-linkage>)

# Sanitizers are a property of the whole build: mixing is undefined, so they are set here for every target alike.
# Every finding ends the program. -O1 because unoptimised instrumented code is several times slower than this.
add_library(troupe_sanitizers INTERFACE)
if(TROUPE_SANITIZE)
  target_compile_options(troupe_sanitizers INTERFACE
    -fsanitize=${TROUPE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1
    $<$<NOT:$<BOOL:$<TARGET_PROPERTY:TROUPE_UNOPTIMISED>>>:-O1>)
  target_link_options(troupe_sanitizers INTERFACE -fsanitize=${TROUPE_SANITIZE})
endif()
# How many times slower than another build this one may be: for the time limits of tests (tests/support/time_scale.hpp).
set(TROUPE_TIME_SCALE 1)
if(TROUPE_SANITIZE)
  set(TROUPE_TIME_SCALE 5)
  target_compile_definitions(troupe_sanitizers INTERFACE TROUPE_TIME_SCALE=${TROUPE_TIME_SCALE})
endif()
set(TROUPE_FUZZ OFF)
if(TROUPE_SANITIZE MATCHES "fuzzer-no-link")
  set(TROUPE_FUZZ ON)
endif()

# troupe_add_library(NAME SOURCES a.cpp ... PUBLIC lib ... PRIVATE lib ...)
#   A static library whose headers are included by their repository path ("kernels/text/wordpiece.hpp").
function(troupe_add_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_compile_features(${name} PUBLIC cxx_std_20)
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON LINKER_LANGUAGE CXX)
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/troupe>)
  target_link_libraries(${name} PUBLIC ${arg_PUBLIC}
                        PRIVATE ${arg_PRIVATE} $<BUILD_INTERFACE:troupe_warnings> $<BUILD_INTERFACE:troupe_sanitizers>)
endfunction()

# troupe_public_headers(NAME a.hpp ...)
#   The headers of a library that are installed, from the current folder's point of view. Each is compiled alone by
#   the target all_verify_interface_header_sets (the test public_headers_alone).
function(troupe_public_headers name)
  get_target_property(type ${name} TYPE)
  set(scope PUBLIC)
  if(type STREQUAL INTERFACE_LIBRARY)
    set(scope INTERFACE)
  endif()
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  target_sources(${name} ${scope} FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${ARGN})
  set_target_properties(${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
endfunction()

# troupe_test_options(TARGET LIBRARIES lib ...)
#   What test programs are compiled with, and parts that several of them share (OBJECT libraries).
function(troupe_test_options target)
  cmake_parse_arguments(arg "" "" "LIBRARIES" ${ARGN})
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_definitions(${target} PRIVATE BOOST_TEST_DYN_LINK TROUPE_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                               TROUPE_BINARY_DIR="${PROJECT_BINARY_DIR}")
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} Boost::unit_test_framework troupe_warnings troupe_sanitizers)
  # What is tested is optimised; of the tests themselves only the compile time would grow, threefold with sanitizers.
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  set_target_properties(${target} PROPERTIES TROUPE_UNOPTIMISED ON)
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
  math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * ${TROUPE_TIME_SCALE}")
  add_executable(${name} ${arg_SOURCES} $<TARGET_OBJECTS:troupe_test_main>)
  troupe_test_options(${name} LIBRARIES ${arg_LIBRARIES})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_KIND} TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77)
endfunction()

# troupe_add_fuzz_target(NAME [RUNS n] LIBRARIES lib ...)
#   The program fuzz_NAME from NAME_fuzz.cpp and one CTest entry of that name over corpus/NAME: where the build has
#   libFuzzer's instrumentation (preset asan) `n` inputs from a fixed seed, elsewhere only the corpus.
function(troupe_add_fuzz_target name)
  cmake_parse_arguments(arg "" "RUNS" "LIBRARIES" ${ARGN})
  if(NOT arg_RUNS)
    set(arg_RUNS 10000)
  endif()
  set(target fuzz_${name})
  set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
  add_executable(${target} ${name}_fuzz.cpp)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_definitions(${target} PRIVATE TROUPE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} troupe_warnings troupe_sanitizers)
  if(TROUPE_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    # Inputs that reach something new go to the first folder, in the build tree.
    set(found ${CMAKE_CURRENT_BINARY_DIR}/found/${name})
    file(MAKE_DIRECTORY ${found})
    add_test(NAME ${target} COMMAND ${target} -seed=1 -runs=${arg_RUNS} -max_total_time=20 -timeout=20
             -rss_limit_mb=2048 -artifact_prefix=${CMAKE_CURRENT_BINARY_DIR}/${name}- ${found} ${corpus})
  else()
    target_sources(${target} PRIVATE replay_main.cpp)
    add_test(NAME ${target} COMMAND ${target} ${corpus})
  endif()
  set_tests_properties(${target} PROPERTIES LABELS fuzz TIMEOUT 120)
endfunction()
