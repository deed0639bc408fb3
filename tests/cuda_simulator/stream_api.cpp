// Streams and events of the stand-in.
#include <algorithm>

#include "tests/cuda_simulator/runtime_api.h"

namespace {

// The one that is meant by null. Other streams don't wait for it: they are non-blocking.
CUstream_st& stream_of(cudaStream_t stream) {
  static CUstream_st null;
  return stream ? *stream : null;
}

template <typename T>
void append(std::vector<T>& to, const std::vector<T>& what) {
  for (const T& item : what)
    if (std::find(to.begin(), to.end(), item) == to.end()) to.push_back(item);
}

}  // namespace

void cuda_simulator::submit(CUstream_st* stream, std::function<void()> work) {
  CUstream_st& s = stream_of(stream);
  if (s.capture) {
    auto& nodes = s.capture->graph.nodes;
    nodes.push_back({std::move(work), s.last_captured});
    s.last_captured = {nodes.size() - 1};
  } else {
    s.last = {schedule(std::move(work), s.last)};
  }
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* lowest, int* highest) {
  *lowest = 0;
  *highest = -5;
  return cudaSuccess;
}
// Priorities promise nothing.
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int priority) {
  if (priority > 0 || priority < -5) return cudaErrorInvalidValue;
  return cudaStreamCreateWithFlags(stream, flags);
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new CUstream_st;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;  // its work goes on
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (cuda_simulator::capturing()) return cudaErrorStreamCaptureUnsupported;
  cuda_simulator::wait_for(stream_of(stream).last);
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  if (cuda_simulator::capturing()) return cudaErrorStreamCaptureUnsupported;
  cuda_simulator::wait_for_all();
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  CUstream_st& s = stream_of(stream);
  if (!event->recorded) return cudaSuccess;
  if (!event->capture) {
    if (s.capture) return cudaErrorStreamCaptureIsolation;
    append(s.last, event->last);
    return cudaSuccess;
  }
  if (event->capture->ended) return cudaErrorCapturedEvent;
  if (s.capture && s.capture != event->capture) return cudaErrorStreamCaptureMerge;
  if (!s.capture) {  // from here on it captures, too
    s.capture = event->capture;
    s.last_captured.clear();
    s.capture->streams.push_back(&s);
  }
  append(s.last_captured, event->last_captured);
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new CUevent_st;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const CUstream_st& s = stream_of(stream);
  *event = CUevent_st();
  event->recorded = true;
  event->capture = s.capture;
  if (s.capture) {
    event->last_captured = s.last_captured;
    return cudaSuccess;
  }
  event->time = std::make_shared<std::chrono::steady_clock::time_point>();
  cuda_simulator::submit(stream, [time = event->time] { *time = std::chrono::steady_clock::now(); });
  event->last = s.last;
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (event->capture) return cudaErrorCapturedEvent;
  if (cuda_simulator::capturing()) return cudaErrorStreamCaptureUnsupported;
  cuda_simulator::wait_for(event->last);
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  constexpr std::chrono::steady_clock::time_point kNotYet;
  for (const cudaEvent_t event : {start, end}) {
    if (!event->recorded || event->capture) return cudaErrorInvalidValue;
    if (*event->time == kNotYet) return cudaErrorNotReady;
  }
  *milliseconds = std::chrono::duration<float, std::milli>(*end->time - *start->time).count();
  return cudaSuccess;
}
