#include "kernels/bert/safetensors.hpp"

#include "kernels/bert/errors.hpp"
#include "kernels/bert/unique_json.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

namespace troupe::bert {
namespace {

using nlohmann::json;

/// The reference reader's limit on a header.
constexpr std::size_t max_header_bytes = 100'000'000;
constexpr std::size_t length_bytes = 8;

/// Bytes of one element, or nothing for a type the format does not know.
std::optional<std::size_t> element_bytes(std::string_view dtype) {
  struct known {
    std::string_view name;
    std::size_t bytes;
  };
  static constexpr std::array all{
      known{"BOOL", 1}, known{"U8", 1},  known{"I8", 1},  known{"F8_E5M2", 1}, known{"F8_E4M3", 1},
      known{"I16", 2},  known{"U16", 2}, known{"F16", 2}, known{"BF16", 2},    known{"I32", 4},
      known{"U32", 4},  known{"F32", 4}, known{"I64", 8}, known{"U64", 8},     known{"F64", 8},
  };
  const auto* at = std::find_if(all.begin(), all.end(), [&](auto& k) { return k.name == dtype; });
  return at == all.end() ? std::nullopt : std::optional{at->bytes};
}

/// A list of whole numbers, or nothing when `value` is anything else.
std::optional<std::vector<std::size_t>> numbers(const json& entry, const char* key) {
  const auto at = entry.find(key);
  if (at == entry.end() || !at->is_array()) return std::nullopt;
  std::vector<std::size_t> list;
  for (const auto& number : *at) {
    if (!number.is_number_unsigned()) return std::nullopt;
    list.push_back(number.get<std::size_t>());
  }
  return list;
}

/// The product, or nothing when it does not fit.
std::optional<std::size_t> product(std::span<const std::size_t> factors, std::size_t start) {
  std::size_t total = start;
  for (const auto factor : factors)
    if (__builtin_mul_overflow(total, factor, &total)) return std::nullopt;
  return total;
}

struct entry {
  tensor_view view;
  std::size_t begin = 0, end = 0;
};

/// One entry of the header, checked against the data it points into. The error is what is wrong,
/// without the place.
tl::expected<entry, std::string> read_entry(const json& value, std::span<const std::byte> data) {
  if (!value.is_object()) return tl::unexpected<std::string>("is not an object");
  const auto dtype = value.find("dtype");
  if (dtype == value.end() || !dtype->is_string())
    return tl::unexpected<std::string>("has no dtype");
  entry out;
  out.view.dtype = dtype->get<std::string>();
  const auto width = element_bytes(out.view.dtype);
  if (!width) return tl::unexpected("has the unknown dtype " + dtype->dump(-1, ' ', true));
  const auto shape = numbers(value, "shape");
  if (!shape) return tl::unexpected<std::string>("has no shape of whole numbers");
  const auto offsets = numbers(value, "data_offsets");
  if (!offsets || offsets->size() != 2)
    return tl::unexpected<std::string>("has no two data_offsets");
  out.begin = (*offsets)[0];
  out.end = (*offsets)[1];
  if (out.begin > out.end || out.end > data.size())
    return tl::unexpected("ends at byte " + std::to_string(out.end) + " of " +
                          std::to_string(data.size()) + " bytes of data");
  const auto bytes = product(*shape, *width);
  if (!bytes || *bytes != out.end - out.begin)
    return tl::unexpected("has " + std::to_string(out.end - out.begin) +
                          " bytes, which is not what its dtype and shape need");
  out.view.shape = *shape;
  out.view.bytes = data.subspan(out.begin, out.end - out.begin);
  return out;
}

using extent = std::pair<std::pair<std::size_t, std::size_t>, const std::string*>;

/// Tensors in the order of their bytes must follow each other without gap or overlap up to the end
/// of the data.
std::optional<std::string> check_cover(std::vector<extent> extents, std::size_t data_bytes) {
  std::sort(extents.begin(), extents.end());
  std::size_t reached = 0;
  for (const auto& [range, name] : extents) {
    if (range.first != reached)
      return "tensor \"" + *name +
             (range.first < reached ? "\" overlaps another" : "\" follows a gap") + " at byte " +
             std::to_string(range.first) + " of the data";
    reached = range.second;
  }
  if (reached == data_bytes) return std::nullopt;
  return std::to_string(data_bytes - reached) + " bytes at the end belong to no tensor";
}

std::uint64_t little_endian_64(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = length_bytes; i-- > 0;)
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  return value;
}

/// The length of the header of a file of `file_bytes`, or why it has none.
tl::expected<std::size_t, std::string> header_length(std::span<const std::byte> bytes,
                                                     std::size_t file_bytes) {
  const auto length = little_endian_64(bytes);
  if (length > max_header_bytes || length > file_bytes - length_bytes)
    return tl::unexpected("promises a header of " + std::to_string(length) + " bytes but has " +
                          std::to_string(file_bytes) + " in all");
  return static_cast<std::size_t>(length);
}

/// Fills `tensors` from a header whose data is `data`. @returns what is wrong.
std::optional<std::string> read_tensors(const json& header, std::span<const std::byte> data,
                                        std::map<std::string, tensor_view, std::less<>>& tensors) {
  std::vector<extent> extents;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") continue;
    auto parsed = read_entry(value, data);
    if (!parsed) return "tensor \"" + name + "\" " + parsed.error();
    const auto at = tensors.emplace(name, std::move(parsed->view)).first;
    extents.push_back({{parsed->begin, parsed->end}, &at->first});
  }
  return check_cover(std::move(extents), data.size());
}

} // namespace

result<safetensors_file> safetensors_file::open(const std::filesystem::path& path) {
  auto mapped = mapped_file::open(path);
  if (!mapped) return tl::unexpected(mapped.error());
  safetensors_file file{path, std::move(*mapped)};
  const auto bad = [&](const std::string& what) {
    return fail(bert_errc::bad_safetensors, path.string() + ": " + what);
  };
  if (file.file_.size() < length_bytes) return bad("is too short for a header");
  std::array<std::byte, length_bytes> start{};
  if (auto read = file.file_.read(0, start); !read) return tl::unexpected(read.error());
  const auto length = header_length(start, file.file_.size());
  if (!length) return bad(length.error());
  std::string text(*length, '\0');
  if (auto read = file.file_.read(length_bytes, std::as_writable_bytes(std::span{text})); !read)
    return tl::unexpected(read.error());
  const auto header = parse_unique_json(text);
  if (!header) return bad("header " + header.error());
  const auto data = file.file_.bytes().subspan(length_bytes + *length);
  if (const auto problem = read_tensors(*header, data, file.tensors_)) return bad(*problem);
  return file;
}

result<void> safetensors_file::read(const tensor_view& tensor, std::vector<std::byte>& out) const {
  out.resize(tensor.bytes.size());
  const auto offset = tensor.bytes.data() - file_.bytes().data();
  return file_.read(static_cast<std::size_t>(offset), out);
}

const tensor_view* safetensors_file::find(std::string_view name) const {
  const auto at = tensors_.find(name);
  return at == tensors_.end() ? nullptr : &at->second;
}

} // namespace troupe::bert
