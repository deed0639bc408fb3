#!/usr/bin/env bash
# How the films of this folder were made, by FFmpeg 5.1: a second of a test picture in each container, and one of each
# kind that must be told. cut.mp4, hole.mp4 and cut.webm are films of 30 frames, cut off and with zeros in the middle;
# change.webm goes from 96x64 to 64x96 at frame 10, from where it is second.webm; shrink.webm goes to 48x32.
set -euo pipefail
cd "$(dirname "$0")"
picture=(-f lavfi -i testsrc2=size=32x48:rate=10:duration=1)
sound=(-f lavfi -i sine=440:duration=1:sample_rate=8000)
make() { ffmpeg -v error -y "${@:1:$#-1}" -fflags +bitexact -flags +bitexact "${@: -1}"; }
h264=(-c:v libx264 -g 5 -preset ultrafast -crf 40 -x264-params "log-level=0")
make "${picture[@]}" "${sound[@]}" "${h264[@]}" -c:a aac -b:a 8k whole.mov
make "${picture[@]}" "${sound[@]}" "${h264[@]}" -c:a aac -b:a 8k whole.mkv
make "${picture[@]}" "${h264[@]}" whole.ts
make -f lavfi -i testsrc2=size=128x96:rate=10:duration=1 -c:v h263 -q:v 20 whole.3gp
make "${picture[@]}" -c:v flv -q:v 20 whole.flv
make "${picture[@]}" -c:v libtheora -q:v 1 whole.ogv
make "${picture[@]}" -c:v wmv2 -q:v 20 whole.wmv
make -f lavfi -i testsrc2=size=32x48:rate=25:duration=0.4 -c:v mpeg1video -q:v 20 whole.mpg
make "${picture[@]}" -c:v mpeg4 -q:v 20 -bf 2 whole.avi
make "${picture[@]}" -c:v libvpx -b:v 20k whole.webm
make "${picture[@]}" "${h264[@]}" -movflags frag_keyframe+empty_moov whole-fragments.mp4
make -f lavfi -i testsrc2=size=32x48:rate=10:duration=3 -vf "select='not(mod(n,3))+not(mod(n,4))'" -vsync vfr "${h264[@]}" variable-rate.mp4
make "${sound[@]}" -c:a aac -b:a 8k sound.m4a
make "${sound[@]}" -f lavfi -i testsrc2=size=32x48:rate=10:duration=0.1 -map 0 -map 1 -c:a aac -b:a 8k -c:v mjpeg -q:v 20 -disposition:v attached_pic cover.m4a
make "${picture[@]}" -f lavfi -i testsrc2=size=64x96:rate=10:duration=1 -map 0 -map 1 "${h264[@]}" -disposition:v:1 0 -disposition:v:0 0 two-streams.mkv
make "${picture[@]}" "${h264[@]}" -encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb -encryption_kid a7e61c373e219033c21091fa607bf3b8 encrypted.mp4
# Full range and BT.709, one colour: red, as R'G'B' 200, 40, 60.
make -f lavfi -i color=0xC8283C:size=32x32:rate=5:duration=0.4 -vf scale=out_color_matrix=bt709:out_range=pc,format=yuv444p -colorspace bt709 -color_range pc -c:v ffv1 full-range-709.mkv
make -f lavfi -i color=0xC8283C:size=32x32:rate=5:duration=0.4 -vf scale=out_color_matrix=bt601:out_range=tv,format=yuv444p -colorspace smpte170m -color_range tv -c:v ffv1 limited-range-601.mkv
printf '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nwhole.ts\n#EXT-X-ENDLIST\n' > playlist.m3u8
printf 'ffconcat version 1.0\nfile whole.ts\n' > playlist.mp4
# Pixels twice as wide as high: red on the left, blue on the right.
ffmpeg -v error -y -f lavfi -i color=red:size=16x32:rate=10:duration=0.2 -f lavfi -i color=blue:size=16x32:rate=10:duration=0.2 \
  -filter_complex hstack,setsar=2 -c:v mpeg4 -q:v 2 -bitexact wide-pixels.mkv
