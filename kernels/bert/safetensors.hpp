#pragma once

#include "kernels/bert/mapped_file.hpp"
#include "kernels/result.hpp"

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::bert {

/// One tensor of a safetensors file. `bytes` points into the mapping, at any alignment, and lives
/// as long as the file; touch it only where nobody can shorten the file, else take
/// `safetensors_file::read`.
struct tensor_view {
  /// As the format spells it: "F32", "BF16", "I64" ...
  std::string dtype;
  /// Row-major; empty for a scalar.
  std::vector<std::size_t> shape;
  /// Exactly as long as dtype and shape say.
  std::span<const std::byte> bytes;
};

/// One file in the safetensors format (8 bytes of header length, JSON header, data), mapped and
/// wholly checked: every tensor lies inside the data, none overlaps another, together they cover
/// it, and no name comes twice. Source: the format's description in the safetensors project; the
/// checks are those of its reference reader.
class safetensors_file {
public:
  /// @returns `unreadable_file`, or `bad_safetensors` naming the file and the tensor.
  [[nodiscard]] static result<safetensors_file> open(const std::filesystem::path& path);

  /// The tensor of that name, or nullptr. Valid as long as this object.
  [[nodiscard]] const tensor_view* find(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, tensor_view, std::less<>>& tensors() const {
    return tensors_;
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Of the whole file, in bytes.
  [[nodiscard]] std::size_t size() const { return file_.size(); }

  /// Copies bytes of the file as they are. See `mapped_file::read`.
  [[nodiscard]] result<void> read_raw(std::size_t offset, std::span<std::byte> out) const {
    return file_.read(offset, out);
  }

  /// Copies the bytes of `tensor`, one of this file's, into `out`, whose size changes to theirs.
  /// @returns `unreadable_file`, also when the file was shortened since it was opened.
  [[nodiscard]] result<void> read(const tensor_view& tensor, std::vector<std::byte>& out) const;

private:
  safetensors_file(std::filesystem::path path, mapped_file file)
      : path_{std::move(path)}, file_{std::move(file)} {}

  std::filesystem::path path_;
  mapped_file file_;
  std::map<std::string, tensor_view, std::less<>> tensors_;
};

/// The tensors of a model folder: model.safetensors, or the shards that
/// model.safetensors.index.json names.
class checkpoint {
public:
  /// @returns `unreadable_file` or `bad_safetensors`, also for an index that leaves the folder or
  /// names tensors that
  ///          its shards do not have.
  [[nodiscard]] static result<checkpoint> open(const std::filesystem::path& model_dir);

  /// The tensor of that name, or nullptr. Valid as long as this object.
  [[nodiscard]] const tensor_view* find(std::string_view name) const;

  /// Copies the bytes of the tensor of that name, which `find` knows. See `safetensors_file::read`.
  [[nodiscard]] result<void> read(std::string_view name, std::vector<std::byte>& out) const;

  /// All files, in the order of their names. Valid as long as this object.
  [[nodiscard]] std::vector<const safetensors_file*> files() const;

private:
  [[nodiscard]] const safetensors_file* file_of(std::string_view name) const;
  [[nodiscard]] result<void> add_shard(const std::filesystem::path& path);
  [[nodiscard]] result<void> read_index(const std::filesystem::path& path);

  std::map<std::string, safetensors_file, std::less<>> files_;
  /// Tensor name to file name. Empty for a single file, whose tensors all count.
  std::map<std::string, std::string, std::less<>> index_;
};

/// Converts F16, BF16, F32 or F64 (rounded to nearest) to `out`, which has as many elements as the
/// tensor. NaN and infinity stay what they are, and a F64 beyond float32 becomes infinity.
/// @returns why not: another dtype. Nothing on success.
[[nodiscard]] std::optional<std::string> to_fp32(const tensor_view& tensor, std::span<float> out);

/// How many of the values are NaN or infinite.
[[nodiscard]] std::size_t count_not_finite(std::span<const float> values);

} // namespace troupe::bert
