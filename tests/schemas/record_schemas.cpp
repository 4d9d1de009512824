// Prints the record that compatibility_test.cpp compares with.
#include "tests/schemas/schema_lines.hpp"

#include <cstdio>

int main() {
  std::puts(
      "# The promised schemas, written by schemas_record at a release; lines are only ever added.");
  for (const auto& line : troupe::test::schema_lines())
    std::puts(line.c_str());
}
