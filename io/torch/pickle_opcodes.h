// The opcodes of pickles (Lib/pickletools.py of CPython) that are read and written here.
#pragma once

namespace poster::io::op {

using Opcode = unsigned char;

constexpr Opcode kProto = 0x80, kFrame = 0x95, kStop = '.';
constexpr Opcode kNone = 'N', kNewTrue = 0x88, kNewFalse = 0x89;
constexpr Opcode kInt = 'I', kLong = 'L', kFloat = 'F';  // on a line
constexpr Opcode kBinInt = 'J', kBinInt1 = 'K', kBinInt2 = 'M', kLong1 = 0x8a, kLong4 = 0x8b, kBinFloat = 'G';
constexpr Opcode kShortBinUnicode = 0x8c, kBinUnicode = 'X', kBinUnicode8 = 0x8d;
constexpr Opcode kShortBinString = 'U', kBinString = 'T';
constexpr Opcode kShortBinBytes = 'C', kBinBytes = 'B', kBinBytes8 = 0x8e, kByteArray8 = 0x96;
constexpr Opcode kMark = '(', kPop = '0', kPopMark = '1', kDup = '2';
constexpr Opcode kEmptyTuple = ')', kTuple = 't', kTuple1 = 0x85, kTuple2 = 0x86, kTuple3 = 0x87;
constexpr Opcode kEmptyList = ']', kList = 'l', kAppend = 'a', kAppends = 'e';
constexpr Opcode kEmptyDict = '}', kDict = 'd', kSetItem = 's', kSetItems = 'u';
constexpr Opcode kEmptySet = 0x8f, kAddItems = 0x90, kFrozenSet = 0x91;
constexpr Opcode kBinGet = 'h', kLongBinGet = 'j', kBinPut = 'q', kLongBinPut = 'r', kMemoize = 0x94;
constexpr Opcode kGlobal = 'c', kStackGlobal = 0x93, kReduce = 'R', kBuild = 'b', kInst = 'i', kObj = 'o';
constexpr Opcode kNewObj = 0x81, kNewObjEx = 0x92, kBinPersId = 'Q';

}  // namespace poster::io::op
