// 运营主体及信用代码: who runs the project and the code by which that operator is known, in one
// cell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bangfu::registry::intake {

struct OperatorCell {
  std::string name;  // without the code, its label and the brackets around it
  // What stands where a code would, as it came, valid or not; the cell may name several operators.
  std::vector<std::string> codes;
};
// 惠民合作社（统一社会信用代码：9136…）, 惠民合作社 9136…, 9136…/惠民合作社. A name that holds a
// figure (2021合作社) is no code: that takes fifteen characters, as the numbers of before the USCC
// had.
OperatorCell ReadOperatorCell(std::string_view cell);

}  // namespace bangfu::registry::intake
