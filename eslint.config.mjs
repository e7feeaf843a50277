import eslint from "@eslint/js";
import tseslint from "typescript-eslint";

/** The compiler finds misspelt keys only where they are written out. */
const KEYS = {
  selector: "ObjectExpression > SpreadElement > ObjectExpression",
  message: "Write the properties out: `...{ a, b }` switches the check of misspelt keys off.",
};

/** What is loaded late is loaded one way: `lazy(() => require("yaml") as typeof Yaml)`. */
const LATE = [
  {
    selector:
      'CallExpression[callee.name="require"]:not(CallExpression[callee.name="lazy"] CallExpression, Property[key.name="load"] CallExpression)',
    message: "Import it at the top, or by lazy() of lib/package/lazy.",
  },
  { selector: "ImportExpression", message: "A dynamic import() leaves CommonJS; use lazy() of lib/package/lazy." },
];

export default tseslint.config(
  { ignores: ["dist/", "cdktf.out/", "coverage/", "node_modules/", ".build/"] },
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["*.js", "*.mjs", "scripts/*.mjs", "__tests__/support/*.js"] },
      },
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      // Numbers in messages are meant.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", ignoreRestSiblings: true }],
      "no-restricted-imports": [
        "error",
        {
          paths: ["@cdktf/provider-aws", "@cdktf/provider-azurerm"].map((name) => ({
            name,
            message: "Import the one resource you use; the whole provider costs 4 s and 500 MB.",
          })),
        },
      ],
    },
  },
  { files: ["**/*.ts"], rules: { "no-restricted-syntax": ["error", KEYS] } },
  {
    files: ["lib/**/*.ts"],
    rules: { "no-restricted-syntax": ["error", KEYS, ...LATE], "@typescript-eslint/no-require-imports": "off" },
  },
  { files: ["**/*.js", "**/*.mjs"], ...tseslint.configs.disableTypeChecked },
  {
    files: ["**/*.js", "**/*.mjs"],
    languageOptions: {
      globals: {
        module: "readonly",
        process: "readonly",
        jest: "readonly",
        console: "readonly",
        URL: "readonly",
        fetch: "readonly",
      },
    },
  },
  {
    // `expect(object.method)` and generated test tables need no binding.
    files: ["__tests__/**"],
    rules: { "@typescript-eslint/unbound-method": "off", "@typescript-eslint/no-non-null-assertion": "off" },
  },
);
