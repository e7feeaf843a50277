import type * as Cdktf from "cdktf";
import type * as Synthesizer from "cdktf/lib/synthesize/synthesizer";
import { lazy } from "../package/lazy";

/** cdktf, loaded when the first cluster is made: importing this library costs next to nothing before that. */
export const cdktf = lazy(() => require("cdktf") as typeof Cdktf);

const synthesizer = lazy(() => require("cdktf/lib/synthesize/synthesizer") as typeof Synthesizer);

/** cdktf's way to write a file beside `cdk.tf.json`; its index does not export it. */
export function addCustomSynthesis(...args: Parameters<typeof Synthesizer.addCustomSynthesis>): void {
  synthesizer().addCustomSynthesis(...args);
}
