// bangfuctl: the command line of officials and operators, a client of the public contracts.
#include "services/ctl/app.h"

int main(int argc, char** argv) { return bangfu::ctl::CommandLine().Run(argc, argv); }
