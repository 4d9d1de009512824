#pragma once

#include <cstddef>
#include <oneapi/dnnl/dnnl.hpp>
#include <span>
#include <unordered_map>
#include <vector>

namespace troupe::cpu {

/// Runs its scope with that many OpenMP threads on the calling thread, and puts the number back.
/// oneDNN reads it when a primitive is made and when it runs; the two must agree.
class thread_count_scope {
public:
  explicit thread_count_scope(std::size_t threads);
  ~thread_count_scope();
  thread_count_scope(const thread_count_scope&) = delete;
  thread_count_scope& operator=(const thread_count_scope&) = delete;

private:
  int before_;
};

/// Numbers of rows that products are compiled for: a few sizes of which the largest is fast and the
/// smaller ones serve what is left. Sizes whose rows do not come out the same to the last bit are
/// sorted out at load.
inline constexpr std::size_t candidate_rows[] = {1, 16, 32, 48, 64, 96};

/// out = in W^T for one shape of W and every candidate number of rows, on weights in one packed
/// layout. The packing is what oneDNN likes best for the largest candidate. Immutable; throws
/// dnnl::error.
class matmul {
public:
  /// @param type of inputs and weights, f32 or bf16; results are f32.
  matmul(const dnnl::engine& engine, std::size_t inputs, std::size_t outputs,
         dnnl::memory::data_type type);

  /// Packed weights of `weight` [outputs, inputs] float32, which is not kept.
  [[nodiscard]] dnnl::memory pack(std::span<const float> weight) const;

  /// What one workspace needs to run this product; its data handles are set per call.
  struct call {
    dnnl::memory in, out;
    std::unordered_map<int, dnnl::memory> arguments;
  };
  /// @param rows one of `candidate_rows`. @param scratch `scratch_bytes()` bytes that outlive the
  /// call.
  [[nodiscard]] call prepare(std::size_t rows, void* scratch) const;

  /// @param in [rows, inputs] of the type, @param out [rows, outputs] float32. Allocates nothing of
  /// its own.
  void run(const dnnl::stream& stream, std::size_t rows, call& with, const dnnl::memory& weight,
           const void* in, float* out) const;

  [[nodiscard]] std::size_t scratch_bytes() const;
  [[nodiscard]] std::size_t inputs() const { return inputs_; }
  [[nodiscard]] std::size_t outputs() const { return outputs_; }
  [[nodiscard]] dnnl::memory::data_type type() const { return type_; }

private:
  struct shape {
    std::size_t rows;
    dnnl::matmul::primitive_desc description;
    dnnl::matmul primitive;
  };
  [[nodiscard]] const shape& of(std::size_t rows) const;

  dnnl::engine engine_;
  std::size_t inputs_, outputs_;
  dnnl::memory::data_type type_;
  std::vector<shape> shapes_;
};

} // namespace troupe::cpu
