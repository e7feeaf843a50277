import type { Problem } from "../../model/problems";
import { textBeside } from "../../package/text-beside";
import type { Boot } from "../cloud";
import { metadataGuard } from "../metadata-guard";
import { type FirstBoot, userData } from "../user-data";

const HOST_NAME = "/usr/local/lib/ohpc/host-name";

/** AWS takes no more, counted before it is encoded. */
const MOST_BYTES = 16 * 1024;

export interface AwsFirstBoot {
  readonly boot: Boot;
  readonly region: string;
  /** Whether the Session Manager's agent, which is in no Debian image, has to be installed. */
  readonly sessions: boolean;
  /** The user's own additions. */
  readonly extra: FirstBoot;
}

/** What machines of a group do at their first boot; the same text for all of them. */
export function awsUserData({ boot, region, sessions, extra }: AwsFirstBoot): string {
  const guard = metadataGuard(boot.role);
  const hostName = textBeside(__dirname, "host-name.sh");
  return userData(boot, {
    files: [
      ...guard.files,
      { path: HOST_NAME, mode: "0755", content: hostName },
      KEEP_HOST_NAME,
      ...(extra.files ?? []),
    ],
    commands: [...guard.commands, [HOST_NAME], ...(sessions ? sessionAgent(region) : []), ...(extra.commands ?? [])],
  });
}

/** What is wrong with its length. */
export function userDataProblems(text: string): readonly Problem[] {
  const bytes = Buffer.byteLength(text);
  if (bytes <= MOST_BYTES) return [];
  const want = `at most ${MOST_BYTES} bytes together with what the cluster needs, which is all that AWS takes`;
  return [{ at: "firstBoot", got: `${bytes} bytes`, want, hint: "put it into an image, or let the machine fetch it" }];
}

/** Without, cloud-init would call the machine by its address again at every boot. */
const KEEP_HOST_NAME = {
  path: "/etc/cloud/cloud.cfg.d/90-ohpc.cfg",
  mode: "0644",
  content: "preserve_hostname: true\n",
};

function sessionAgent(region: string): readonly (readonly string[])[] {
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const from = `https://s3.${region}.${domain}/amazon-ssm-${region}/latest/debian_$(dpkg --print-architecture)/amazon-ssm-agent.deb`;
  const file = "/root/amazon-ssm-agent.deb";
  return [["sh", "-c", `curl -fsS --retry 10 -o ${file} "${from}" && dpkg -i ${file} && rm ${file}`]];
}
