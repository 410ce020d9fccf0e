// Bundle the front end into the Python package: one module, one style sheet, nothing loaded later.
import { build } from "esbuild";

await build({
  entryPoints: { viewer: "src/viewer.ts" },
  outdir: process.env.ROIWIDGETS_STATIC ?? "../src/roiwidgets/widgets/static",
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
  logLevel: "info",
});
