// cdktf takes a full stack trace for every nested block; under jest that costs a hundred times the synthesis itself.
jest.mock("cdktf/lib/tokens/private/stack-trace", () => ({ captureStackTrace: () => [] }));
process.env.CDKTN_DISABLE_CREATION_STACK = "1";
process.env.CHECKPOINT_DISABLE = "1";
