// The rpcs of evaluations, facts and criteria over the real server of world_for_test.h.
#pragma once

#include "services/evaluation/api/world_for_test.h"

namespace bangfu::evaluation {

inline constexpr char kService[] = "bangfu.evaluation.v1.EvaluationService.";

class EvaluationApi : public ::testing::Test {
 protected:
  // The roll-up against a recount of the subjects.
  void ExpectRollupEqualsRecount() {
    EXPECT_EQ(
        world_.database().Int(
            Cat("SELECT COUNT(*) FROM (SELECT county, subject_type, ", ResultCellSql(),
                " AS result, COUNT(*) AS n, SUM(invested_fen) AS v, SUM(asset_value_fen) AS a FROM "
                "subject WHERE is_void = 0 GROUP BY county, subject_type, result) r LEFT JOIN "
                "(SELECT county, subject_type, result, SUM(subjects) AS n, SUM(invested_fen) AS v, "
                "SUM(asset_value_fen) AS a FROM result_rollup GROUP BY county, subject_type, "
                "result) k USING (county, subject_type, result) WHERE k.n IS NULL OR k.n <> r.n OR "
                "k.v <> r.v OR k.a <> r.a")),
        0);
    EXPECT_EQ(world_.database().Int("SELECT COALESCE(SUM(subjects), 0) FROM result_rollup") -
                  world_.database().Int("SELECT COUNT(*) FROM subject WHERE is_void = 0"),
              0);
  }

  World world_;
};

}  // namespace bangfu::evaluation
