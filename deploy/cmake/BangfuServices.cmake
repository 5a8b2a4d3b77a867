# BANGFU_SERVICES: the names of the services, in the order of deploy/services. When that file changes, all
# is configured anew.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/deploy/services)
file(STRINGS ${CMAKE_SOURCE_DIR}/deploy/services BANGFU_SERVICES REGEX "^[a-z]")
list(TRANSFORM BANGFU_SERVICES REPLACE " .*" "")
