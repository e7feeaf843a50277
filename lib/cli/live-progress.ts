import { Listr, PRESET_TIMER } from "listr2";
import type { Progress, Report } from "../operate/feedback/progress";
import { printable } from "../operate/feedback/printable";
import { writeLines } from "./output";
import { paint } from "./paint";

/** Phases with a spinner, the time they take, and the latest of what goes on inside. */
export class LiveProgress implements Progress {
  async phase<T>(title: string, work: (report: Report) => Promise<T>): Promise<T> {
    let outcome: { readonly value: T } | undefined;
    const list = new Listr(
      [
        {
          title: printable(title),
          task: async (_, task) => {
            const report: Report = {
              title: (next) => {
                task.title = printable(next);
              },
              detail: (line) => {
                task.output = printable(line);
              },
            };
            outcome = { value: await work(report) };
          },
        },
      ],
      {
        // We end in good order ourselves: a running terraform must not be left alone.
        registerSignalListeners: false,
        rendererOptions: {
          timer: PRESET_TIMER,
          showErrorMessage: false,
          collapseErrors: false,
          removeEmptyLines: true,
        },
      },
    );
    await list.run();
    if (outcome === undefined) throw new Error(`bug in LiveProgress: "${title}" ended without a result`);
    return outcome.value;
  }

  note(line: string): void {
    writeLines([`${paint("yellow", "!")} ${line}`]);
  }
}
