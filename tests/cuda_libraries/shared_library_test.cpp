// Where the libraries of CUDA programs are looked for, and what is said where they aren't there.
#include "kernels/cuda/libraries/shared_library.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "kernels/cuda/libraries.h"
#include "kernels/cuda/libraries/cublaslt.h"
#include "kernels/cuda/libraries/library_folders.h"
#include "kernels/cuda_device.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace poster::kernels {
namespace {

using test::error_of, test::expect_contains;

class SharedLibraryTest : public testing::Test {
 protected:
  SharedLibraryTest() {
    for (const char* variable :
         {"VIRTUAL_ENV", "CONDA_PREFIX", "CUDA_HOME", "CUDA_PATH", "POSTER_CUDA_LIBRARY_PATH"})
      ::unsetenv(variable);
    ::setenv("HOME", "/nonexistent", 1);
  }
  ~SharedLibraryTest() override { ::unsetenv("POSTER_CUDA_LIBRARY_PATH"); }

  static void look_in(const std::string& folders) {
    ::setenv("POSTER_CUDA_LIBRARY_PATH", folders.c_str(), 1);
  }
  static SharedLibrary load(const std::vector<std::string>& files) { return {"cuDNN", files, "cuDNN 9"}; }

  test::TemporaryFolder folder_;
};

TEST_F(SharedLibraryTest, IsLoadedFromTheFoldersThatAreNamed) {
  look_in("/nonexistent:" POSTER_FAKES);
  int (*const runs)() = load({"libcudnn.so.10", "libcudnn.so.9"}).function("fake_cudnn_runs");
  EXPECT_EQ(runs(), 0);
}

TEST_F(SharedLibraryTest, OneThatIsAbsentIsNamedWithTheMend) {
  EXPECT_EQ(error_of([] { load({"libposter_no_such.so.9"}); }),
            "cuDNN does not load (libposter_no_such.so.9: cannot open shared object file: No such file or "
            "directory); install cuDNN 9, or name its folder in POSTER_CUDA_LIBRARY_PATH");
  // Not elsewhere, where folders are named: a spelling mistake would go unnoticed.
  look_in(folder_.path().string());
  EXPECT_EQ(
      error_of([] { load({"libc.so.6"}); }),
      "cuDNN does not load (libc.so.6 is in no folder of POSTER_CUDA_LIBRARY_PATH); install cuDNN 9, or "
      "name its folder in POSTER_CUDA_LIBRARY_PATH");
}

TEST_F(SharedLibraryTest, OneThatIsBrokenSaysWhatIsWrongWithIt) {
  std::ofstream(folder_.path() / "libcudnn.so.9") << "no library";
  look_in(folder_.path().string());
  const std::string error = error_of([] { load({"libcudnn.so.10", "libcudnn.so.9"}); });
  expect_contains(error, "cuDNN does not load (" + (folder_.path() / "libcudnn.so.9").string());
  expect_contains(error, "install cuDNN 9");
}

TEST_F(SharedLibraryTest, AFunctionThatIsAbsentIsNamed) {
  look_in(POSTER_FAKES);
  const SharedLibrary library = load({"libcudnn.so.9"});
  EXPECT_EQ(error_of([&] { library.function("cudnnNoSuchFunction"); }),
            "cuDNN in " POSTER_FAKES
            "/libcudnn.so.9 has no function cudnnNoSuchFunction: another version is needed");
}

TEST_F(SharedLibraryTest, PythonPackagesOfTheActiveEnvironmentAreAmongTheUsualFolders) {
  const auto library = folder_.path() / "lib/python3.11/site-packages/nvidia/cudnn/lib";
  std::filesystem::create_directories(library);
  ::setenv("VIRTUAL_ENV", folder_.path().c_str(), 1);
  EXPECT_EQ(usual_library_folders().at(0), library.string());
  std::filesystem::copy(POSTER_FAKES "/libcudnn.so.9", library / "libposter_only_here.so.9");
  load({"libposter_only_here.so.9"}).function("cudnnCreate");
}

// The program that asks for a device gets one line, and can ask again.
TEST_F(SharedLibraryTest, TheDeviceIsUnavailableWithoutEitherLibrary) {
  look_in(folder_.path().string());
  expect_contains(cuda_unavailable(), "cuBLASLt does not load (libcublasLt.so.1");
  expect_contains(error_of([] { CudaQueue queue; }), "CUDA: cuBLASLt does not load");
  std::filesystem::copy(POSTER_FAKES "/libcublasLt.so.13", folder_.path() / "libcublasLt.so.13");
  expect_contains(cuda_unavailable(), "cuDNN does not load (libcudnn.so.9 is in no folder");
  look_in(POSTER_FAKES);
  EXPECT_EQ(cuda_unavailable(), "");
}

}  // namespace
}  // namespace poster::kernels
