// The bare connector, for baselines: nothing of ours between the statement and the wire.
#pragma once

#include <cppconn/connection.h>
#include <cppconn/exception.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/resultset.h>
#include <cppconn/resultset_metadata.h>
#include <cppconn/statement.h>

#include <memory>
#include <string>

#include "tests/bench/bench.h"

namespace bangfu::bench {

// To --socket as --user without password, READ COMMITTED as our sessions are.
std::unique_ptr<sql::Connection> BareConnect(const Flags& flags, const std::string& schema);

}  // namespace bangfu::bench
