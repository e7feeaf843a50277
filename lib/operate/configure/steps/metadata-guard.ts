import type { Step } from "../step/step";

export type MetadataGuardState = { readonly needed: boolean; readonly closed: boolean };

/**
 * Users of the master are kept from its cloud identity, where the cloud gives it one: by rules of nftables that count
 * before anybody has an account, and that are there again after whatever made the kernel forget them.
 */
export const metadataGuard: Step<MetadataGuardState> = {
  id: "metadata-guard",
  title: "users are kept from the master's cloud identity",
  needs: ["software"],
  desired: ({ manifest: { master, sites } }) => {
    const site = sites.find(({ name }) => name === master.site);
    return { needed: site?.facts.metadata === true, closed: true };
  },
  inspect: String.raw`
needed=$(jq .needed)
closed=true
if [ "$needed" = true ]; then
  {
    systemctl is-enabled --quiet ohpc-metadata-guard.service && systemctl is-enabled --quiet ohpc-metadata-guard.timer &&
      systemctl is-active --quiet ohpc-metadata-guard.timer && /usr/lib/ohpc/metadata-guard check
  } 2>/dev/null || closed=false
fi
printf '{"needed":%s,"closed":%s}\n' "$needed" "$closed"
`,
  apply: String.raw`
systemctl daemon-reload
systemctl enable --quiet ohpc-metadata-guard.service ohpc-metadata-guard.timer
systemctl start ohpc-metadata-guard.timer
/usr/lib/ohpc/metadata-guard
`,
  effect: () => "live",
  remedies: [
    {
      when: /./,
      cause: "nftables cannot keep users from the machine's cloud identity",
      remedy:
        "the image needs nftables and a kernel with nf_tables, which Debian 13 has: nobody gets an account before",
    },
  ],
};
