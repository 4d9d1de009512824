// A store file with damaged bytes: the input is a list of changes (four bytes of position, one of value) to a good file.
// Whatever is changed, an event that is read is the one that was written.
#include "actors/workflow/sqlite_store.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/scratch_folder.hpp"

#include <array>

using namespace troupe;
using namespace troupe::workflow;

namespace {

constexpr std::array<const char*, 3> runs{"first", "second", "third"};

std::string event_text(std::size_t number) {
  return "event " + std::to_string(number) + std::string(40 * number, '.');
}

std::filesystem::path file() {
  return fuzz::scratch_folder() / "troupe.db";
}

/// A store with some runs, closed, as one file.
const std::string& good_file() {
  static const std::string bytes = [] {
    auto opened = open_sqlite_store(file());
    fuzz::require(opened.has_value(), "a new store opens");
    for (const char* run : runs) {
      append_batch batch;
      batch.entry.run_id = run;
      batch.entry.workflow = "w";
      batch.entry.status = 1;
      for (std::size_t i = 0; i < 4; ++i)
        batch.events.push_back(event_text(i));
      fuzz::require((*opened)->append({&batch, 1}).has_value(), "a new run is appended");
    }
    opened->reset();
    return test::read_file(file());
  }();
  return bytes;
}

void damage(std::string& bytes, const std::uint8_t* data, std::size_t size) {
  for (; size >= 5; data += 5, size -= 5) {
    const std::size_t at = data[0] << 24U | data[1] << 16U | data[2] << 8U | data[3];
    bytes[at % bytes.size()] = static_cast<char>(data[4]);
  }
  // What is left cuts the file.
  if (size == 4) bytes.resize(bytes.size() * data[0] / 256);
}

void read_all(store& from) {
  const auto listed = from.list({});
  fuzz::require(listed || !listed.error().context.empty(), "an error says why");
  for (const char* run : runs) {
    const auto events = from.read(run);
    if (!events) continue;
    fuzz::require(events->size() <= 4, "there are no events but those written");
    for (std::size_t i = 0; i < events->size(); ++i)
      fuzz::require((*events)[i] == event_text(i), "an event that is read is the one written");
    append_batch batch;
    batch.entry.run_id = run;
    batch.expected_version = events->size();
    batch.events = {"another"};
    static_cast<void>(from.claim(run, std::chrono::system_clock::now()));
    static_cast<void>(from.append({&batch, 1}));
  }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes = good_file();
  damage(bytes, data, size);
  for (const char* beside : {"-wal", "-shm", "-owners"})
    std::filesystem::remove(file().string() + beside);
  test::write_file(file(), bytes);
  sqlite_store_options options;
  options.busy_timeout = std::chrono::milliseconds{0};
  const auto opened = open_sqlite_store(file(), options);
  if (!opened) return fuzz::require(!opened.error().context.empty(), "an error says why"), 0;
  read_all(**opened);
  return 0;
}
