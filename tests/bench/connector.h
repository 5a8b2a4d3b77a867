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

#include "absl/time/time.h"
#include "common/mysql/session.h"
#include "tests/bench/bench.h"

namespace bangfu::bench {

// To --socket as --user without password, READ COMMITTED as our sessions are. `patience`: for an
// answer; a service's own where the two are compared, since a client that waits for ever is none
// that one would run.
std::unique_ptr<sql::Connection> BareConnect(const Flags& flags, const std::string& schema,
                                             absl::Duration patience = mysql::Options().io_timeout);

// Of what reads a whole table.
inline constexpr absl::Duration kWholeTables = absl::Minutes(10);

}  // namespace bangfu::bench
