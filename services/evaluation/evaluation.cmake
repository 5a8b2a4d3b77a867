bangfu_room(NAME evaluation_app
  SRCS app.cc
  DEPS bangfu_runtime bangfu_standard_parts bangfu_period bangfu_period_service bangfu_publicity
       bangfu_publicity_service
       bangfu_evaluation_api bangfu_evaluation_jobs bangfu_evaluation_schema)
bangfu_binary(NAME bangfu-evaluation SRCS main.cc DEPS bangfu_evaluation_app)
bangfu_test(NAME evaluation_regions_test
  SRCS region_columns_test.cc
  DEPS bangfu_evaluation_app bangfu_testing_regions PCH test)
bangfu_test(NAME evaluation_lists_test
  SRCS list_queries_test.cc
  DEPS bangfu_evaluation_app bangfu_testing_queries PCH test)
