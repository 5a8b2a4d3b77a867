#include "common/audit/retention.h"
