// Bundle the front end into the Python package: one module, one style sheet, nothing loaded later.
import { readFile } from "node:fs/promises";
import { build } from "esbuild";

const LEAK = "if (!ext) return false;";
const NO_LEAK = `if (!ext) {
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return false;
}`;

/** vtk.js 37.4 keeps a graphics context open when it finds no EXT_texture_norm16: one per widget. */
const closeProbe = {
  name: "close the probe of vtk.js",
  setup({ onLoad }) {
    onLoad({ filter: /Texture[/\\]supportsNorm16Linear\.js$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      if (!source.includes(LEAK)) throw new Error(`${path} has changed: is its context closed?`);
      return { contents: source.replace(LEAK, NO_LEAK) };
    });
  },
};

const LANGUAGE = "new Intl.NumberFormat(domEnv ? nav.language : 'en-US')";

/** uPlot 1.6 asks for the browser's language as it loads, and fails where that is no valid tag. */
const anyLanguage = {
  name: "let uPlot load in any language",
  setup({ onLoad }) {
    onLoad({ filter: /uPlot\.esm\.js$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      if (!source.includes(LANGUAGE)) throw new Error(`${path} has changed: can it always load?`);
      return { contents: source.replace(LANGUAGE, "new Intl.NumberFormat()") };
    });
  },
};

await build({
  entryPoints: { viewer: "src/viewer.ts", stack: "src/stack/stack.ts" },
  outdir: process.env.ROIWIDGETS_STATIC ?? "../src/roiwidgets/widgets/static",
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
  logLevel: "info",
  plugins: [closeProbe, anyLanguage],
});
