// Unpack the browser and the libraries it brings; print the paths of both.
import os from "node:os";
import path from "node:path";

process.env.AWS_EXECUTION_ENV = "AWS_Lambda_nodejs20.x"; // makes the package unpack its libraries
const { default: chromium } = await import("@sparticuz/chromium");
console.log(await chromium.executablePath());
console.log(path.join(os.tmpdir(), "al2023", "lib"));
