#include "services/ctl/evaluate.h"

#include "gtest/gtest.h"

namespace bangfu::ctl {
namespace {

TEST(EvaluateTest, WhatWasLeftOutIsInTheExitCode) {
  evaluation::v1::BatchEvaluationResult batch;
  EXPECT_EQ(ExitCodeOfBatch(batch), kExitOk);  // a region without anything to evaluate
  batch.set_unchanged(3);
  EXPECT_EQ(ExitCodeOfBatch(batch), kExitOk);
  batch.set_refused(1);
  EXPECT_EQ(ExitCodeOfBatch(batch), kExitPartial);
  batch.set_unchanged(0);
  EXPECT_EQ(ExitCodeOfBatch(batch), kExitFailed);
  batch.set_refused(0);
  batch.add_failures()->set_region_code("360733");
  EXPECT_EQ(ExitCodeOfBatch(batch), kExitFailed);
  batch.set_evaluated(1);
  EXPECT_EQ(ExitCodeOfBatch(batch), kExitPartial);

  evaluation::v1::EvaluateSubjectsResponse subjects;
  subjects.add_outcomes()->set_refusal_reason("NOT_VERIFIED");
  EXPECT_EQ(ExitCodeOfSubjects(subjects), kExitFailed);
  subjects.add_outcomes()->mutable_evaluation();
  EXPECT_EQ(ExitCodeOfSubjects(subjects), kExitPartial);
  subjects.mutable_outcomes()->DeleteSubrange(0, 1);
  EXPECT_EQ(ExitCodeOfSubjects(subjects), kExitOk);
}

}  // namespace
}  // namespace bangfu::ctl
