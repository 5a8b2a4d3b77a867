#include "services/asset/app.h"

int main(int argc, char** argv) {
  return bangfu::runtime::ServiceMain(argc, argv, bangfu::asset::Definition());
}
