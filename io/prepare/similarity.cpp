#include "io/prepare/similarity.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <tuple>
#include <vector>

#include "kernels/cpu/avx2_loop.h"

namespace poster::prepare {
namespace {

constexpr int kReducedSide = 72;  // a multiple of all sides below
constexpr int kHashColumns = 8, kHashRows = 8;
constexpr double kMinDeviation = 4;  // of an image with any contrast, in grey levels

struct Moments {
  double mean = 0, deviation = 0;
};

Moments moments_of(const Fingerprint& print) {
  const auto count = static_cast<double>(print.miniature.size());
  double sum = 0, squares = 0;
  for (const std::uint8_t value : print.miniature) sum += value;
  const double mean = sum / count;
  for (const std::uint8_t value : print.miniature) squares += (value - mean) * (value - mean);
  return {mean, std::max(kMinDeviation, std::sqrt(squares / count))};
}

// The sum of a row's bytes in each of kReducedSide cells, added to `sums`.
POSTER_LOOP_BODY void add_row(const std::uint8_t* row, const std::array<int, kReducedSide + 1>& edges,
                              std::array<std::uint32_t, kReducedSide>& sums) {
  for (int cell = 0; cell < kReducedSide; ++cell) {
    std::uint32_t sum = 0;
    for (int i = 3 * edges[cell]; i < 3 * edges[cell + 1]; ++i) sum += row[i];
    sums[cell] += sum;
  }
}
POSTER_AVX2 void add_row_avx2(const std::uint8_t* row, const std::array<int, kReducedSide + 1>& edges,
                              std::array<std::uint32_t, kReducedSide>& sums) {
  add_row(row, edges, sums);
}

// Brightness, the mean of the channels, in kReducedSide x kReducedSide cells. Large images by whole pixels:
// there OpenCV's exact areas cost more than decoding does.
cv::Mat reduced_grey(const io::Image& image) {
  cv::Mat grey(kReducedSide, kReducedSide, CV_32F);
  if (image.width < 3 * kReducedSide || image.height < 3 * kReducedSide) {
    const cv::Mat rgb(image.height, image.width, CV_8UC3, const_cast<std::uint8_t*>(image.rgb.data()));
    cv::Mat reduced;
    cv::resize(rgb, reduced, {kReducedSide, kReducedSide}, 0, 0, cv::INTER_AREA);
    cv::transform(reduced, grey, cv::Matx13f(1.0F / 3, 1.0F / 3, 1.0F / 3));
    return grey;
  }
  std::array<int, kReducedSide + 1> columns{};
  for (int i = 0; i <= kReducedSide; ++i)
    columns[i] = static_cast<int>(std::int64_t{image.width} * i / kReducedSide);
  for (int y = 0; y < kReducedSide; ++y) {
    const int top = static_cast<int>(std::int64_t{image.height} * y / kReducedSide);
    const int bottom = static_cast<int>(std::int64_t{image.height} * (y + 1) / kReducedSide);
    std::array<std::uint32_t, kReducedSide> sums{};
    for (int row = top; row < bottom; ++row)
      kernels::use_avx2() ? add_row_avx2(image.row(row), columns, sums)
                          : add_row(image.row(row), columns, sums);
    for (int x = 0; x < kReducedSide; ++x)
      grey.at<float>(y, x) = static_cast<float>(sums[x]) /
                             static_cast<float>(3 * (bottom - top) * (columns[x + 1] - columns[x]));
  }
  return grey;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

Fingerprint fingerprint(const io::Image& image) {
  cv::Mat grey, cells, miniature;
  reduced_grey(image).convertTo(grey, CV_8U);
  cv::resize(grey, cells, {kHashColumns + 1, kHashRows}, 0, 0, cv::INTER_AREA);
  Fingerprint print;
  for (int y = 0; y < kHashRows; ++y)
    for (int x = 0; x < kHashColumns; ++x) {
      const bool rises = cells.at<std::uint8_t>(y, x + 1) > cells.at<std::uint8_t>(y, x);
      print.hash |= std::uint64_t{rises} << (y * kHashColumns + x);
    }
  cv::resize(grey, miniature, {kMiniatureSide, kMiniatureSide}, 0, 0, cv::INTER_AREA);
  std::copy(miniature.begin<std::uint8_t>(), miniature.end<std::uint8_t>(), print.miniature.begin());
  return print;
}

std::string fingerprint_text(const Fingerprint& print) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  const auto put = [&](unsigned byte) {
    text += digits[byte >> 4 & 15];
    text += digits[byte & 15];
  };
  for (int shift = 56; shift >= 0; shift -= 8) put(static_cast<unsigned>(print.hash >> shift & 255));
  for (const std::uint8_t value : print.miniature) put(value);
  return text;
}

bool parse_fingerprint(const std::string& text, Fingerprint& print) {
  std::vector<std::uint8_t> bytes;
  if (text.size() != 2 * (8 + print.miniature.size())) return false;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]), low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return false;
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  print.hash = 0;
  for (int i = 0; i < 8; ++i) print.hash = print.hash << 8 | bytes[i];
  std::copy(bytes.begin() + 8, bytes.end(), print.miniature.begin());
  return true;
}

bool near_duplicates(const Fingerprint& a, const Fingerprint& b, int hash_bits) {
  if (std::popcount(a.hash ^ b.hash) > hash_bits) return false;
  const Moments of_a = moments_of(a), of_b = moments_of(b);
  double difference = 0;
  for (std::size_t i = 0; i < a.miniature.size(); ++i)
    difference += std::abs((a.miniature[i] - of_a.mean) / of_a.deviation -
                           (b.miniature[i] - of_b.mean) / of_b.deviation);
  return difference <= kMiniatureDifference * static_cast<double>(a.miniature.size());
}

void find_near_duplicates(std::span<const Fingerprint> prints, int hash_bits,
                          const std::function<void(std::size_t, std::size_t)>& found) {
  // Thousands of equal images must not be compared with each other.
  std::vector<std::size_t> order(prints.size()), unique;
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](std::size_t i, std::size_t j) {
    return std::tie(prints[i].hash, prints[i].miniature, i) <
           std::tie(prints[j].hash, prints[j].miniature, j);
  });
  for (const std::size_t i : order) {
    if (!unique.empty() && prints[unique.back()] == prints[i])
      found(unique.back(), i);
    else
      unique.push_back(i);
  }
  // Of hash_bits + 1 bands, hash_bits differing bits leave one untouched.
  const int bands = hash_bits + 1;
  const auto band_of = [&](std::uint64_t hash, int band) {
    const int begin = 64 * band / bands, width = 64 * (band + 1) / bands - begin;
    return width == 64 ? hash : hash >> begin & ((std::uint64_t{1} << width) - 1);
  };
  for (int band = 0; band < bands; ++band) {
    std::ranges::sort(unique, {}, [&](std::size_t i) { return std::pair(band_of(prints[i].hash, band), i); });
    for (std::size_t first = 0, last = 0; first < unique.size(); first = last) {
      const std::uint64_t value = band_of(prints[unique[first]].hash, band);
      while (last < unique.size() && band_of(prints[unique[last]].hash, band) == value) ++last;
      for (std::size_t a = first; a < last; ++a) {
        for (std::size_t b = a + 1; b < last; ++b) {
          const Fingerprint &x = prints[unique[a]], &y = prints[unique[b]];
          if (std::popcount(x.hash ^ y.hash) > hash_bits) continue;
          bool met = false;  // in an earlier band
          for (int earlier = 0; earlier < band && !met; ++earlier)
            met = band_of(x.hash, earlier) == band_of(y.hash, earlier);
          if (!met && near_duplicates(x, y, hash_bits)) found(unique[a], unique[b]);
        }
      }
    }
  }
}

}  // namespace poster::prepare
