// A look-alike of AI Hub 82 for tests: seven emotions, eight images each, of fourteen persons.
#pragma once

#include <iconv.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/made_images.h"
#include "tests/support/trees.h"

namespace poster::test {

inline const std::array<std::string, 7> kKoreanEmotions = {"기쁨", "당황", "분노", "불안",
                                                           "상처", "슬픔", "중립"};

inline std::string cp949(const std::string& utf8) {
  const iconv_t converter = iconv_open("CP949", "UTF-8");
  std::string text(utf8.size() + 16, '\0');
  char *in = const_cast<char*>(utf8.data()), *out = text.data();
  std::size_t in_left = utf8.size(), out_left = text.size();
  if (iconv(converter, &in, &in_left, &out, &out_left) == static_cast<std::size_t>(-1))
    throw std::runtime_error(utf8);
  iconv_close(converter);
  text.resize(text.size() - out_left);
  return text;
}

// Hangul syllables in their parts, as macOS writes names (Unicode 15.0, 3.12).
inline std::string decomposed(const std::string& utf8) {
  const auto put = [](std::string& text, unsigned code) {
    text += static_cast<char>(0xE0 | code >> 12);
    text += static_cast<char>(0x80 | (code >> 6 & 63));
    text += static_cast<char>(0x80 | (code & 63));
  };
  std::string text;
  for (std::size_t i = 0; i < utf8.size();) {
    const auto byte = [&](std::size_t at) {
      return static_cast<unsigned>(static_cast<unsigned char>(utf8[at]));
    };
    const unsigned code = byte(i) >= 0xE0 && i + 2 < utf8.size()
                              ? (byte(i) & 15) << 12 | (byte(i + 1) & 63) << 6 | (byte(i + 2) & 63)
                              : 0;
    if (code < 0xAC00 || code > 0xD7A3) {
      text += utf8[i++];
      continue;
    }
    const unsigned syllable = code - 0xAC00;
    put(text, 0x1100 + syllable / 588);
    put(text, 0x1161 + syllable % 588 / 28);
    if (syllable % 28 != 0) put(text, 0x11A7 + syllable % 28);
    i += 3;
  }
  return text;
}

struct AihubImage {
  std::string emotion, name;  // Korean; HASH_SEX_AGE_EMOTION_PLACE_NUMBERS.jpg
  std::vector<std::uint8_t> bytes;
  std::array<std::string, 3> votes;  // Korean
  std::array<int, 4> box;            // left, top, right, bottom
};

class AihubSet {
 public:
  static constexpr int kPerEmotion = 8, kPersons = 14;

  AihubSet() {
    int number = 0;
    for (const std::string& emotion : kKoreanEmotions)
      for (int i = 0; i < kPerEmotion; ++i, ++number) {
        char hash[65];
        std::snprintf(hash, sizeof hash, "%08x%056d", 0xABCD00 + number % kPersons, 7);
        images.push_back({emotion,
                          std::string(hash) + "_여_20_" + emotion + "_도심 환경_2021012616" +
                              std::to_string(1000 + number) + "-010-011.jpg",
                          made_jpeg(static_cast<std::uint64_t>(number), 60, 50),
                          {emotion, emotion, emotion},
                          {10, 5, 50, 45}});
      }
  }

  // A label file's text.
  std::string labels(const std::string& emotion, const std::string& key = "annot_") const {
    nlohmann::json records = nlohmann::json::array();
    for (const AihubImage& image : images) {
      if (image.emotion != emotion) continue;
      nlohmann::json record = {{"filename", image.name},
                               {"gender", "여"},
                               {"age", 20},
                               {"isProf", "일반인"},
                               {"faceExp_uploader", emotion},
                               {"bg_uploader", "도심 환경"}};
      for (int a = 0; a < 3; ++a)
        record[key + std::string(1, static_cast<char>('A' + a))] = {
            {"boxes",
             {{"minX", image.box[0] + 0.5},
              {"minY", image.box[1]},
              {"maxX", image.box[2]},
              {"maxY", image.box[3]}}},
            {"faceExp", image.votes[static_cast<std::size_t>(a)]},
            {"bg", "도심 환경"}};
      records.push_back(record);
    }
    return records.dump();
  }

  Files images_of(const std::string& emotion) const {
    Files files;
    for (const AihubImage& image : images)
      if (image.emotion == emotion) files[image.name] = image.bytes;
    return files;
  }

  static std::string image_folder(const std::string& emotion) {
    return "Training/[원천]EMOIMG_" + emotion + "_TRAIN_01";
  }
  static std::string label_file(const std::string& emotion) {
    return "Training/[라벨]EMOIMG_" + emotion + "_TRAIN/img_emotion_training_data(" + emotion + ").json";
  }

  // As unpacked folders.
  Files files() const {
    Files files;
    for (const std::string& emotion : kKoreanEmotions) {
      for (const auto& [name, bytes] : images_of(emotion)) files[image_folder(emotion) + "/" + name] = bytes;
      files[label_file(emotion)] = bytes_of(labels(emotion));
    }
    return files;
  }

  std::vector<AihubImage> images;
};

}  // namespace poster::test
