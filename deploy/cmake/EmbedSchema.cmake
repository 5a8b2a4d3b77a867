# Writes STEM.h and STEM.cc with the migrations in DIR (see bangfu_schema).
string(REPLACE "_" ";" words "${NAME}")
set(camel "")
foreach(word IN LISTS words)
  string(SUBSTRING "${word}" 0 1 first)
  string(SUBSTRING "${word}" 1 -1 rest)
  string(TOUPPER "${first}" first)
  string(APPEND camel "${first}${rest}")
endforeach()

file(GLOB files ${DIR}/V*.sql)
list(SORT files)
set(items "")
set(previous 0)
foreach(file IN LISTS files)
  get_filename_component(base ${file} NAME_WE)
  if(NOT base MATCHES "^V([0-9][0-9][0-9][0-9])__([a-z0-9_]+)$")
    message(FATAL_ERROR "${file}: a migration is named V0001__what_it_does.sql")
  endif()
  set(version "${CMAKE_MATCH_1}")
  set(name "${CMAKE_MATCH_2}")
  string(REGEX REPLACE "^0+" "" version "${version}")
  math(EXPR expected "${previous} + 1")
  if(NOT version EQUAL expected)
    message(FATAL_ERROR "${file}: version ${version}, expected ${expected}")
  endif()
  set(previous ${version})
  file(READ ${file} text HEX)
  # As hexadecimal escapes: the compiler bounds a string literal at 64 KiB in no mode that we use,
  # and nothing in the text can end a literal early.
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" text "${text}")
  string(APPEND items "      {\"${STREAM}\", ${version}, \"${name}\",\n       \"${text}\"},\n")
endforeach()

string(CONCAT header
  "// Generated from ${FOLDER}/V*.sql.\n#pragma once\n\n#include \"common/migrate/migration.h\"\n\n"
  "namespace bangfu {\n\nconst migrate::Migrations& ${camel}Migrations();\n\n}  // namespace bangfu\n")
string(CONCAT source
  "#include \"${FOLDER}/migrations.h\"\n\nnamespace bangfu {\n\n"
  "const migrate::Migrations& ${camel}Migrations() {\n"
  "  static const auto* const migrations = new migrate::Migrations{\n${items}  };\n"
  "  return *migrations;\n}\n\n}  // namespace bangfu\n")
file(WRITE ${STEM}.h "${header}")
file(WRITE ${STEM}.cc "${source}")
