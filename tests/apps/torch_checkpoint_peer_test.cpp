// Checkpoints of the whole network between PyTorch and us.
#include <cstring>

#include "apps/golden/golden_case.h"
#include "engine/device.h"
#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/torch_checkpoint.h"
#include "tests/support/torch_peer.h"

namespace poster {
namespace {

namespace fs = std::filesystem;
using test::TorchPeer;

// What every script begins with: the tensors of the golden case, by its formula (tests/data/golden).
constexpr const char* kGolden = R"(
import json, sys, warnings
import numpy as np, torch
warnings.simplefilter('ignore')
manifest = json.load(open(MANIFEST))

def fnv(text):
    h = 0xcbf29ce484222325
    for byte in text.encode():
        h = ((h ^ byte) * 0x100000001b3) & 0xffffffffffffffff
    return h

def fill(tensor):
    n = int(np.prod(tensor['shape'], dtype=np.int64))
    with np.errstate(over='ignore'):
        z = np.uint64(fnv(manifest['seed'] + '/' + tensor['name'])) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    v = (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1
    return torch.from_numpy((tensor['mean'] + tensor['scale'] * v).astype(np.float32).reshape(tensor['shape']))

def index(side):
    r = torch.arange(side * side) // side
    c = torch.arange(side * side) % side
    return (r[:, None] - r[None] + side - 1) * (2 * side - 1) + c[:, None] - c[None] + side - 1

def state_dict():
    state = {}
    for t in manifest['tensors']:
        if t['mean'] is not None: state[t['name']] = fill(t)
        elif t['name'].endswith('relative_position_index'): state[t['name']] = index(round(t['shape'][0] ** 0.5))
        else: state[t['name']] = torch.zeros(t['shape'], dtype=torch.int64)
    return state
)";

class TorchCheckpointPeer : public TorchPeer {
 protected:
  static std::string with_golden(const std::string& script) {
    return "MANIFEST = '" POSTER_TEST_DATA "/golden/poster_v2_3cls_adam.manifest.json'\n" +
           std::string(kGolden) + script;
  }
  static GoldenCase golden() {
    return read_golden_case(POSTER_TEST_DATA "/golden/poster_v2_3cls_adam.safetensors");
  }
};

TEST_F(TorchCheckpointPeer, All747TensorsThatPyTorchWroteAreReadEqual) {
  expect_runs(with_golden(R"(
state = state_dict()
half = {'module.' + k: v.half() if v.is_floating_point() else v for k, v in state.items()}
torch.save({'epoch': 4, 'state_dict': {'module.' + k: v for k, v in state.items()}, 'best_acc': torch.tensor([81.25])}, 'float_zip.pth')
torch.save({'state_dict': half}, 'half_zip.pth')
torch.save(state, 'float_legacy.pth', _use_new_zipfile_serialization=False)
torch.save(half, 'half_legacy.pth', _use_new_zipfile_serialization=False)
)"));
  const GoldenCase reference = golden();
  Device device = Device::open("cpu", 0);
  for (const char* name : {"float_zip.pth", "half_zip.pth", "float_legacy.pth", "half_legacy.pth"}) {
    const bool half = std::string(name).starts_with("half");
    const Checkpoint checkpoint(folder_ / name);
    EXPECT_EQ(checkpoint.model(), "poster-v2") << name;
    EXPECT_EQ(checkpoint.outputs(), 7) << name;
    ASSERT_EQ(checkpoint.weights().entries().size(), 747u) << name;
    for (std::size_t i = 0; i < 747; ++i) {
      const GoldenTensor& expected = reference.tensors[i];
      ASSERT_TRUE(checkpoint.weights().entries()[i].name.ends_with(expected.name)) << name;
      if (!expected.filled) continue;
      const NamedTensor values = golden_fill(reference.seed, expected);
      checkpoint.weights().read(i, [&](const TensorView& view) {
        ASSERT_EQ(view.shape, expected.shape) << expected.name;
        ASSERT_EQ(view.dtype, half ? DType::f16 : DType::f32) << expected.name;
        std::int64_t differing = 0;
        const auto* const wanted = values.as<float>();
        visit_elements(view, [&](const auto& elements) {
          for (std::int64_t k = 0, n = values.count(); k < n; ++k) {
            const float rounded = half ? static_cast<float>(Half(wanted[k])) : wanted[k];
            differing += !(static_cast<float>(elements[k]) == rounded);
          }
        });
        EXPECT_EQ(differing, 0) << name << ": " << expected.name;
      });
    }
    const auto trainer = make_trainer(device, checkpoint.model(), checkpoint.outputs());
    EXPECT_EQ(checkpoint.load_weights(trainer->parameters()), "747/747 tensors") << name;
  }
  EXPECT_EQ(Checkpoint(folder_ / "float_zip.pth").position().epoch, 4);
  EXPECT_EQ(Checkpoint(folder_ / "float_zip.pth").position().best_accuracy, 81.25);
}

TEST_F(TorchCheckpointPeer, PyTorchLoadsTheWholeNetworkThatWeWrote) {
  const GoldenCase reference = golden();
  Device device = Device::open("cpu", 0);
  const auto trainer = make_trainer(device, "poster-v2", 7);
  for (std::size_t id = 0; id < reference.tensors.size(); ++id)
    if (reference.tensors[id].filled)
      trainer->parameters().import_value(static_cast<ParameterId>(id),
                                         golden_fill(reference.seed, reference.tensors[id]).view());
  Settings settings;
  settings.recipe = io::recipe_by_name("augmented");
  settings.classes = {"negative", "neutral", "positive"};
  trainer->prepare_training(settings.optimizer(), {}, 0);
  kernels::StepState step;
  step.updates = 45;
  trainer->set_step_state(step);
  save_torch_checkpoint(folder_ / "ours.pth", *trainer, settings, {.epoch = 3, .best_accuracy = 92.8125},
                        {.module_prefix = true});
  write_torch_checkpoint(folder_ / "resume.pth", Checkpoint(folder_ / "ours.pth"),
                         {.module_prefix = true, .recorders = true});
  expect_runs(with_golden(R"(
checkpoint = torch.load('ours.pth', weights_only=True)
assert checkpoint['epoch'] == 3 and checkpoint['best_acc'].item() == 92.8125
expected = state_dict()
state = checkpoint['state_dict']
assert list(state) == ['module.' + name for name in expected]
for name, value in expected.items():
    ours = state['module.' + name]
    assert ours.dtype == value.dtype and ours.shape == value.shape and torch.equal(ours, value), name

# A module with these names, wrapped as the reference wraps it.
root = torch.nn.Module()
for name, value in expected.items():
    module = root
    for part in name.split('.')[:-1]:
        if part not in module._modules: module.add_module(part, torch.nn.Module())
        module = module._modules[part]
    buffer = not value.is_floating_point() or '.running_' in name
    leaf = name.split('.')[-1]
    module.register_buffer(leaf, torch.zeros_like(value)) if buffer else module.register_parameter(leaf, torch.nn.Parameter(torch.zeros_like(value)))
model = torch.nn.DataParallel(root)
model.load_state_dict(state)
optimizer = torch.optim.Adam(model.parameters(), lr=1)
optimizer.load_state_dict(checkpoint['optimizer'])
named = dict(model.named_parameters())
group = optimizer.param_groups[0]
assert abs(group['lr'] - 3.5e-5 * 0.98 ** 3) < 1e-15 and group['rho'] == 0.05 and group['initial_lr'] == 3.5e-5
trained = [p for n, p in named.items() if n == 'module.VIT.head.linear.weight']
assert optimizer.state[trained[0]]['step'].item() == 45
assert optimizer.state[trained[0]]['exp_avg'].shape == trained[0].shape
assert named['module.face_landback.conv1.conv.weight'] not in optimizer.state
for p in named.values(): p.grad = torch.zeros_like(p)
optimizer.step()

# What the reference's --resume does, with its classes.
class RecorderMeter: pass
class RecorderMeter1: pass
checkpoint = torch.load('resume.pth', weights_only=False)
model.load_state_dict(checkpoint['state_dict'])
assert checkpoint['epoch'] == 3 and checkpoint['best_acc'].to().item() == 92.8125
recorder, recorder1 = checkpoint['recorder'], checkpoint['recorder1']
assert type(recorder) is RecorderMeter and type(recorder1) is RecorderMeter1
assert recorder.total_epoch == 200 and recorder.current_epoch == 3
assert recorder.epoch_losses.shape == (200, 2) and recorder.epoch_losses.dtype == np.float32 and (recorder.epoch_losses == -1).all()
recorder.epoch_accuracy[3] = 5  # it is ours to write to
assert recorder1.y_true.dtype == np.int64

class SAM(torch.optim.Optimizer):  # as published: Foret et al., 2021, github.com/davda54/sam
    def __init__(self, params, base, rho=0.05, adaptive=False, **kwargs):
        super().__init__(params, dict(rho=rho, adaptive=adaptive, **kwargs))
        self.base_optimizer = base(self.param_groups, **kwargs)
        self.param_groups = self.base_optimizer.param_groups
        self.defaults.update(self.base_optimizer.defaults)
    def load_state_dict(self, state):
        super().load_state_dict(state)
        self.base_optimizer.param_groups = self.param_groups
sam = SAM(model.parameters(), torch.optim.Adam, lr=1)
torch.optim.lr_scheduler.ExponentialLR(sam, gamma=0.98)
sam.load_state_dict(checkpoint['optimizer'])
sam.base_optimizer.step()
assert abs(sam.base_optimizer.param_groups[0]['lr'] - 3.5e-5 * 0.98 ** 3) < 1e-15
)"));
}

}  // namespace
}  // namespace poster
