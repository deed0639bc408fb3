#include "apps/predict/predict_command.h"

#include <CLI/CLI.hpp>

namespace poster {

void add_predict_options(CLI::App& app, PredictCommand& o) {
  app.get_formatter()->column_width(32);
  app.add_option("CHECKPOINT", o.checkpoint,
                 "weights: of poster_train, or a whole network's .pth or .safetensors");
  app.add_option("INPUT", o.inputs, "what to look at; see above");
  app.add_flag("--demo", o.demo,
               "in place of both: a drawn face and a small network that come with the program");
  app.add_option(
         "--faces", o.faces,
         "none: each image and frame is one face, cropped as those of training; detect: every face that is found in it. Default: none for images; for films and cameras detect, or none where the network sees a headset or what lies below one (--view), since a face is found by its eyes")
      ->check(CLI::IsMember({"none", "detect"}));
  app.add_option("--box", o.box,
                 "left,top,width,height in pixels: where the face is in every image and frame")
      ->delimiter(',')
      ->expected(4);
  app.add_option("--detector", o.detector, "detect: cascade (default), or a YuNet model.onnx");
  app.add_option("--min-face", o.smallest, "detect: smaller faces, in pixels, are passed over (default: 24)")
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--format", o.format, "text (default), json (one object a line) or csv")
      ->check(CLI::IsMember({"text", "json", "csv"}));
  app.add_option(
      "--annotate", o.annotate,
      "folder for images (PNG) and films (MP4, or AVI where FFmpeg cannot encode H.264) with boxes and labels");
  app.add_option("--attention", o.attention,
                 "folder for what the network saw and, beside it, a heat map of where its class token looks");
  app.add_option("--every", o.every, "look only at every N-th frame of films and cameras (default: 1)")
      ->check(CLI::Range(1, 1000000))
      ->type_name("N");
  app.add_option("--top", o.top,
                 "tell the K most probable classes (default: 3 in text, 1 in labels; tables have all)")
      ->check(CLI::Range(1, 1000))
      ->type_name("K");
  app.add_option(
         "--min-probability", o.min_probability,
         "call a face uncertain, of no class, whose most probable class has less than P, 0 to 1 (default: 0)")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("P");
  app.add_flag("--summary", o.summary,
               "at the end, how many faces each class has, how many images none, and the mean times");
  app.add_flag("--watch", o.watch, "show what is found in a window; q or Escape ends");
  app.add_option("--batch", o.batch, "images taken together: more a second, later each (default: 1)")
      ->check(CLI::Range(1, 1024));
  app.add_option("--device", o.device, "auto (default), cpu or cuda");
  app.add_option("--threads", o.threads, "of the CPU; 0 (default): one each core");
  app.add_option("--precision", o.precision, "fp32 (default), or on CUDA tf32 or fp16");
  app.add_option("--classes", o.classes, "names of the outputs, in their order, for a file that has none")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_flag("--rename-classes", o.rename_classes,
               "take --classes in place of the names that the file has, the first for output 0");
  app.add_option(
      "--recipe", o.recipe,
      "how images are brought to the network's size, for a file that doesn't say (default: augmented)");
  app.add_flag("--ignore-unsafe", o.allow_unsafe,
               "read a .pth file's tensors though it names functions that are not known to be harmless");
  app.add_flag("--allow-partial", o.allow_partial, "take a file that lacks tensors of its network, too");
  add_view_flags(app, o.view, "as in training, by the checkpoint");
  add_view_place_flags(app, o.view, "as in training, by the checkpoint");
}

}  // namespace poster
