#include "io/sample_faces/sample_faces.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <span>
#include <string>
#include <thread>

#include "engine/error.h"
#include "engine/worker_threads.h"
#include "io/codec/encoders.h"
#include "io/face/preparation.h"
#include "io/format/atomic_file.h"
#include "io/format/folder_names.h"
#include "io/sample_faces/renderer.h"

namespace poster::faces {
namespace {

namespace fs = std::filesystem;

int identity_count(const SampleFacesOptions& options) {
  if (options.identities > 0) return options.identities;
  return std::max((options.per_class + 1) / 2, std::min(options.per_class, 10));
}

void check(const SampleFacesOptions& options) {
  const auto fail = [](const std::string& message) { throw Error(message); };
  if (options.per_class < kSplits)
    fail("per-class: " + std::to_string(options.per_class) +
         " is too few; give 3 or more, one for each of train, valid and test");
  const int identities = identity_count(options);
  if (options.identities < 0 || identities < kSplits || identities > options.per_class)
    fail("identities: " + std::to_string(options.identities) + " can't be; give 3 to " +
         std::to_string(options.per_class) + " (per-class)");
  if (options.size < 32 || options.size > 4096)
    fail("size: " + std::to_string(options.size) + " is out of range; give 32 to 4096 pixels");
  const double train = options.train_fraction, valid = options.valid_fraction;
  if (!(train > 0 && valid > 0 && train + valid < 1))
    fail("train-fraction, valid-fraction: must be above 0 and sum to less than 1; test takes the rest");
  if (options.threads < 0) fail("threads: give 0 (one per core) or more");
}

bool is_sample_face(const fs::path& path) {
  const std::string name = path.filename().string();
  return (name.starts_with("face_") && (name.ends_with(".png") || name.ends_with(".png.tmp"))) ||
         (name.starts_with(".face_") && name.ends_with(".png.tmp"));  // left by a killed run
}

// Whole faces need no record: nothing was done to them.
void write_record(const SampleFacesOptions& options) {
  if (!options.lower_half) {
    std::error_code error;
    const fs::path path = options.directory / io::kPreparationFile;
    fs::remove(path, error);
    if (error)
      throw Error(path.string() + ": is of an earlier set, and can't be removed: " + error.message());
    return;
  }
  io::Preparation preparation{.program = "poster_samples"};
  preparation.view.view = io::View::lower;
  io::write_preparation(options.directory, preparation);
}

// A link would lead what is removed and written out of the folder.
void check_no_link(const fs::path& folder) {
  if (fs::is_symlink(folder))
    throw Error(folder.string() + ": is a link; remove it, so that nothing outside the folder is touched");
}

// Images of an earlier run would put people of one split into another.
void remove_earlier_faces(const fs::path& folder) {
  for (const std::string& name : io::names_in(folder))
    if (is_sample_face(name) && fs::is_regular_file(folder / name)) fs::remove(folder / name);
}

void prepare_folders(const SampleFacesOptions& options) {
  const fs::path& root = options.directory;
  if (root.empty()) throw Error("out: no folder given; name one to write the faces into");
  try {
    if (fs::exists(root) && !fs::is_directory(root))
      throw Error(root.string() + ": is a file; give a folder to write the faces into");
    if (fs::exists(root) && !fs::is_empty(root) && !options.force)
      throw Error(root.string() +
                  ": the folder isn't empty; give another one, or --force to replace the faces in it");
    for (std::string_view split : kSplitNames) {
      for (std::string_view expression : kExpressionNames) {
        const fs::path folder = root / split / expression;
        check_no_link(root / split);
        check_no_link(folder);
        fs::create_directories(folder);
        remove_earlier_faces(folder);
      }
    }
  } catch (const fs::filesystem_error& error) {
    throw Error(root.string() + ": can't prepare the folder: " + error.code().message());
  }
}

void write_png(const RgbBuffer& image, const fs::path& path) {
  const io::RgbRows rows{image.pixels.data(), image.width, image.height};
  const std::vector<std::uint8_t> bytes = io::encode_png(rows, path.string());
  io::write_file_unsynced(path, std::as_bytes(std::span(bytes)));
}

void draw(const SampleFacesOptions& options, const SampleFace& face) {
  const std::uint64_t identity = static_cast<std::uint64_t>(face.identity);
  const std::uint64_t number = static_cast<std::uint64_t>(face.number);
  const FaceIdentity who = draw_identity(options.seed, identity);
  const FacePose pose = draw_pose(options.seed, identity, face.expression, number);
  const ActionUnits units = draw_action_units(options.seed, identity, face.expression, number);
  const RgbBuffer image = render_face(who, pose, units, {options.size, options.lower_half}, options.seed,
                                      identity, noise_key(face.expression, number));
  write_png(image, options.directory / sample_face_path(face));
}

}  // namespace

std::vector<SampleFace> plan_sample_faces(const SampleFacesOptions& options) {
  check(options);
  const int identities = identity_count(options), per_class = options.per_class;
  // Rounded, but one for each split; identities are drawn alike, so the first ones may train.
  const int valid =
      std::clamp(static_cast<int>(std::lround(options.valid_fraction * identities)), 1, identities - 2);
  const double rest = 1 - options.train_fraction - options.valid_fraction;
  const int test = std::clamp(static_cast<int>(std::lround(rest * identities)), 1, identities - valid - 1);
  const int train = identities - valid - test;
  std::vector<SampleFace> faces;
  faces.reserve(static_cast<std::size_t>(per_class) * kExpressions);
  for (int identity = 0; identity < identities; ++identity) {
    const Split split = identity < train           ? Split::train
                        : identity < train + valid ? Split::valid
                                                   : Split::test;
    // Deals per_class images out evenly, whether or not they divide by the identities.
    const auto dealt = [&](std::int64_t to) { return to * per_class / identities; };
    const int count = static_cast<int>(dealt(identity + 1) - dealt(identity));
    for (int number = 0; number < count; ++number)
      for (int expression = 0; expression < kExpressions; ++expression)
        faces.push_back({identity, static_cast<Expression>(expression), number, split});
  }
  return faces;
}

std::filesystem::path sample_face_path(const SampleFace& face) {
  char name[48];
  std::snprintf(name, sizeof name, "face_%05d_%02d.png", face.identity, face.number);
  return fs::path(kSplitNames[static_cast<std::size_t>(face.split)]) /
         kExpressionNames[static_cast<std::size_t>(face.expression)] / name;
}

SampleFacesSummary write_sample_faces(const SampleFacesOptions& options) {
  const std::vector<SampleFace> faces = plan_sample_faces(options);
  prepare_folders(options);
  write_record(options);

  std::atomic<std::size_t> next{0};
  const std::size_t wanted = options.threads > 0 ? static_cast<std::size_t>(options.threads)
                                                 : std::max(1u, std::thread::hardware_concurrency());
  run_on_threads(
      std::min(wanted, faces.size()),
      [&] {
        for (std::size_t i = next++; i < faces.size(); i = next++) draw(options, faces[i]);
      },
      [&] { next = faces.size(); });

  SampleFacesSummary summary;
  int last = -1;
  for (const SampleFace& face : faces) {
    const std::size_t split = static_cast<std::size_t>(face.split);
    ++summary.images[split];
    if (face.identity != last) ++summary.identities[split];
    last = face.identity;
  }
  return summary;
}

}  // namespace poster::faces
