import type * as Cdktf from "cdktf";
import type * as Synthesizer from "cdktf/lib/synthesize/synthesizer";

/** cdktf, loaded when the first cluster is made: importing this library costs next to nothing before that. */
export function cdktf(): typeof Cdktf {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it at once
  return require("cdktf") as typeof Cdktf;
}

/** cdktf's way to write a file beside `cdk.tf.json`; its index does not export it. */
export function addCustomSynthesis(...args: Parameters<typeof Synthesizer.addCustomSynthesis>): void {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- as above
  (require("cdktf/lib/synthesize/synthesizer") as typeof Synthesizer).addCustomSynthesis(...args);
}
