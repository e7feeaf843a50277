const shared = {
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: { parser: { syntax: "typescript" }, target: "es2022" },
        module: { type: "commonjs" },
        sourceMaps: "inline",
      },
    ],
  },
  moduleNameMapper: {
    "^cdktf-openhpc$": "<rootDir>/lib/index.ts",
    "^cdktf-openhpc/(operate|testing)$": "<rootDir>/lib/$1/index.ts",
    "^cdktf-openhpc/(.*)$": "<rootDir>/lib/clouds/$1/index.ts",
  },
  setupFiles: ["<rootDir>/__tests__/support/setup.js"],
  setupFilesAfterEnv: ["<rootDir>/__tests__/support/own-state.ts"],
  // The image's Ansible installation and synthesized stacks hold modules of their own.
  modulePathIgnorePatterns: ["<rootDir>/dist/", "<rootDir>/cdktf.out/"],
};

/**
 * Fast tests need nothing but Node; real ones need root, a container engine and terraform, and take minutes; long ones need
 * the same and take longer, for what they look for is rare.
 */
module.exports = {
  // Only what hangs is ended: how long something takes on a busy machine is no fault of it.
  testTimeout: 300_000,
  projects: [
    {
      ...shared,
      displayName: "fast",
      testMatch: ["<rootDir>/__tests__/**/*.test.ts"],
      testPathIgnorePatterns: ["<rootDir>/__tests__/(real|features|long)/"],
    },
    {
      ...shared,
      displayName: "real",
      testMatch: ["<rootDir>/__tests__/{real,features}/**/*.test.ts"],
    },
    {
      ...shared,
      displayName: "long",
      testMatch: ["<rootDir>/__tests__/long/**/*.test.ts"],
    },
  ],
};
