# MySQL Connector/C++ (JDBC interface). Its headers need Boost's; the package has no CMake config.
find_path(MySQLConnectorCpp_INCLUDE_DIR cppconn/driver.h)
find_library(MySQLConnectorCpp_LIBRARY mysqlcppconn)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(MySQLConnectorCpp REQUIRED_VARS MySQLConnectorCpp_LIBRARY MySQLConnectorCpp_INCLUDE_DIR)
if(MySQLConnectorCpp_FOUND AND NOT TARGET MySQL::ConnectorCpp)
  add_library(MySQL::ConnectorCpp INTERFACE IMPORTED)
  set_target_properties(MySQL::ConnectorCpp PROPERTIES
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${MySQLConnectorCpp_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "${MySQLConnectorCpp_LIBRARY}")
endif()
