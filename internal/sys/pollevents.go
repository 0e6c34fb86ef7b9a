package sys

import "iomux/internal/bitnames"

// PollEventNames is how the events of poll(2) are written.
var PollEventNames = []bitnames.Name{
	{Value: PollAbsent, Text: PollAbsentNames},
	{Value: PollIn, Text: "In"},
	{Value: PollPri, Text: "Pri"},
	{Value: PollOut, Text: "Out"},
	{Value: PollErr, Text: "Err"},
	{Value: PollHup, Text: "Hup"},
	{Value: PollNval, Text: "Nval"},
	{Value: PollRdNorm, Text: "RdNorm"},
	{Value: PollRdBand, Text: "RdBand"},
	{Value: PollWrNorm, Text: "WrNorm"},
	{Value: PollWrBand, Text: "WrBand"},
	{Value: PollMsg, Text: "Msg"},
	{Value: PollRdHup, Text: "RdHup"},
}
