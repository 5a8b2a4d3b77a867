bangfu_room(NAME asset_app
  SRCS app.cc
  DEPS bangfu_runtime bangfu_standard_parts bangfu_intake bangfu_asset_api bangfu_asset_jobs
       bangfu_asset_schema)
bangfu_binary(NAME bangfu-asset SRCS main.cc DEPS bangfu_asset_app)
bangfu_test(NAME asset_regions_test
  SRCS region_columns_test.cc
  DEPS bangfu_asset_app bangfu_testing_regions PCH test)
bangfu_test(NAME asset_lists_test
  SRCS list_queries_test.cc
  DEPS bangfu_asset_app bangfu_testing_queries PCH test)
