// The index of an authority as anybody may have written it, and names in a certificate.
#include "cluster/pki/authority.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/scratch_folder.hpp"

#include <algorithm>

using namespace troupe;
using namespace troupe::cluster;

namespace {

void try_index(std::string_view text) {
  const auto& folder = fuzz::scratch_folder();
  test::write_file(folder / "certificates.json", std::string{text});
  const auto opened = authority::open(folder);
  if (!opened) {
    fuzz::require(opened.error().context.find("certificates.json") != std::string::npos,
                  "an error names the file");
    return;
  }
  const auto all = opened->list();
  fuzz::require(all.has_value(), "what opens is listed");
  for (const auto& one : *all) {
    fuzz::require(check_name("node", one.who.node).has_value(), "a node has a name");
    fuzz::require(one.serial.size() == 32, "a certificate has a number");
    fuzz::require(state_of(one, one.not_after) != "valid", "nothing is valid for ever");
  }
}

/// One URI per line.
void try_uris(std::string_view text) {
  std::vector<std::string> uris;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    uris.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  const auto who = identity_of(uris);
  if (!who) return fuzz::require(!who.error().context.empty(), "an error says why");
  fuzz::require(!who->roles.empty() && check_name("node", who->node).has_value(),
                "an identity is whole");
  const auto again = identity_of(to_uris(*who));
  fuzz::require(again && *again == *who, "it is read again");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parts = fuzz::sections(fuzz::as_text(data, size));
  try_index(parts.front());
  if (parts.size() > 1) try_uris(parts[1]);
  return 0;
}
