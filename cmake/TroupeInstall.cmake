# The installed tree: the command, the package troupe for find_package, models, examples and licences. It can be copied
# anywhere: nothing in it names the place it was installed to.
include(CMakePackageConfigHelpers)

set(troupe_private ${CMAKE_INSTALL_LIBDIR}/troupe) # what comes along and belongs to nobody else
set(troupe_cmake ${CMAKE_INSTALL_LIBDIR}/cmake/troupe)
set(troupe_data ${CMAKE_INSTALL_DATADIR}/troupe)

# -- libraries and headers -------------------------------------------------------------------------------------------
install(TARGETS troupe_actors troupe_caf troupe_kernels troupe_schemas EXPORT troupe
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/troupe)
install(DIRECTORY ${PROJECT_BINARY_DIR}/schemas/troupe DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/troupe
        FILES_MATCHING PATTERN "*.pb.h")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/schemas/troupe DESTINATION ${troupe_data}/schemas
        FILES_MATCHING PATTERN "*.proto")

# -- what the distribution lacks comes along; a copy of the system is looked for again ------------------------------------
get_target_property(dnnl_library DNNL::dnnl IMPORTED_LOCATION_RELEASE)
file(REAL_PATH ${dnnl_library} dnnl_library)
set(TROUPE_ONEDNN_COMES_ALONG FALSE)
if(NOT dnnl_library MATCHES "^/usr/")
  set(TROUPE_ONEDNN_COMES_ALONG TRUE)
  install(FILES ${dnnl_library} DESTINATION ${troupe_private} RENAME libdnnl.so.3)
  cmake_path(GET dnnl_library PARENT_PATH dnnl_prefix)
  install(DIRECTORY ${dnnl_prefix}/../share/doc/onednn DESTINATION ${CMAKE_INSTALL_DOCDIR})
endif()
cmake_path(SET caf_prefix NORMALIZE ${CAF_DIR}/../../..)
set(TROUPE_CAF_COMES_ALONG FALSE)
if(NOT caf_prefix MATCHES "^/usr/")
  set(TROUPE_CAF_COMES_ALONG TRUE)
  install(DIRECTORY ${caf_prefix}/ DESTINATION ${troupe_private}/caf PATTERN ".*" EXCLUDE)
endif()

# -- the package -----------------------------------------------------------------------------------------------------
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/troupeConfig.cmake.in ${PROJECT_BINARY_DIR}/troupeConfig.cmake
                              INSTALL_DESTINATION ${troupe_cmake} PATH_VARS troupe_private troupe_data)
# Before 1.0 a new minor version may break what docs/stability.md does not promise.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/troupeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/troupeConfig.cmake ${PROJECT_BINARY_DIR}/troupeConfigVersion.cmake
        DESTINATION ${troupe_cmake})
install(EXPORT troupe NAMESPACE troupe:: DESTINATION ${troupe_cmake} FILE troupeTargets.cmake)

# -- data ------------------------------------------------------------------------------------------------------------
install(DIRECTORY ${PROJECT_SOURCE_DIR}/models/ DESTINATION ${troupe_data}/models)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples/ DESTINATION ${troupe_data}/examples)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
