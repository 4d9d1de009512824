#include "kernels/cpu/internal/weights_cache.hpp"

#include "kernels/bert/content_hash.hpp"
#include "kernels/bert/quantization.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace troupe::cpu {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t header_bytes = 4096, most_key_bytes = 2048;
constexpr std::array<char, 8> magic{'T', 'R', 'P', 'W', 'G', 'T', '0', '1'};
constexpr std::size_t most_files = 16;
constexpr const char* suffix = ".weights";

using bert::content_hash;

/// The first page of a file.
struct header {
  std::array<char, 8> mark = magic;
  std::uint64_t payload_bytes = 0;
  content_hash::digest payload{};
  std::uint32_t key_bytes = 0;
  std::array<char, most_key_bytes> key{};
};
static_assert(sizeof(header) <= header_bytes);

/// Owns a descriptor.
class descriptor {
public:
  explicit descriptor(int number) : number_{number} {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

private:
  int number_;
};

/// A file as a read-only mapping that all who have it share.
class mapping {
public:
  static std::shared_ptr<const mapping> of(int file, std::size_t size) {
    void* at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
    if (at == MAP_FAILED) return nullptr;
    return std::shared_ptr<const mapping>{new mapping{static_cast<std::byte*>(at), size}};
  }
  mapping(const mapping&) = delete;
  mapping& operator=(const mapping&) = delete;
  ~mapping() { ::munmap(at_, size_); }

  [[nodiscard]] std::byte* at() const { return at_; }

private:
  mapping(std::byte* at, std::size_t size) : at_{at}, size_{size} {}

  std::byte* at_;
  std::size_t size_;
};

/// All that the packed weights depend on. Numbers of the layout's version stand in the magic.
result<std::string> key_of(const bert::weight_reader& weights,
                           const std::vector<layer_types>& types) {
  auto files = bert::fingerprint_of(weights.files());
  if (!files) return files;
  const auto& config = weights.config();
  std::string key = "files " + *files + ", sizes";
  for (const std::size_t size :
       {config.vocab_size, config.hidden_size, config.intermediate_size, config.max_positions,
        config.type_vocab_size, config.labels.size()})
    key += ' ' + std::to_string(size);
  key += ", types ";
  for (const auto& layer : types)
    for (const element type : {layer.qkv, layer.attention_output, layer.up, layer.down})
      key += "fbi"[static_cast<int>(type)];
  return key;
}

/// Whether nobody but this user, or the system's, can have written the file.
bool trusted(const struct stat& status) {
  return (status.st_uid == ::geteuid() || status.st_uid == 0) && (status.st_mode & 022) == 0;
}

/// A model that lies in a file, or nothing.
std::optional<packed_model> map_model(const fs::path& path, const std::string& key,
                                      const bert::model_config& config,
                                      const std::vector<layer_types>& types) {
  const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return std::nullopt;
  const auto bytes = lay_out(config, types, nullptr).bytes;
  if (!S_ISREG(status.st_mode) || !trusted(status) ||
      static_cast<std::size_t>(status.st_size) != header_bytes + bytes)
    return std::nullopt;
  auto memory = mapping::of(file.get(), header_bytes + bytes);
  if (!memory) return std::nullopt;
  header first;
  std::memcpy(&first, memory->at(), sizeof first);
  if (first.mark != magic || first.payload_bytes != bytes || first.key_bytes != key.size() ||
      std::memcmp(first.key.data(), key.data(), key.size()) != 0 ||
      first.payload != content_hash{}.add({memory->at() + header_bytes, bytes}).result())
    return std::nullopt;
  // Whoever was used last stays longest.
  ::futimens(file.get(), nullptr);
  packed_model made{memory, lay_out(config, types, memory->at() + header_bytes),
                    memory->at() + header_bytes};
  return made;
}

bool write_all(int file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto done = ::write(file, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
  return true;
}

/// Writes a file under another name and renames it: nobody sees half of one.
bool write_model(const fs::path& path, const std::string& key, std::span<const std::byte> payload) {
  std::string name = path.string() + ".XXXXXX";
  // For this user alone, as mkstemp makes it.
  const descriptor file{::mkostemp(name.data(), O_CLOEXEC)};
  if (!file) return false;
  std::vector<std::byte> page(header_bytes);
  header first;
  first.payload_bytes = payload.size();
  first.payload = content_hash{}.add(payload).result();
  first.key_bytes = static_cast<std::uint32_t>(key.size());
  std::copy(key.begin(), key.end(), first.key.begin());
  std::memcpy(page.data(), &first, sizeof first);
  if (write_all(file.get(), page) && write_all(file.get(), payload) &&
      ::rename(name.c_str(), path.c_str()) == 0)
    return true;
  ::unlink(name.c_str());
  return false;
}

/// Removes what was not used for longest, also what a process that was killed left half written. A file that is mapped lives on
/// until its last user is gone.
void bound_folder(const fs::path& folder) {
  std::error_code ignored;
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  for (const auto& entry : fs::directory_iterator{folder, ignored})
    if (entry.path().filename().string().find(suffix) != std::string::npos)
      files.emplace_back(entry.last_write_time(ignored), entry.path());
  if (files.size() <= most_files) return;
  std::sort(files.begin(), files.end());
  for (std::size_t i = 0; i + most_files < files.size(); ++i)
    fs::remove(files[i].second, ignored);
}

} // namespace

result<packed_model> weights_cache::load(bert::weight_reader& weights,
                                         const std::vector<layer_types>& types) const {
  if (folder_.empty()) return pack_model(weights, types);
  const auto key = key_of(weights, types);
  if (!key) return tl::unexpected(key.error());
  if (key->size() > most_key_bytes) return pack_model(weights, types);
  const auto name = content_hash{}.add(*key).hex() + suffix;
  const auto& config = weights.config();
  if (auto found = map_model(folder_ / name, *key, config, types)) return std::move(*found);
  const auto warnings = weights.warnings().size();
  auto packed = pack_model(weights, types);
  // What is odd about a model is said each time it is loaded, so it is read each time.
  if (!packed || weights.warnings().size() > warnings) return packed;
  std::error_code ignored;
  fs::create_directories(folder_.parent_path(), ignored);
  ::mkdir(folder_.c_str(), 0700);
  if (!write_model(folder_ / name, *key, {packed->block, packed->parts.bytes})) return packed;
  bound_folder(folder_);
  // From now on this process shares as well.
  if (auto found = map_model(folder_ / name, *key, config, types)) return std::move(*found);
  return packed;
}

} // namespace troupe::cpu
